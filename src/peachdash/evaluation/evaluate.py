"""One model on one set of reviews with gold labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from peachdash.evaluation import scores
from peachdash.evaluation.bootstrap import (
    NO_REVIEWS,
    check_options,
    draw_clusters,
    percentile_estimate,
    resample,
)
from peachdash.evaluation.calibration import expected_calibration_error, risk_coverage
from peachdash.evaluation.frames import EVALUATION_COLUMNS, PROBABILITIES, check_predictions
from peachdash.evaluation.results import ClassScores, Estimate, ModelEvaluation, Reweighted
from peachdash.evaluation.slices import check_shares, primary_slice, slice_members
from peachdash.insights.intervals import wilson
from peachdash.records import LABELS


def evaluate_model(
    frame: pd.DataFrame,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    natural_shares: Mapping[str, float] | None = None,
) -> ModelEvaluation:
    """Every figure of a model on held-out reviews, each with its interval and n.

    Proportions (accuracy, precision and recall of a class, errors, shares) have Wilson intervals; F1 and
    the macro and reweighted figures have percentile intervals of a bootstrap clustered by business.
    Wilson's interval takes reviews as independent, so it is somewhat too narrow where reviews of one
    business resemble each other.

    Args:
        frame: one row a review, with the columns

            gold: the adjudicated label, one of `records.LABELS`.
            label: the model's most probable label, one of `records.LABELS`.
            p_negative, p_neutral, p_positive: probabilities, 0 to 1, summing to 1; rows without them
                are left out of the calibration error and the risk-coverage curve only.
            needs_review: whether the model is below its threshold, bool.
            slices: list of slice names, possibly empty.
            business_id: the business reviewed.

        confidence: level of all intervals, between 0 and 1.
        resamples: bootstrap resamples, at least 100.
        seed: seed of the bootstrap; equal seeds give equal results.
        natural_shares: share of each primary slice among reviews as they come in (see
            `slices.primary_slice`), on any scale. With it, accuracy and macro-F1 are also given
            post-stratified: a review of slice s weighs share_s / n_s, rescaled over the slices sampled;
            each resample is weighted anew.

    Returns:
        The figures; for an empty frame every value is None, with a reason.

    Raises:
        BadInput: a column is missing, a label or probability is not one, or an option is out of range.
    """
    check_options(confidence, resamples)
    if natural_shares is not None:
        check_shares(natural_shares)
    checked = check_predictions(frame, EVALUATION_COLUMNS)
    groups, businesses = pd.factorize(checked["business_id"].astype(str))
    draws = draw_clusters(len(businesses), resamples, seed) if len(businesses) > 1 else None
    by_business = scores.group_confusions(checked, groups, len(businesses))[:, 0]
    confusion = by_business.sum(axis=0)
    resampled = None if draws is None else resample(by_business, draws)
    right = (checked["gold"] == checked["label"]).to_numpy(dtype=bool)
    accepted = ~checked["needs_review"].to_numpy(dtype=bool)
    return ModelEvaluation(
        n=len(checked),
        businesses=len(businesses),
        confidence=confidence,
        accuracy=proportion(right.sum(), len(right), confidence),
        classes=_classes(confusion, resampled, confidence),
        macro=_macro(confusion, resampled, confidence),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        slice_errors=_slice_errors(checked["slices"], ~right, confidence),
        **_confidence_figures(checked, right),
        accepted_share=proportion(accepted.sum(), len(accepted), confidence),
        accepted_error=proportion(
            (accepted & ~right).sum(), accepted.sum(), confidence, "no review accepted"
        ),
        reweighted=None
        if natural_shares is None
        else _reweighted(checked, groups, len(businesses), draws, natural_shares, confidence),
    )


def proportion(successes: int, n: int, confidence: float, reason: str = NO_REVIEWS) -> Estimate:
    """A proportion with its Wilson interval; None with the reason where n is 0."""
    if n == 0:
        return Estimate(None, None, None, 0, reason)
    low, high = wilson(successes, n, confidence)
    return Estimate(float(successes / n), float(low), float(high), int(n))


def _classes(
    confusion: np.ndarray, resampled: np.ndarray | None, confidence: float
) -> dict[str, ClassScores]:
    gold, predicted, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diagonal(confusion)
    f1 = scores.class_scores(confusion)[2]
    f1_resampled = None if resampled is None else scores.class_scores(resampled)[2]
    return {
        label: ClassScores(
            precision=proportion(hits[i], predicted[i], confidence, f"{label} was never predicted"),
            recall=proportion(hits[i], gold[i], confidence, f"no review is {label}"),
            f1=percentile_estimate(
                f1[i],
                None if f1_resampled is None else f1_resampled[:, i],
                int(gold[i]),
                confidence,
                f"no review is {label} and none was called so",
            ),
        )
        for i, label in enumerate(LABELS)
    }


def _macro(confusion: np.ndarray, resampled: np.ndarray | None, confidence: float) -> ClassScores:
    n = int(confusion.sum())
    values = scores.macro_scores(confusion)
    many = [None] * 3 if resampled is None else scores.macro_scores(resampled)
    return ClassScores(
        *(
            percentile_estimate(float(value), several, n, confidence)
            for value, several in zip(values, many, strict=True)
        )
    )


def _slice_errors(slices: pd.Series, wrong: np.ndarray, confidence: float) -> dict[str, Estimate]:
    return {
        name: proportion((member & wrong).sum(), member.sum(), confidence, "no reviews in this slice")
        for name, member in slice_members(slices).items()
    }


def _confidence_figures(frame: pd.DataFrame, right: np.ndarray) -> dict[str, Any]:
    values = frame[list(PROBABILITIES)].to_numpy(dtype=float)
    known = ~np.isnan(values).any(axis=1)
    labels = pd.Categorical(frame["label"], categories=list(LABELS)).codes[known]
    top = values[known, labels].clip(0, 1)
    return {
        "calibration_error": expected_calibration_error(top, right[known]),
        "risk_coverage": risk_coverage(top, right[known]),
    }


def _reweighted(
    frame: pd.DataFrame,
    groups: np.ndarray,
    n_groups: int,
    draws: np.ndarray | None,
    shares: Mapping[str, float],
    confidence: float,
) -> Reweighted | None:
    strata, names = pd.factorize(pd.Series([primary_slice(value) for value in frame["slices"]], dtype=object))
    sampled = {str(name): float(shares[name]) for name in names if shares.get(name, 0) > 0}
    if not sampled:
        return None
    by_business = scores.group_confusions(frame, groups, n_groups, strata, len(names))
    weighted = scores.poststratify(by_business.sum(axis=0), list(names), shares)
    many = None if draws is None else scores.poststratify(resample(by_business, draws), list(names), shares)
    n = int(np.isin(names[strata], list(sampled)).sum())
    total = sum(sampled.values())
    return Reweighted(
        accuracy=percentile_estimate(
            float(scores.accuracy(weighted)), None if many is None else scores.accuracy(many), n, confidence
        ),
        macro_f1=percentile_estimate(
            float(scores.macro_scores(weighted)[2]),
            None if many is None else scores.macro_scores(many)[2],
            n,
            confidence,
        ),
        shares={name: share / total for name, share in sampled.items()},
        not_sampled=tuple(
            sorted(name for name, share in shares.items() if share > 0 and name not in sampled)
        ),
        left_out=tuple(sorted(str(name) for name in names if name not in shares)),
    )
