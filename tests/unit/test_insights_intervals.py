"""Wilson intervals and shrinkage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peachdash.errors import BadInput
from peachdash.insights.intervals import fit_beta_prior, shrink, wilson


def test_wilson_by_hand() -> None:
    z, p, n = 1.959963984540054, 0.3, 10
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = wilson(3, 10)
    assert (float(low), float(high)) == pytest.approx((centre - half, centre + half))


def test_wilson_over_arrays_and_empty_entries() -> None:
    low, high = wilson([0, 5, 5, 0], [0, 5, 10, 8])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert high[1] == 1
    assert low[3] == 0
    assert low.shape == (4,)
    assert wilson([[1], [2]], 4)[0].shape == (2, 1)


def test_wilson_narrows_with_n_and_with_less_confidence() -> None:
    assert wilson(50, 100)[0] > wilson(5, 10)[0]
    assert wilson(5, 10, 0.8)[0] > wilson(5, 10, 0.95)[0]


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_brackets_the_share(n: int, fraction: float) -> None:
    hits = round(n * fraction)
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2), (float("nan"), 2)])
def test_impossible_counts_are_refused(hits: float, n: int) -> None:
    with pytest.raises(BadInput, match="entry 1"):
        wilson([1, hits], [2, n])
    with pytest.raises(BadInput, match="entry 1"):
        shrink([1, hits], [2, n])


def test_shrinkage_moves_small_samples_more() -> None:
    hits, n = np.array([5, 180, 90, 40, 150]), np.array([5, 200, 200, 100, 200])
    shrunk = shrink(hits, n)
    raw, mean = hits / n, (hits.sum() + 0.5) / (n.sum() + 1)
    assert (np.abs(shrunk["share"] - mean) <= np.abs(raw - mean) + 1e-12).all()
    moved = (np.abs(shrunk["share"] - raw) / np.abs(raw - mean)).to_numpy()
    assert moved[0] > 5 * moved[1]
    assert shrunk["share"].idxmax() == 1
    assert ((shrunk["low"] < shrunk["share"]) & (shrunk["share"] < shrunk["high"])).all()


def test_prior_is_found_again() -> None:
    rng = np.random.default_rng(0)
    n = np.full(4000, 60)
    hits = rng.binomial(n, rng.beta(7, 3, 4000))
    mean, concentration = fit_beta_prior(hits.astype(float), n.astype(float))
    assert mean == pytest.approx(0.7, abs=0.01)
    assert concentration == pytest.approx(10, rel=0.1)


def test_no_more_spread_than_chance_gives_nearly_the_common_mean() -> None:
    shrunk = shrink([5, 50, 500], [10, 100, 1000])
    assert shrunk["share"].to_numpy() == pytest.approx([0.5, 0.5, 0.5], abs=0.001)
    assert fit_beta_prior(np.array([5.0, 50]), np.array([10.0, 100]))[1] == 110


def test_single_and_empty_entries() -> None:
    assert shrink([3], [4])["share"].tolist() == pytest.approx([3.5 / 5])
    unknown = shrink([8, 6, 0], [10, 10, 0])
    assert unknown["share"][2] == pytest.approx(fit_beta_prior(np.array([8.0, 6]), np.array([10.0, 10]))[0])
    assert shrink([], []).empty
