"""Scores from confusion matrices, calibration, slices and the clustered bootstrap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from peachdash.errors import BadInput
from peachdash.evaluation import bootstrap, calibration, scores, slices
from peachdash.records import LABELS

HAND = np.array([[4, 1, 0], [2, 3, 1], [0, 1, 8]])


def test_accuracy_and_class_scores_by_hand() -> None:
    precision, recall, f1 = scores.class_scores(HAND)
    assert scores.accuracy(HAND) == pytest.approx(15 / 20)
    assert precision == pytest.approx([4 / 6, 3 / 5, 8 / 9])
    assert recall == pytest.approx([4 / 5, 3 / 6, 8 / 9])
    assert f1 == pytest.approx([8 / 11, 6 / 11, 16 / 18])


@pytest.mark.parametrize("seed", range(5))
def test_macro_scores_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold, label = rng.choice(LABELS[: 2 + seed % 2], 30), rng.choice(LABELS[: 1 + seed % 3], 30)
    frame = pd.DataFrame({"gold": gold, "label": label})
    confusion = scores.group_confusions(frame, np.zeros(30, dtype=int), 1)[0, 0]
    expected = [
        score(gold, label, average="macro", zero_division=0)
        for score in (precision_score, recall_score, f1_score)
    ]
    assert [float(value) for value in scores.macro_scores(confusion)] == pytest.approx(expected)


def test_scores_of_many_matrices_are_those_of_each() -> None:
    many = np.stack([HAND, HAND.T, np.zeros((3, 3), dtype=int)])
    together = scores.macro_scores(many)[2]
    assert together[0] == pytest.approx(float(scores.macro_scores(HAND)[2]))
    assert np.isnan(together[2])
    assert np.isnan(scores.accuracy(many)[2])


def test_confusions_by_group_and_stratum() -> None:
    frame = pd.DataFrame({"gold": ["negative", "positive", "positive"], "label": ["positive"] * 3})
    tensor = scores.group_confusions(frame, np.array([0, 0, 1]), 2, np.array([1, 0, 0]), 2)
    assert tensor.shape == (2, 2, 3, 3)
    assert tensor.sum() == 3
    assert tensor[0, 1, 0, 2] == tensor[0, 0, 2, 2] == tensor[1, 0, 2, 2] == 1


def test_poststratification_by_hand() -> None:
    easy, hard = np.zeros((3, 3)), np.zeros((3, 3))
    easy[2, 2], easy[2, 0] = 8, 2
    hard[0, 0], hard[0, 2] = 1, 3
    weighted = scores.poststratify(np.stack([easy, hard]), ["easy", "hard"], {"easy": 9, "hard": 1})
    assert weighted.sum() == pytest.approx(1)
    assert scores.accuracy(weighted) == pytest.approx(0.9 * 0.8 + 0.1 * 0.25)


def test_poststratification_with_the_samples_own_shares_changes_nothing() -> None:
    parts = np.stack([HAND, 2 * HAND.T])
    weighted = scores.poststratify(parts, ["a", "b"], {"a": 1 / 3, "b": 2 / 3})
    assert scores.macro_scores(weighted)[2] == pytest.approx(float(scores.macro_scores(parts.sum(axis=0))[2]))


def test_poststratification_rescales_over_sampled_strata() -> None:
    weighted = scores.poststratify(np.stack([HAND, 0 * HAND]), ["a", "b"], {"a": 0.2, "b": 0.8})
    assert weighted == pytest.approx(HAND / 20)
    assert scores.poststratify(HAND[None], ["a"], {}).sum() == 0


def test_draws_and_resampling() -> None:
    draws = bootstrap.draw_clusters(7, 500, seed=3)
    assert draws.shape == (500, 7)
    assert set(draws.sum(axis=1)) == {7}
    assert draws.mean() == pytest.approx(1)
    assert np.array_equal(draws, bootstrap.draw_clusters(7, 500, seed=3))
    assert not np.array_equal(draws, bootstrap.draw_clusters(7, 500, seed=4))
    tensors = np.arange(7 * 9).reshape(7, 3, 3)
    expected = sum(count * tensor for count, tensor in zip(draws[0], tensors, strict=True))
    assert np.array_equal(bootstrap.resample(tensors, draws)[0], expected)


def test_percentile_estimate_says_why_there_is_no_interval() -> None:
    known = bootstrap.percentile_estimate(0.5, np.linspace(0, 1, 1001), 9, 0.9)
    assert (known.low, known.high, known.n, known.reason) == (pytest.approx(0.05), pytest.approx(0.95), 9, "")
    assert bootstrap.percentile_estimate(0.5, None, 9, 0.95).reason == bootstrap.ONE_BUSINESS
    assert bootstrap.percentile_estimate(float("nan"), None, 0, 0.95, "why").reason == "why"
    unstable = np.array([0.5] + [np.nan] * 3)
    assert bootstrap.percentile_estimate(0.5, unstable, 9, 0.95).reason == bootstrap.UNSTABLE


@pytest.mark.parametrize(("confidence", "resamples"), [(0, 2000), (1, 2000), (95, 2000), (0.95, 99)])
def test_options_out_of_range_are_refused(confidence: float, resamples: int) -> None:
    with pytest.raises(BadInput, match="expected"):
        bootstrap.check_options(confidence, resamples)


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    correct = np.array([True, True, True, False, True, False])
    expected = (4 * abs(0.9 - 0.75) + 2 * abs(0.6 - 0.5)) / 6
    assert calibration.expected_calibration_error(confidence, correct) == pytest.approx(expected)


def test_calibration_error_bounds() -> None:
    assert calibration.expected_calibration_error(np.ones(4), np.ones(4, dtype=bool)) == 0
    assert calibration.expected_calibration_error(np.ones(4), np.zeros(4, dtype=bool)) == 1
    assert calibration.expected_calibration_error(np.zeros(2), np.zeros(2, dtype=bool)) == 0
    assert calibration.expected_calibration_error(np.array([]), np.array([])) is None


def test_calibration_bins_are_closed_above() -> None:
    edge = np.array([0.2, 0.2 + 1e-9])
    right = np.array([True, False])
    assert calibration.expected_calibration_error(edge, right, bins=5) == pytest.approx((0.8 + 0.2) / 2)


def test_risk_coverage_by_hand_keeps_ties_together() -> None:
    curve = calibration.risk_coverage(np.array([0.6, 0.9, 0.6, 0.8]), np.array([False, True, True, False]))
    assert curve.coverage == (0.25, 0.5, 1.0)
    assert curve.risk == (0, 0.5, 0.5)
    assert curve.threshold == (0.9, 0.8, 0.6)


def test_risk_coverage_is_thinned_with_both_ends() -> None:
    confidence = np.linspace(1, 0.4, 1000)
    curve = calibration.risk_coverage(confidence, np.arange(1000) % 4 > 0, points=50)
    assert len(curve.coverage) == 50
    assert (curve.coverage[0], curve.coverage[-1], curve.risk[-1]) == (0.001, 1.0, 0.25)
    assert calibration.risk_coverage(np.array([]), np.array([])).coverage == ()


def test_primary_slice_does_not_depend_on_the_order() -> None:
    assert slices.primary_slice(["local", "sarcasm", "peachy_sarcastic"]) == "peachy_sarcastic"
    assert slices.primary_slice(["zebra", "local"]) == slices.primary_slice(["local", "zebra"]) == "local"
    assert slices.primary_slice(["zebra", "ape"]) == "ape"
    assert slices.primary_slice([]) == "plain"


def test_natural_shares() -> None:
    shares = slices.natural_shares_of([[], ["local"], np.array(["local", "peachy_slang"]), None])
    assert shares == {"plain": 0.5, "local": 0.25, "peachy_slang": 0.25}
    assert slices.natural_shares_of([]) == {}


def test_slice_members_pool_peachy_without_counting_twice() -> None:
    members = slices.slice_members(pd.Series([("peachy_slang", "peachy_brand"), ("local",), ()]))
    assert list(members) == ["all", "peachy", "local", "peachy_brand", "peachy_slang"]
    assert members["peachy"].tolist() == [True, False, False]
    assert members["all"].all()


def test_a_text_is_no_list_of_slices() -> None:
    with pytest.raises(BadInput, match="list of names"):
        slices.as_slices("peachy_brand;local")


@pytest.mark.parametrize("shares", [{"a": -0.1}, {"a": float("nan")}, {"a": 0.0}, {}])
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="natural_shares"):
        slices.check_shares(shares)
