"""Temperature, threshold, calibration error and risk against hand-computed values."""

import math

import numpy as np
import pytest

from peachdash.errors import BadInput
from peachdash.sentiment.calibration import (
    calibrate,
    expected_calibration_error,
    fit_bias,
    fit_temperature,
    fit_threshold,
    negative_log_likelihood,
    risk_coverage,
)


def two_groups() -> tuple[np.ndarray, np.ndarray]:
    """100 rows with logits (2, 0, -1000): 80 are the first class, 20 the second."""
    return np.tile([2.0, 0.0, -1000.0], (100, 1)), np.array([0] * 80 + [1] * 20)


def test_temperature_by_hand() -> None:
    # p(first) must be 0.8, so 2 / T = ln 4
    assert fit_temperature(*two_groups()) == pytest.approx(2 / math.log(4), abs=2e-4)


def test_scaled_logits_scale_the_temperature_and_calibrated_ones_need_none() -> None:
    logits, labels = two_groups()
    calibrated = logits / (2 / math.log(4))
    assert fit_temperature(calibrated, labels) == pytest.approx(1, abs=2e-4)
    assert fit_temperature(3 * calibrated, labels) == pytest.approx(3, abs=1e-3)


def test_temperature_lowers_the_likelihood_loss() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 3, 300)
    logits = 4 * np.eye(3)[labels] + 3 * generator.normal(size=(300, 3))
    best = fit_temperature(logits, labels)
    losses = [negative_log_likelihood(logits, labels, best * factor) for factor in (0.8, 1, 1.25)]
    assert losses[1] == min(losses)


def test_one_class_and_always_right_goes_towards_the_bound() -> None:
    right = np.tile([3.0, 0.0, 0.0], (5, 1))
    assert 0.05 <= fit_temperature(right, np.zeros(5, dtype=int)) < 0.15


def test_likelihood_of_even_logits_is_ln_3() -> None:
    assert negative_log_likelihood(np.zeros((4, 3)), np.array([0, 1, 2, 2])) == pytest.approx(math.log(3))


def test_a_bias_that_was_taken_away_is_found_again() -> None:
    generator = np.random.default_rng(2)
    logits = 2 * generator.normal(size=(20000, 3))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) > generator.random(20000)[:, None]).argmax(axis=1)
    taken = np.array([0.8, -0.3, -0.5])
    found = fit_bias(logits - taken, labels)
    assert found == pytest.approx(taken, abs=0.08)
    assert found.sum() == pytest.approx(0, abs=1e-9)
    assert calibrate(logits - taken, labels).bias == pytest.approx(tuple(found))


def test_general_text_has_half_a_say_in_the_bias() -> None:
    logits, labels = np.zeros((8, 3)), np.array([0, 0, 0, 0, 0, 0, 1, 2])
    alone = fit_bias(logits, labels)
    even = (np.zeros((300, 3)), np.repeat([0, 1, 2], 100))
    both = fit_bias(logits, labels, even)
    # six to one to one, and with the even set (3/4 + 1/3) / 2 against (1/8 + 1/3) / 2
    assert alone[0] > both[0] > 0
    share = np.exp(both) / np.exp(both).sum()
    assert share[0] > 0.5
    assert fit_bias(logits, labels, (np.repeat(even[0], 3, axis=0), np.repeat(even[1], 3))) == pytest.approx(
        both, abs=1e-3
    )


def test_without_a_class_there_is_no_bias_and_with_odd_rows_it_stays_bounded() -> None:
    assert fit_bias(np.tile([1.0, 0.0, 0.0], (4, 1)), np.array([0, 0, 1, 1])).tolist() == [0, 0, 0]
    separable = np.array([[0.0, 5.0, 0.0], [0.0, 0.0, 5.0], [5.0, 0.0, 0.0]])
    assert np.abs(fit_bias(separable, np.array([1, 2, 0]))).max() <= 6


def tops(*values: float) -> np.ndarray:
    return np.array([[value, (1 - value) / 2, (1 - value) / 2] for value in values])


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 0.41), (0.1, 0.52), (0.19, 0.52), (0.2, 0.63), (1.0, 0.99)]
)
def test_threshold_is_the_largest_within_the_share(share: float, expected: float) -> None:
    values = tops(0.41, 0.52, 0.63, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99)
    threshold = fit_threshold(values, share)
    assert threshold == pytest.approx(expected, abs=1e-9)
    assert (values.max(axis=1) < threshold).mean() <= share


def test_ties_do_not_abstain() -> None:
    assert (tops(*[0.6] * 10).max(axis=1) < fit_threshold(tops(*[0.6] * 10))).sum() == 0


def test_threshold_is_rounded_down() -> None:
    assert fit_threshold(tops(0.777777)) == 0.7777


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_threshold_refuses_no_rows_and_no_share(share: float) -> None:
    with pytest.raises(BadInput):
        fit_threshold(tops(0.5), share)
    with pytest.raises(BadInput):
        fit_threshold(np.zeros((0, 3)))


def test_calibration_error_by_hand() -> None:
    # 2 rows at 0.9 with 1 right, 2 rows at 0.6 with 2 right: (|1 - 1.8| + |2 - 1.2|) / 4
    probabilities = tops(0.9, 0.9, 0.6, 0.6)
    assert expected_calibration_error(probabilities, np.array([0, 1, 0, 0])) == pytest.approx(0.4)


def test_calibration_error_is_zero_for_the_sure_and_right_and_one_for_the_sure_and_wrong() -> None:
    sure = np.tile([1.0, 0.0, 0.0], (3, 1))
    assert expected_calibration_error(sure, np.zeros(3, dtype=int)) == 0
    assert expected_calibration_error(sure, np.full(3, 2)) == 1


def test_risk_and_coverage_by_hand() -> None:
    frame = risk_coverage(tops(0.9, 0.8, 0.8, 0.5), np.array([0, 1, 0, 1]))
    assert frame["threshold"].tolist() == [0.9, 0.8, 0.5]
    assert frame["coverage"].tolist() == [0.25, 0.75, 1.0]
    assert frame["risk"].tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert frame["n"].tolist() == [1, 3, 4]


def test_calibrate_puts_the_three_together() -> None:
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 3, 200)
    logits = 2 * np.eye(3)[labels] + generator.normal(size=(200, 3))
    found = calibrate(logits, labels)
    shifted = logits + found.bias
    powers = np.exp(shifted / found.temperature)
    top = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
    assert (top < found.threshold).sum() == 20
    assert found.temperature == fit_temperature(shifted, labels)


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        (np.zeros((0, 3)), np.zeros(0, dtype=int)),
        (np.zeros((2, 3)), np.array([0])),
        (np.zeros((2, 3)), np.array([0, 3])),
        (np.zeros((2, 3)), np.array([0, -1])),
        (np.zeros((2, 3)), np.array([0.0, 1.0])),
    ],
)
def test_bad_input(scores: np.ndarray, labels: np.ndarray) -> None:
    for function in (fit_temperature, expected_calibration_error, risk_coverage, negative_log_likelihood):
        with pytest.raises(BadInput):
            function(scores, labels)
