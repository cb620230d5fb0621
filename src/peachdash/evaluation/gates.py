"""The gates that a candidate passes on its way to champion: each green, red or not measured, with figures.

A red or unmeasured gate does not bar a promotion; it has to be confirmed, and what it said is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from peachdash.evaluation.results import Comparison, Estimate
from peachdash.insights import formatting

CALIBRATION_LIMIT = 0.07
SIGNIFICANCE = 0.05
NO_WORSE_MACRO_F1 = 0.02
"""A candidate that is not clearly better may lie this much macro F1 below the champion, and no more."""

FEW = 10
"""A slice with fewer reviews is not judged."""


class GateState(StrEnum):
    """What a gate says."""

    GREEN = "green"
    RED = "red"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Gate:
    """One gate.

    Attributes:
        key: better, slices, real_sets or calibration.
        title: what it asks.
        state: what it says.
        words: why, with its figures.
    """

    key: str
    title: str
    state: GateState
    words: str

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self) | {"state": self.state.value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(str(data["key"]), str(data["title"]), GateState(data["state"]), str(data["words"]))


BETTER, SLICES, REAL_SETS, CALIBRATION = (
    ("better", "Better than the champion, or no worse"),
    ("slices", "No kind of review read worse"),
    ("real_sets", "Real reviews by others read no worse"),
    ("calibration", f"Calibration error under {CALIBRATION_LIMIT:.2f}"),
)


def judge(
    comparison: Comparison | None,
    slices: Mapping[str, Estimate],
    real_sets: Mapping[str, Estimate],
    calibration_error: float | None,
    *,
    measured: bool = True,
) -> tuple[Gate, ...]:
    """The four gates of a candidate.

    Args:
        comparison: candidate (b) against champion (a) on the same test reviews; None where not measured.
        slices: error of the candidate minus that of the champion, by slice, from `compare_slices`.
        real_sets: accuracy of the candidate minus that of the champion, by title of a published set.
        calibration_error: of the candidate on the test reviews, 0 to 1.
        measured: whether the candidate was measured at all.
    """
    return (
        better_gate(comparison),
        slice_gate(slices),
        real_set_gate(real_sets, measured=measured),
        calibration_gate(calibration_error),
    )


def is_better(comparison: Comparison) -> bool:
    """Whether McNemar's test and the interval of the macro-F1 difference both favour the second model."""
    low = comparison.macro_f1_difference.low
    more_right = comparison.only_b_right > comparison.only_a_right
    return more_right and comparison.p_value < SIGNIFICANCE and low is not None and low > 0


def is_no_worse(comparison: Comparison) -> bool:
    """Whether neither test finds the second model worse, and it loses less than `NO_WORSE_MACRO_F1`."""
    difference = comparison.macro_f1_difference
    fewer_right = comparison.only_a_right > comparison.only_b_right
    found_worse = fewer_right and comparison.p_value < SIGNIFICANCE
    below = difference.high is not None and difference.high < 0
    return not (found_worse or below) and (difference.value or 0.0) > -NO_WORSE_MACRO_F1


def better_gate(comparison: Comparison | None) -> Gate:
    """Green for a model that is clearly better, and for one that is no worse, whose reason has to say why."""
    key, title = BETTER
    if comparison is None:
        return Gate(key, title, GateState.NOT_MEASURED, "Candidate and champion were not both measured.")
    figures = (
        f"macro F1 {signed(comparison.macro_f1_difference)}, only the candidate right on "
        f"{formatting.count(comparison.only_b_right)}, only the champion on "
        f"{formatting.count(comparison.only_a_right)} of {formatting.counted(comparison.n, 'review')}, "
        f"McNemar's exact {formatting.p_value(comparison.p_value)}"
    )
    if is_better(comparison):
        return Gate(key, title, GateState.GREEN, f"Better: {figures}.")
    if is_no_worse(comparison):
        words = f"No worse, and not clearly better, so the reason has to say what else it is for: {figures}."
        return Gate(key, title, GateState.GREEN, words)
    return Gate(key, title, GateState.RED, f"Worse: {figures}.")


def slice_gate(slices: Mapping[str, Estimate]) -> Gate:
    """Red where the whole interval of a slice's error difference lies above 0."""
    key, title = SLICES
    judged = {
        name: item
        for name, item in slices.items()
        if item.n >= FEW and item.value is not None and item.low is not None
    }
    if not judged:
        return Gate(key, title, GateState.NOT_MEASURED, f"No kind has {FEW} reviews that both models read.")
    worse = [name for name, item in judged.items() if (item.low or 0.0) > 0]
    few = f"; {formatting.counted(len(slices) - len(judged), 'kind')} with too few reviews" * (
        len(judged) < len(slices)
    )
    if worse:
        told = "; ".join(f"{_kind(name)} {signed(judged[name], 'error')}" for name in worse)
        return Gate(key, title, GateState.RED, f"Worse on {told}.")
    nearest = max(judged, key=lambda name: judged[name].low or -1.0)
    words = (
        f"Of {formatting.counted(len(judged), 'kind')} none is read worse by more than its interval; "
        f"nearest to it {_kind(nearest)}, {signed(judged[nearest], 'error')}{few}."
    )
    return Gate(key, title, GateState.GREEN, words)


def real_set_gate(differences: Mapping[str, Estimate], *, measured: bool = True) -> Gate:
    """Red where the whole interval of a set's accuracy difference lies below 0."""
    key, title = REAL_SETS
    known = {name: item for name, item in differences.items() if item.value is not None}
    if not known:
        why = "The folder of published sets is not here." if measured else "The candidate was not measured."
        return Gate(key, title, GateState.NOT_MEASURED, why)
    worse = [name for name, item in known.items() if item.high is not None and item.high < 0]
    told = "; ".join(f"{name} {signed(known[name], 'right')}" for name in worse or known)
    state = GateState.RED if worse else GateState.GREEN
    return Gate(key, title, state, f"{'Worse on' if worse else 'None is worse:'} {told}.")


def calibration_gate(calibration_error: float | None) -> Gate:
    """Green below `CALIBRATION_LIMIT`."""
    key, title = CALIBRATION
    if calibration_error is None:
        return Gate(key, title, GateState.NOT_MEASURED, "The candidate was not measured.")
    state = GateState.GREEN if calibration_error < CALIBRATION_LIMIT else GateState.RED
    return Gate(key, title, state, f"Its expected calibration error is {calibration_error:.3f}.")


def all_green(gates: tuple[Gate, ...]) -> bool:
    """Whether nothing has to be confirmed."""
    return all(gate.state is GateState.GREEN for gate in gates)


def signed(difference: Estimate, what: str = "") -> str:
    """A difference in points with its interval: "+2.1 points (+0.4 to +3.9, n = 580)"; no minus before 0."""
    if difference.value is None:
        return formatting.MISSING
    words = f"{100 * difference.value:+z.1f} points{f' {what}' if what else ''}"
    if difference.low is None or difference.high is None:
        return words
    return f"{words} ({100 * difference.low:+z.1f} to {100 * difference.high:+z.1f}, n = {difference.n:,})"


def _kind(name: str) -> str:
    return "all reviews" if name == "all" else name.replace("_", " ")
