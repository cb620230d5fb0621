"""What losses say in words: a training that diverges is stopped, one that overfits is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from peachdash.errors import TrainingDiverged

FIRST_STEPS = 10
LAST_STEPS = 20
TIMES_ABOVE = 3.0
CERTAINLY_BAD = 2 * math.log(3)
"""Twice the loss of a guess among three classes."""


def first_loss(losses: Sequence[float]) -> float | None:
    """The mean loss of the first steps; None while they are too few."""
    return sum(losses[:FIRST_STEPS]) / FIRST_STEPS if len(losses) >= FIRST_STEPS else None


def require_sound_loss(
    losses: Sequence[float], start: float | None, where: str, learning_rate: float
) -> None:
    """Stops a training whose loss diverges.

    Args:
        losses: of the steps so far in this epoch.
        start: mean loss of the first steps, or None.
        where: the place in words, such as "epoch 2, step 57".

    Raises:
        TrainingDiverged: the last loss is no finite number, or the mean of the last 20 is more than three
            times the start and more than twice that of a guess.
    """
    advice = f"try a learning rate below {learning_rate:g}, or fewer epochs."
    if losses and not math.isfinite(losses[-1]):
        raise TrainingDiverged(
            f"The training loss is no number any more ({where}): it diverged and was stopped; {advice}"
        )
    if start is None or len(losses) < LAST_STEPS:
        return
    last = sum(losses[-LAST_STEPS:]) / LAST_STEPS
    if last > TIMES_ABOVE * start and last > CERTAINLY_BAD:
        raise TrainingDiverged(
            f"The training loss rose from {start:.2f} to {last:.2f} ({where}): it diverges and was stopped; "
            f"{advice}"
        )


def rising_epochs(history: Sequence[Mapping[str, Any]]) -> int:
    """For how many of the last epochs in a row the validation loss has risen."""
    losses = [float(event["validation_loss"]) for event in history]
    count = 0
    for before, after in zip(losses[-2::-1], losses[::-1], strict=False):
        if after <= before:
            break
        count += 1
    return count


def describe_course(history: Sequence[Mapping[str, Any]]) -> str:
    """One sentence on how a training goes, from its finished epochs; '' before the first.

    Validation loss that rises for two epochs is overfitting; macro-F1 may rise nevertheless, since it counts
    labels only, and the sentence says so.
    """
    if not history:
        return ""
    rising = rising_epochs(history)
    best = max(history, key=lambda event: (event["macro_f1"], -event["validation_loss"]))
    kept = f"best so far is epoch {best['epoch']} with macro F1 {best['macro_f1']:.3f}"
    if rising >= 2:
        still = " though macro F1 still rises" if best is history[-1] else ""
        return f"Validation loss has risen for {rising} epochs: it overfits{still}; {kept}."
    if rising == 1:
        return f"Validation loss rose in the last epoch; {kept}."
    if len(history) == 1:
        return f"One epoch is done: macro F1 {best['macro_f1']:.3f} on validation."
    lowest = min(history, key=lambda event: event["validation_loss"])
    if lowest is not history[-1]:
        return f"Validation loss was lowest after epoch {lowest['epoch']}; {kept}."
    return f"Validation loss still falls; {kept}."
