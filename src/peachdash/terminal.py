"""What commands print: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from peachdash.jobs.progress import ScoringProgress

if TYPE_CHECKING:
    from peachdash.sentiment.file_run import FilesProgress

REJECTS_SHOWN = 20
DUPLICATES_SHOWN = 5
LINE_SECONDS = 10.0


@contextmanager
def _bar(unit: str) -> Iterator[tuple[Progress, Any]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(unit, total=None, visible=False)


@contextmanager
def count_progress(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that takes (done, total)."""
    with _bar(unit) as (progress, task):
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


@contextmanager
def named_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar that takes (what is being read, done, total); off a terminal, one line for each thing."""
    printed: set[str] = set()

    def show_line(name: str, done: int, total: int) -> None:
        if name not in printed:
            printed.add(name)
            print(f"reading: {name}, {total:,} texts", file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield show_line
        return
    with _bar("reading") as (progress, task):
        yield lambda name, done, total: progress.update(
            task, description=name, completed=done, total=total, visible=True
        )


@contextmanager
def console_progress() -> Iterator[Callable[[ScoringProgress | None], None]]:
    """A bar that takes the state of a scoring run; off a terminal, a line every tenth of the way."""
    printed = -1

    def show_line(state: ScoringProgress | None) -> None:
        nonlocal printed
        if state is None or not state.total:
            return
        tenth = 10 * state.done // state.total
        if tenth > printed:
            printed = tenth
            what = _speed_words(f"reading: {state.done:,} of {state.total:,}", state.texts_per_second)
            left = f", {state.seconds_left:,.0f} s left" if state.seconds_left else ""
            print(f"{what}{left}", file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield show_line
        return
    with _bar("reading") as (progress, task):

        def show(state: ScoringProgress | None) -> None:
            if state is not None:
                what = _speed_words("reading", state.texts_per_second)
                progress.update(task, description=what, completed=state.done, total=state.total, visible=True)

        yield show


@contextmanager
def files_progress() -> Iterator[Callable[[FilesProgress], None]]:
    """A bar of rows with reviews a second and the time left; off a terminal, a line every ten seconds."""
    printed = 0.0

    def show_line(state: FilesProgress) -> None:
        nonlocal printed
        if time.monotonic() - printed < LINE_SECONDS and state.rows < state.total:
            return
        printed = time.monotonic()
        left = f", {state.seconds_left:,.0f} s left" if state.seconds_left else ""
        what = _speed_words(f"scoring: {state.rows:,} of {state.total:,} rows", state.texts_per_second)
        print(f"{what}{left}", file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield show_line
        return
    with _bar("scoring") as (progress, task):
        yield lambda state: progress.update(
            task,
            description=_speed_words("scoring", state.texts_per_second),
            completed=state.rows,
            total=state.total,
            visible=True,
        )


def _speed_words(what: str, texts_per_second: float | None) -> str:
    return f"{what}, {texts_per_second:,.0f} a second" if texts_per_second else what


def print_import(result: dict[str, Any], *, as_json: bool, file: str | None = None) -> None:
    """The outcome of an import; JSON as the contract of `peachdash import --json` has it."""
    if as_json:
        print(json.dumps(result if file is None else {"file": file, **result}, ensure_ascii=False))
        return
    if file is not None:
        print(f"{file}: ", end="")
    print(", ".join(f"{name} {result[name]:,}" for name in ("accepted", "duplicates", "rejected")))
    for reject in result["rejects"][:REJECTS_SHOWN]:
        column = f", column {reject['column']!r}" if reject["column"] else ""
        print(f"  row {reject['row']}{column}: {reject['reason']}")
    if len(result["rejects"]) > REJECTS_SHOWN:
        print(f"  and {len(result['rejects']) - REJECTS_SHOWN:,} more; --json lists all")
    for row in result["duplicate_rows"][:DUPLICATES_SHOWN]:
        print(f"  row {row['row']} repeats {row['repeats']}")
    if result["duplicates"] > DUPLICATES_SHOWN:
        print(f"  and {result['duplicates'] - DUPLICATES_SHOWN:,} more; --json lists a thousand")
    for count, words in (
        (result["newer_versions"], "newer versions of stored reviews, which they replace"),
        (result["late_replies"], "owner's replies to stored reviews"),
    ):
        if count:
            print(f"  {words}: {count:,}")
    if result["profile"]:
        print(f"  by the profile {result['profile']!r}")
    for name in result["new_businesses"]:
        print(f"  new business: {name}")
    for note in result["notes"]:
        print(f"  note: {note}")


def print_profiles(profiles: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """The import profiles, one a line."""
    if as_json:
        print(json.dumps({"profiles": list(profiles)}, ensure_ascii=False))
        return
    if not profiles:
        print("no profiles yet: `peachdash import FILE --save-profile NAME` makes one")
    for profile in profiles:
        columns = ", ".join(f"{field}={column or 'none'}" for field, column in profile["mapping"].items())
        told = [profile[name] for name in ("business", "source", "date_order") if profile[name]]
        print("  ".join([profile["name"], columns, *told]))


def print_people(people: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Everybody who may sign in, or no longer may."""
    if as_json:
        print(json.dumps({"people": list(people)}, ensure_ascii=False))
        return
    if not people:
        print("Nobody may sign in yet: `peachdash users add EMAIL --role admin` lets the first one.")
    for person in people:
        clients = f", clients: {', '.join(person['clients'])}" if person["clients"] else ""
        state = "" if person["active"] else ", deactivated"
        print(f"{person['email']}  {person['role']}{state}{clients}")


ISSUES_SHOWN = 15


def print_complaints(result: dict[str, Any], *, as_json: bool) -> None:
    """The issues of a business; in words those that two reviews or more mention, the first of them."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(result["sentence"])
    print(f"read by {result['revision']}")
    issues = [issue for issue in result["issues"] if issue["reviews"] > 1]
    for issue in issues[:ISSUES_SHOWN]:
        change = f", {issue['change']}" if issue["change"] != "steady" else ""
        seen = f"{issue['first_seen']} to {issue['last_seen']}" if issue["first_seen"] else "undated"
        print(
            f"{issue['reviews']:>4}  {issue['issue']} ({issue['aspect']}{change}), {seen}, {issue['state']}"
        )
    if len(issues) > ISSUES_SHOWN:
        print(f"and {len(issues) - ISSUES_SHOWN:,} more that two or more mention; --json lists all")


def print_status(result: dict[str, Any], *, as_json: bool) -> None:
    """What is installed and stored."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    serving = result["serving"]
    print(f"Peachdash {result['version']}, home {result['home']}")
    print(f"serving   {'http://127.0.0.1:' + str(serving['port']) if serving else 'no'}")
    for role in ("champion", "generic"):
        _print_role(role, result)
    for refused in result["models_refused"]:
        print(f"refused   {refused}")
    _print_speed(result.get("last_scoring"))
    print(f"stored    {result['reviews']:,} reviews of {result['businesses']:,} businesses")
    counts = [f"{result[name]:,} {name}" for name in ("reports", "decisions", "imports")]
    print("          " + ", ".join(counts))
    for split, count in result["labelled"].items():
        print(f"          {count:,} labelled reviews in {split}")


def _print_speed(speed: dict[str, Any] | None) -> None:
    if speed is None:
        print("scoring   nothing has been read yet")
        return
    how = f"on {speed['device']} in {speed['precision']}"
    print(f"scoring   last: {speed['texts']:,} texts {how}, {speed['texts_per_second']:,.0f} a second")


def _print_role(role: str, result: dict[str, Any]) -> None:
    model = result[role]
    if model is None:
        print(f"{role:<9} none: {result['models_error']}")
        return
    read, waiting = result["predictions"].get(model["revision"], 0), result["waiting"][model["revision"]]
    print(f"{role:<9} {model['revision']} (threshold {model['threshold']:.2f})")
    print(f"          {read:,} texts read, {waiting:,} waiting")
