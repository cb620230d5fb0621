"""What commands print: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from peachdash.jobs.progress import ScoringProgress

REJECTS_SHOWN = 20


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
            speed = f", {state.texts_per_second:,.0f} a second" if state.texts_per_second else ""
            print(f"reading: {state.done:,} of {state.total:,}{speed}", file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield show_line
        return
    with _bar("reading") as (progress, task):

        def show(state: ScoringProgress | None) -> None:
            if state is not None:
                progress.update(task, completed=state.done, total=state.total, visible=True)

        yield show


def print_import(result: dict[str, Any], *, as_json: bool) -> None:
    """The outcome of an import; JSON as the contract of `peachdash import --json` has it."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(", ".join(f"{name} {result[name]:,}" for name in ("accepted", "duplicates", "rejected")))
    for reject in result["rejects"][:REJECTS_SHOWN]:
        column = f", column {reject['column']!r}" if reject["column"] else ""
        print(f"  row {reject['row']}{column}: {reject['reason']}")
    if len(result["rejects"]) > REJECTS_SHOWN:
        print(f"  and {len(result['rejects']) - REJECTS_SHOWN:,} more; --json lists all")
    for name in result["new_businesses"]:
        print(f"  new business: {name}")
    for note in result["notes"]:
        print(f"  note: {note}")


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
    print(f"stored    {result['reviews']:,} reviews of {result['businesses']:,} businesses")
    counts = [f"{result[name]:,} {name}" for name in ("reports", "decisions", "imports")]
    print("          " + ", ".join(counts))
    for split, count in result["labelled"].items():
        print(f"          {count:,} labelled reviews in {split}")


def _print_role(role: str, result: dict[str, Any]) -> None:
    model = result[role]
    if model is None:
        print(f"{role:<9} none: {result['models_error']}")
        return
    read, waiting = result["predictions"].get(model["revision"], 0), result["waiting"][model["revision"]]
    print(f"{role:<9} {model['revision']} (threshold {model['threshold']:.2f})")
    print(f"          {read:,} texts read, {waiting:,} waiting")
