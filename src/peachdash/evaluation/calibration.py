"""Calibration and abstention: do the probabilities mean what they say, and what does waiting buy?"""

from __future__ import annotations

import numpy as np

from peachdash.evaluation.results import RiskCoverage

BINS = 15
MAXIMUM_POINTS = 200


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = BINS) -> float | None:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their reviews.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3. Bins are open below and
    closed above, except that the first holds 0.

    Args:
        confidence: probability of the predicted label, shape (N,), 0 to 1.
        correct: whether that label is the gold label, shape (N,).
        bins: number of bins over 0 to 1.

    Returns:
        0 (calibrated) to 1; None for no reviews.
    """
    if not len(confidence):
        return None
    inner_edges = np.linspace(0, 1, bins + 1)[1:-1]
    index = np.digitize(confidence, inner_edges, right=True)
    gap = np.asarray(confidence, dtype=float) - np.asarray(correct, dtype=float)
    return float(np.abs(np.bincount(index, weights=gap, minlength=bins)).sum() / len(gap))


def risk_coverage(confidence: np.ndarray, correct: np.ndarray, points: int = MAXIMUM_POINTS) -> RiskCoverage:
    """Error among the most confident reviews, for every threshold (Geifman and El-Yaniv 2017).

    Reviews of equal confidence are kept or dropped together, so the curve has a point for each distinct
    confidence; beyond `points` of them it is thinned evenly, first and last point kept.

    Args:
        confidence: probability of the predicted label, shape (N,), 0 to 1.
        correct: whether that label is the gold label, shape (N,).
        points: the most points returned.
    """
    order = np.argsort(-np.asarray(confidence, dtype=float), kind="stable")
    ranked = np.asarray(confidence, dtype=float)[order]
    errors = np.cumsum(~np.asarray(correct, dtype=bool)[order])
    last_of_ties = (
        np.flatnonzero(np.append(np.diff(ranked) != 0, True)) if len(ranked) else np.array([], dtype=int)
    )
    picked = np.unique(np.linspace(0, len(last_of_ties) - 1, points).round().astype(int))
    kept = last_of_ties[picked] if len(last_of_ties) > points else last_of_ties
    return RiskCoverage(
        coverage=tuple(((kept + 1) / max(len(ranked), 1)).tolist()),
        risk=tuple((errors[kept] / (kept + 1)).tolist()),
        threshold=tuple(ranked[kept].tolist()),
    )
