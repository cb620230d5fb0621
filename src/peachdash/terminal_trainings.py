"""Data sets, trainings and sweeps in words on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SPLITS = ("train", "validation", "test")


def print_data_set(found: dict[str, Any], *, as_json: bool) -> None:
    """What a version holds, its warnings, and what is left out."""
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    summary = found["summary"]
    name = f"data set {found['number']}" if found["number"] else "a data set frozen now"
    counts = ", ".join(f"{split} {summary['splits'].get(split, 0):,}" for split in SPLITS)
    print(f"{name}: {summary['n']:,} reviews ({counts})")
    if found.get("same_as"):
        print(f"  it would be the same as data set {found['same_as']}: there is nothing to freeze")
    if found.get("changes"):
        print(f"  since the last: {found['changes']}")
    for title, key in (("class", "classes"), ("label origin", "origins"), ("source", "sources")):
        for value, by_split in summary.get(key, {}).items():
            print(f"  {title:13} {value:14} " + "  ".join(f"{by_split[split]:>6,}" for split in SPLITS))
    for reason, count in summary.get("left_out", {}).items():
        print(f"  left out: {count:,}, {reason}")
    for words in summary.get("warnings", []):
        print(f"  note: {words}")


def print_data_sets(found: list[dict[str, Any]], *, as_json: bool) -> None:
    """One line a version."""
    if as_json:
        print(json.dumps({"data_sets": found}, ensure_ascii=False))
        return
    if not found:
        print("no data set yet: `peachdash dataset freeze` makes the first")
    for row in found:
        splits = row["summary"].get("splits", {})
        counts = " ".join(f"{split} {splits.get(split, 0):,}" for split in SPLITS)
        print(
            f"{row['number']:>4}  {row['made_utc'][:16]}  {counts}  {row['made_by']}  {row['note']}".rstrip()
        )


def write_rows(rows: list[dict[str, Any]], target: Path) -> int:
    """Write the reviews of a version as CSV with formulas escaped; how many."""
    import pandas as pd

    from peachdash.ui.formatting import safe_csv

    frame = pd.DataFrame(rows)
    if len(frame):
        frame["slices"] = frame["slices"].map(";".join)
    target.write_bytes(safe_csv(frame))
    return len(frame)


def begin_words(answer: dict[str, Any]) -> str:
    """What begins, and how long it will take where that can be told."""
    verb = "going on with" if answer["resumed"] else "training"
    words = f"{verb} {answer['run_id']} on data set {answer['data_set']}"
    if answer["encoder"] is not None:
        words += f" from {answer['encoder']}"
    if answer["estimate_seconds"] is None:
        return f"{words}; how long it takes shows after its first steps, no speed was measured here yet"
    return f"{words}: {duration_words(answer['estimate_seconds'])} at {answer['estimate_from']}"


def duration_words(seconds: float) -> str:
    """`45 s`, `about 12 min`, `about 3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


@contextmanager
def training_progress() -> Iterator[Callable[[dict[str, Any]], None]]:
    """What takes a training's events: stages and epochs as lines, steps as one that is written over."""
    on_terminal = sys.stderr.isatty()

    def show(event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "stage":
            print(event["words"], file=sys.stderr, flush=True)
        elif kind == "epoch":
            print(_clear(on_terminal) + epoch_words(event), file=sys.stderr, flush=True)
        elif kind == "step" and on_terminal:
            print(f"{_clear(True)}{step_words(event)}", end="", file=sys.stderr, flush=True)

    yield show


def _clear(on_terminal: bool) -> str:
    return "\r\x1b[K" if on_terminal else ""


def step_words(event: dict[str, Any]) -> str:
    """How far a training is."""
    left = event["seconds"] / max(event["step"], 1) * (event["steps"] - event["step"])
    loss = f"training loss {event['training_loss']:.3f}"
    return f"step {event['step']:,} of {event['steps']:,}, {loss}, {duration_words(left)} left"


def epoch_words(event: dict[str, Any]) -> str:
    """What an epoch brought."""
    losses = f"loss {event['training_loss']:.3f} training, {event['validation_loss']:.3f} validation"
    return (
        f"epoch {event['epoch']}/{event['epochs']}: {losses}, macro F1 {event['macro_f1']:.3f}, "
        f"{duration_words(event['seconds'])}"
    )


def print_training(state: dict[str, Any], *, as_json: bool) -> None:
    """How a training ended."""
    if as_json:
        print(json.dumps(state, ensure_ascii=False))
        return
    if state["state"] != "done":
        print(f"{state['run_id']}: {state['state']}. {state['words']}")
        return
    figures = state["figures"]
    print(
        f"{state['revision']}: macro F1 {figures['macro_f1']:.3f} on {figures['n']:,} validation reviews, "
        f"calibration error {figures['expected_calibration_error']:.3f}, epoch {figures['best_epoch']}, "
        f"{duration_words(state['seconds'])}"
    )
    print(state["words"])


def print_trainings(found: list[dict[str, Any]], *, as_json: bool) -> None:
    """One line a training, the newest first."""
    if as_json:
        print(json.dumps({"trainings": found}, ensure_ascii=False))
        return
    if not found:
        print("nothing was trained here yet: `peachdash train` begins")
    for row in found:
        print(
            f"{row['run_id']}  {row['state']:11}  {_settings_words(row)}  {row['revision'] or row['words']}"
        )


def print_sweep(state: dict[str, Any], *, as_json: bool) -> None:
    """The trainings of a sweep, best first."""
    if as_json:
        print(json.dumps(state, ensure_ascii=False))
        return
    members = sorted(state["members"], key=lambda row: -(row["best_macro_f1"] or -1.0))
    for row in members:
        score = "   -  " if row["best_macro_f1"] is None else f"{row['best_macro_f1']:.4f}"
        print(f"{score}  {_settings_words(row)}  {row['seconds']:6.0f} s  {row['revision'] or row['state']}")
    print(f"{len(members)} trainings, {state['minutes']:.1f} minutes: {state['over'] or 'not over yet'}")


def _settings_words(row: dict[str, Any]) -> str:
    chosen = row["settings"]
    return (
        f"{row['size']}  rate {chosen['learning_rate']:<8g} batch {chosen['batch_size']:<3} "
        f"epochs {chosen['epochs']:<2} rank {chosen['lora_rank']:<3} replay {chosen['replay_share']:<5g}"
    )
