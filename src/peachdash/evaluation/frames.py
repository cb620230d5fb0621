"""Checks of the frames that an evaluation takes; the functions behind them trust their input."""

from __future__ import annotations

import numpy as np
import pandas as pd

from peachdash.errors import BadInput
from peachdash.evaluation.slices import as_slices
from peachdash.records import LABELS

PROBABILITIES: tuple[str, ...] = tuple(f"p_{label}" for label in LABELS)
BASE_COLUMNS: tuple[str, ...] = ("gold", "label", "slices", "business_id")
EVALUATION_COLUMNS: tuple[str, ...] = (*BASE_COLUMNS, *PROBABILITIES, "needs_review")
TOLERANCE = 0.01


def check_predictions(frame: pd.DataFrame, columns: tuple[str, ...], name: str = "frame") -> pd.DataFrame:
    """A copy with a fresh index and slices as tuples, after every check that the columns ask for.

    Raises:
        BadInput: a column is missing, a gold label or label is none of the three, or a row's
            probabilities lie outside 0 to 1 or do not sum to 1. Rows are counted from 0.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise BadInput(f"{name}: the column {missing[0]!r} is missing; expected {', '.join(columns)}.")
    checked = frame.reset_index(drop=True)
    for column in ("gold", "label"):
        _check_labels(checked[column], f"{name}.{column}")
    if set(PROBABILITIES) <= set(columns):
        _check_probabilities(checked, name)
    return checked.assign(slices=pd.Series([as_slices(value) for value in checked["slices"]], dtype=object))


def codes(labels: pd.Series) -> np.ndarray:
    """Labels as class numbers (N,), in the order of `records.LABELS`."""
    return np.asarray(pd.Categorical(labels, categories=list(LABELS)).codes, dtype=int)


def _check_labels(labels: pd.Series, name: str) -> None:
    wrong = np.flatnonzero(~labels.isin(LABELS))
    if wrong.size:
        value = labels.iloc[wrong[0]]
        raise BadInput(
            f"{name}: expected {', '.join(LABELS)}, got {str(value)[:40]!r} in row {wrong[0]} "
            f"({wrong.size} such rows); leave out reviews without a label."
        )


def _check_probabilities(frame: pd.DataFrame, name: str) -> None:
    values = frame[list(PROBABILITIES)].to_numpy(dtype=float)
    outside = (values < -TOLERANCE) | (values > 1 + TOLERANCE)
    wrong = np.flatnonzero(outside.any(axis=1) | (np.abs(values.sum(axis=1) - 1) > TOLERANCE))
    if wrong.size:
        raise BadInput(
            f"{name}: expected probabilities from 0 to 1 that sum to 1, got "
            f"{[round(float(value), 3) for value in values[wrong[0]]]} in row {wrong[0]} "
            f"({wrong.size} such rows)."
        )
