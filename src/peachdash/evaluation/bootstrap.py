"""Bootstrap clustered by business: businesses are drawn with replacement, each with all its reviews.

Reviews of one shop share its menu, its staff and its customers' words, so reviews are no independent
draws; businesses come nearer to it (Field and Welsh 2007, "Bootstrapping clustered data"). A resample
is a vector of how often each business was drawn, and its confusion matrix is the weighted sum of the
businesses' matrices, so that 2,000 resamples are one matrix product. (scipy.stats.bootstrap would
gather a copy of every matrix for every draw instead.)
"""

from __future__ import annotations

import numpy as np

from peachdash.errors import BadInput
from peachdash.evaluation.results import Estimate

ONE_BUSINESS = "one business only: no interval, because resampling needs at least two"
NO_REVIEWS = "no reviews"
UNSTABLE = "undefined in more than half of the resamples: no interval"


def check_options(confidence: float, resamples: int) -> None:
    """Refuse options that give no interval.

    Raises:
        BadInput: the confidence is not between 0 and 1, or there are fewer than 100 resamples.
    """
    if not 0 < confidence < 1:
        raise BadInput(f"confidence: expected a level between 0 and 1, got {confidence}; 0.95 is usual.")
    if resamples < 100:
        raise BadInput(f"resamples: expected at least 100, got {resamples}; 2000 is usual.")


def draw_clusters(n_clusters: int, resamples: int, seed: int) -> np.ndarray:
    """How often each cluster is drawn in each resample: counts (resamples, n_clusters)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=resamples)


def resample(by_cluster: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Sums over the drawn clusters.

    Args:
        by_cluster: counts of shape (B, ...), one entry for each cluster.
        draws: counts of shape (R, B), from `draw_clusters`.

    Returns:
        Counts of shape (R, ...).
    """
    flat = by_cluster.reshape(len(by_cluster), -1).astype(float)
    sums: np.ndarray = draws.astype(float) @ flat
    return sums.reshape(len(draws), *by_cluster.shape[1:])


def percentile_estimate(
    value: float, resampled: np.ndarray | None, n: int, confidence: float, reason: str = NO_REVIEWS
) -> Estimate:
    """An estimate with the percentile interval of its resampled values.

    Args:
        value: the figure on the whole sample; NaN if undefined.
        resampled: the figure on each resample (R,), NaN where undefined; None where one cluster forbids it.
        n: reviews that the figure rests on.
        confidence: level of the interval.
        reason: what is said of an undefined value.
    """
    if np.isnan(value):
        return Estimate(None, None, None, n, reason)
    if resampled is None:
        return Estimate(float(value), None, None, n, ONE_BUSINESS)
    if np.isnan(resampled).mean() > 0.5:
        return Estimate(float(value), None, None, n, UNSTABLE)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high), n)
