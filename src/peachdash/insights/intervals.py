"""Intervals of proportions, and shrinkage for rankings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from peachdash.errors import BadInput


def wilson(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of a proportion (Wilson 1927), by statsmodels.

    Args:
        successes: counts of any shape, 0 to n.
        n: trials, broadcastable to the same shape.
        confidence: level between 0 and 1.

    Returns:
        Lower and upper ends, 0 to 1, in the broadcast shape; NaN where n is 0.

    Raises:
        BadInput: a count is negative, missing or above its n.
    """
    hits, trials = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(n, dtype=float))
    _check_counts(hits, trials)
    low, high = proportion_confint(
        hits, np.where(trials > 0, trials, 1), alpha=1 - confidence, method="wilson"
    )
    empty = trials == 0
    low = np.where(hits == 0, 0.0, np.clip(low, 0, 1))
    high = np.where(hits == trials, 1.0, np.clip(high, 0, 1))
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def shrink(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> pd.DataFrame:
    """Proportions drawn towards their common mean, so that a ranking is not led by the smallest n.

    Empirical Bayes with a beta-binomial model: each proportion is a draw from Beta(m k, (1 - m) k). The
    mean m and the concentration k are fitted by moments, weighted by n (Kleinman 1973); the estimate is
    the posterior mean (m k + successes) / (k + n). Where the proportions vary no more than chance lets
    them, k would be infinite; it is held at the total of n, that is, the common mean counts as much as
    all reviews together. With fewer than two entries with reviews the prior is Jeffreys' Beta(1/2, 1/2).

    Args:
        successes: counts, shape (K,), 0 to n.
        n: trials, shape (K,).
        confidence: level of the posterior interval.

    Returns:
        A frame of K rows with the columns share, low, high, each 0 to 1. An entry with n = 0 gets the
        common mean and the prior's interval.

    Raises:
        BadInput: a count is negative, missing or above its n.
    """
    hits, trials = np.asarray(successes, dtype=float), np.asarray(n, dtype=float)
    _check_counts(hits, trials)
    mean, concentration = fit_beta_prior(hits, trials)
    alpha = mean * concentration + hits
    beta = (1 - mean) * concentration + trials - hits
    posterior = stats.beta(alpha, beta)
    tail = (1 - confidence) / 2
    return pd.DataFrame(
        {"share": posterior.mean(), "low": posterior.ppf(tail), "high": posterior.ppf(1 - tail)}
    )


def fit_beta_prior(successes: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """Mean (inside 0 to 1) and concentration (above 0) of the common beta distribution; see `shrink`."""
    hits, trials = successes[n > 0], n[n > 0]
    if len(trials) < 2:
        return 0.5, 1.0
    total = float(trials.sum())
    mean = float((hits.sum() + 0.5) / (total + 1))
    spread = float((trials * (hits / trials - mean) ** 2).sum())
    binomial = mean * (1 - mean)
    excess = spread - binomial * (len(trials) - 1)
    scale = binomial * (total - float((trials**2).sum()) / total - (len(trials) - 1))
    correlation = excess / scale if scale > 0 else 0.0
    if correlation <= 0:
        return mean, total
    return mean, float(np.clip(1 / correlation - 1, 0.5, total))


def _check_counts(successes: np.ndarray, n: np.ndarray) -> None:
    if not ((successes >= 0) & (successes <= n)).all():
        bad = np.flatnonzero(~((successes >= 0) & (successes <= n)).ravel())[0]
        raise BadInput(
            f"Expected counts from 0 to n, got {successes.ravel()[bad]} of {n.ravel()[bad]} in entry {bad}."
        )
