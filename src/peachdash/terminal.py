"""What commands print: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from peachdash.jobs.progress import ScoringProgress

if TYPE_CHECKING:
    from peachdash.evaluation import Comparison, Estimate
    from peachdash.workflows.evaluation import HeldOutResult

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


def print_evaluation(
    results: Sequence[HeldOutResult], comparisons: Sequence[Comparison], *, as_json: bool
) -> None:
    """Figures of each model, and of the last one against each other."""
    if as_json:
        models = {
            result.name: {
                "revision": result.revision,
                "was_stored": result.was_stored,
                **result.evaluation.to_dict(),
            }
            for result in results
        }
        pairs = [
            {"a": earlier.name, "b": results[-1].name, **comparison.to_dict()}
            for earlier, comparison in zip(results, comparisons, strict=False)
        ]
        print(json.dumps({"split": "test", "models": models, "comparisons": pairs}, ensure_ascii=False))
        return
    for result in results:
        _print_model(result)
    for earlier, comparison in zip(results, comparisons, strict=False):
        print(f"\n{results[-1].name} against {earlier.name}, {comparison.n:,} reviews")
        print(f"  accuracy        {_points(comparison.accuracy_difference)}")
        print(f"  macro F1        {_points(comparison.macro_f1_difference)}")
        print(f"  peachy error    {_points(comparison.peachy_error_difference)}")
        print(f"  McNemar's exact p {comparison.p_value:.2g}. {comparison.note}")


def _print_model(result: HeldOutResult) -> None:
    figures = result.evaluation
    stored = ", on record" if result.was_stored else ""
    print(f"\n{result.name} ({result.revision}), {figures.n:,} held-out reviews{stored}")
    print(f"  accuracy        {_share(figures.accuracy)}")
    print(f"  macro F1        {_share(figures.macro.f1)}")
    for label, scores in figures.classes.items():
        print(f"  F1 {label:<12} {_share(scores.f1)}")
    for name, error in figures.slice_errors.items():
        print(f"  error {name:<16} {_share(error)}, n = {error.n:,}")
    print(f"  accepted        {_share(figures.accepted_share)}")
    print(f"  error accepted  {_share(figures.accepted_error)}, n = {figures.accepted_error.n:,}")
    if figures.calibration_error is not None:
        print(f"  calibration error (ECE) {figures.calibration_error:.3f}")


def _share(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"none ({estimate.reason})"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _points(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"none ({estimate.reason})"
    low, high = (f"{100 * end:+.1f}" if end is not None else "?" for end in (estimate.low, estimate.high))
    return f"{100 * estimate.value:+.1f} points ({low} to {high})"
