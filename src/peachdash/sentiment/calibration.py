"""Calibration on the validation split: temperature, the threshold for abstaining, and how well both do.

Temperature scaling and the expected calibration error follow Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017, with a bias for each class as in Alexandari et al., "Maximum Likelihood with
Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation", ICML 2020: a model that reads dry
complaints as praise is shifted as a whole, not only cooled. Risk and coverage follow Geifman and El-Yaniv,
"Selective Classification for Deep Neural Networks", NeurIPS 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from peachdash.errors import BadInput

TEMPERATURE_BOUNDS = (0.05, 20.0)
BIAS_BOUND = 3.0
MAXIMUM_ABSTENTION = 0.10
ECE_BINS = 15
DIGITS = 4


@dataclass(frozen=True)
class Calibration:
    """Calibrated probabilities are softmax((logits + bias) / temperature).

    Attributes:
        bias: added to the logits of negative, neutral and positive; it becomes part of the head.
        temperature: that the model folder stores.
        threshold: of the top calibrated probability, under which a reading needs a person.
    """

    temperature: float
    threshold: float
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)


def calibrate(
    logits: np.ndarray,
    labels: np.ndarray,
    maximum_abstention: float = MAXIMUM_ABSTENTION,
    general: tuple[np.ndarray, np.ndarray] | None = None,
) -> Calibration:
    """Bias, temperature and threshold from validation logits (N, 3) and label indices (N,) 0 to 2.

    Args:
        general: logits (M, 3) and labels (M,) of general text, that has half a say in the bias, however much
            there is of it: a shift that suits the town must not undo what is known of the rest.

    Raises:
        BadInput: no rows, or shapes and labels that do not fit.
    """
    values, targets = _checked(logits, labels)
    bias = fit_bias(values, targets, general)
    shifted = values + bias
    temperature = fit_temperature(shifted, targets)
    threshold = fit_threshold(softmax(shifted / temperature, axis=1), maximum_abstention)
    return Calibration(temperature, threshold, (float(bias[0]), float(bias[1]), float(bias[2])))


def fit_bias(
    logits: np.ndarray, labels: np.ndarray, general: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """What to add to the logits of each class, (3,) summing to 0, for the least negative log-likelihood.

    Fitted together with the temperature that suits it, each within its bounds (3 logits at most), to 4
    decimals; with `general` (see `calibrate`) the mean of both likelihoods counts. Where a class has no row
    there is nothing to fit it by, and the bias is 0.
    """
    sets = [_checked(logits, labels), *([_checked(*general)] if general else [])]
    values, targets = sets[0]
    if len(np.unique(targets)) < values.shape[1]:
        return np.zeros(values.shape[1])

    def loss(parameters: np.ndarray) -> float:
        bias, temperature = np.append(parameters[1:], -parameters[1:].sum()), math.exp(parameters[0])
        return sum(negative_log_likelihood(rows + bias, kinds, temperature) for rows, kinds in sets)

    low, high = (math.log(bound) for bound in TEMPERATURE_BOUNDS)
    bounds = [(low, high), *[(-BIAS_BOUND, BIAS_BOUND)] * (values.shape[1] - 1)]
    found = minimize(loss, np.zeros(values.shape[1]), method="L-BFGS-B", bounds=bounds).x[1:]
    rounded = np.round(found, DIGITS)
    return np.append(rounded, -rounded.sum())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature in 0.05 to 20 with the least negative log-likelihood, to 4 decimals.

    Where every reading is right no temperature is best: the likelihood then pulls to the lower bound.
    """
    values, targets = _checked(logits, labels)
    bounds = (math.log(TEMPERATURE_BOUNDS[0]), math.log(TEMPERATURE_BOUNDS[1]))

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(values, targets, math.exp(log_temperature))

    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(round(math.exp(found.x), DIGITS))


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood (natural logarithm, 0 or more) of labels (N,) under logits (N, 3)."""
    values, targets = _checked(logits, labels)
    return float(-log_softmax(values / temperature, axis=1)[np.arange(len(targets)), targets].mean())


def fit_threshold(probabilities: np.ndarray, maximum_abstention: float = MAXIMUM_ABSTENTION) -> float:
    """The largest threshold, to 4 decimals, under which at most a share of rows (N, 3) falls.

    A row abstains where its top probability is under the threshold; ties at the threshold do not abstain.

    Raises:
        BadInput: no rows, or a share outside 0 to 1.
    """
    if len(probabilities) == 0 or not 0 <= maximum_abstention <= 1:
        raise BadInput("A threshold needs at least one row and a share of abstentions from 0 to 1.")
    top = np.sort(np.asarray(probabilities, dtype=np.float64).max(axis=1))
    allowed = min(math.floor(maximum_abstention * len(top) + 1e-9), len(top) - 1)
    return float(math.floor(top[allowed] * 10**DIGITS) / 10**DIGITS)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = ECE_BINS) -> float:
    """Expected calibration error, 0 (best) to 1: mean |accuracy - confidence|, weighted by the bins' sizes.

    The top probability is cut into `bins` bins of equal width over 0 to 1, each open below and closed above.

    Args:
        probabilities: (N, 3).
        labels: (N,), 0 to 2.
    """
    values, targets = _checked(probabilities, labels)
    confidence = values.max(axis=1)
    correct = values.argmax(axis=1) == targets
    bin_of = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(int)
    gaps = np.bincount(bin_of, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(targets))


def risk_coverage(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """What abstaining buys: one row for each distinct top probability, from strict to all-accepting.

    Returns:
        Columns `threshold` (rows with at least this top probability are read), `coverage` (their share,
        over 0 to 1), `risk` (error rate among them, 0 to 1) and `n` (their number).
    """
    values, targets = _checked(probabilities, labels)
    confidence = values.max(axis=1)
    wrong = values.argmax(axis=1) != targets
    frame = pd.DataFrame({"threshold": confidence, "wrong": wrong, "n": 1})
    grouped = frame.groupby("threshold", as_index=False)[["wrong", "n"]].sum()
    grouped = grouped.sort_values("threshold", ascending=False, ignore_index=True)
    n = grouped["n"].cumsum()
    return pd.DataFrame(
        {
            "threshold": grouped["threshold"],
            "coverage": n / len(targets),
            "risk": grouped["wrong"].cumsum() / n,
            "n": n,
        }
    )


def _checked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, targets = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if values.ndim != 2 or len(values) == 0 or targets.shape != (len(values),):
        raise BadInput(
            f"Expected N rows of scores and N labels, N over 0; came {values.shape} and {targets.shape}."
        )
    if not np.issubdtype(targets.dtype, np.integer) or targets.min() < 0 or targets.max() >= values.shape[1]:
        raise BadInput(f"Labels must be whole numbers from 0 to {values.shape[1] - 1}.")
    return values, targets
