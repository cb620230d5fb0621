"""Scores from 3 by 3 confusion matrices, for one matrix or for thousands of resampled ones at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from peachdash.evaluation.frames import codes
from peachdash.records import LABELS

CLASSES = len(LABELS)
Score = Callable[[np.ndarray], np.ndarray]


def group_confusions(
    frame: pd.DataFrame,
    groups: np.ndarray,
    n_groups: int,
    strata: np.ndarray | None = None,
    n_strata: int = 1,
) -> np.ndarray:
    """Confusion matrices of each group and stratum.

    Args:
        frame: columns gold and label.
        groups: number of each row's group, shape (N,), 0 to n_groups - 1.
        n_groups: how many groups there are.
        strata: number of each row's stratum, shape (N,); None for a single stratum.
        n_strata: how many strata there are.

    Returns:
        Counts of shape (n_groups, n_strata, 3, 3): rows gold, columns predicted.
    """
    shape = (n_groups, n_strata, CLASSES, CLASSES)
    stratum = np.zeros(len(frame), dtype=int) if strata is None else strata
    flat = np.ravel_multi_index((groups, stratum, codes(frame["gold"]), codes(frame["label"])), shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Elementwise quotient, NaN where the denominator is 0."""
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    )
    quotient = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share on the diagonal, (..., 3, 3) to (...); NaN for an empty matrix."""
    return divide(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def class_scores(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and F1 of each class, (..., 3, 3) to three of (..., 3).

    Precision is NaN for a class that was never predicted, recall for one without gold reviews, and F1
    for one with neither.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    gold, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return divide(hits, predicted), divide(hits, gold), divide(2 * hits, gold + predicted)


def macro_scores(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Macro precision, recall and F1, (..., 3, 3) to three of (...).

    The mean runs over the classes that occur as gold or as predicted; a score that is undefined for
    one of them counts as 0. That is scikit-learn's macro average with `zero_division=0`.
    """
    occurs = confusion.sum(axis=-1) + confusion.sum(axis=-2) > 0
    precision, recall, f1 = (
        divide(np.where(occurs, np.nan_to_num(score), 0).sum(axis=-1), occurs.sum(axis=-1))
        for score in class_scores(confusion)
    )
    return precision, recall, f1


def poststratify(confusions: np.ndarray, strata: Sequence[str], shares: Mapping[str, float]) -> np.ndarray:
    """Confusion matrices as they would be under given shares of the strata.

    Post-stratification (Lohr, Sampling: Design and Analysis, section 4.4): every review of stratum s
    weighs share_s / n_s, with n_s the stratum's reviews in that sample, and the weights are rescaled to
    sum to 1 over the strata that the sample holds.

    Args:
        confusions: counts of shape (..., S, 3, 3).
        strata: the S names, in the order of that axis.
        shares: natural share of each stratum; a stratum that is not named weighs nothing.

    Returns:
        Weights of shape (..., 3, 3) that sum to 1, or to 0 where no stratum with a share was sampled.
    """
    wanted = np.array([shares.get(name, 0.0) for name in strata])
    sizes = confusions.sum(axis=(-2, -1))
    present = np.where(sizes > 0, wanted, 0.0)
    weights = np.nan_to_num(divide(divide(present, sizes), present.sum(axis=-1, keepdims=True)))
    return np.asarray((confusions * weights[..., None, None]).sum(axis=-3))
