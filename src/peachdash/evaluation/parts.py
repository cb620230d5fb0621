"""Two models on parts of the same reviews: on each kind of review, and on each business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from peachdash.evaluation.bootstrap import check_options, draw_clusters
from peachdash.evaluation.compare import (
    paired_confusions,
    paired_difference,
    paired_readings,
    reading_error,
)
from peachdash.evaluation.evaluate import proportion
from peachdash.evaluation.frames import BASE_COLUMNS, check_predictions
from peachdash.evaluation.real_sets import accuracy_difference
from peachdash.evaluation.results import Estimate
from peachdash.evaluation.slices import slice_members


def compare_slices(
    frame_a: pd.DataFrame,
    frame_b: pd.DataFrame,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """The error of model b minus that of model a on each slice; above 0, b is worse.

    Args:
        frame_a, frame_b: as `compare_models` takes them.
        confidence: level of the intervals, which a paired bootstrap clustered by business gives.
        resamples: bootstrap resamples, at least 100.
        seed: seed of the bootstrap.

    Returns:
        Differences (-1 to 1) by slice; "all" and the pooled "peachy" come first. One that no review is in has
        no value.

    Raises:
        BadInput: as `compare_models`.
    """
    check_options(confidence, resamples)
    pairs = paired_readings(frame_a, frame_b)
    groups, businesses = pd.factorize(pairs["business_id"].astype(str))
    draws = draw_clusters(len(businesses), resamples, seed) if len(businesses) > 1 else None
    return {
        name: paired_difference(
            reading_error,
            paired_confusions(pairs[member], groups[member], len(businesses)),
            draws,
            confidence,
            "no reviews in this slice",
        )
        for name, member in slice_members(pairs["slices"]).items()
    }


def compare_businesses(frame_a: pd.DataFrame, frame_b: pd.DataFrame) -> dict[str, Estimate]:
    """The error of model b minus that of model a on the reviews of each business, by its id.

    The intervals are those of a paired bootstrap over the reviews of the business.

    Raises:
        BadInput: as `compare_models`.
    """
    pairs = paired_readings(frame_a, frame_b)
    found = {}
    for business, rows in pairs.groupby(pairs["business_id"].astype(str)):
        right_a, right_b = (
            np.asarray(rows[column] == rows["gold"], dtype=bool) for column in ("label_a", "label_b")
        )
        better = accuracy_difference(right_a, right_b)
        found[str(business)] = _negated(better)
    return found


def _negated(difference: Estimate) -> Estimate:
    if difference.value is None:
        return difference
    low, high = difference.low, difference.high
    return replace(
        difference,
        value=-difference.value,
        low=None if high is None else -high,
        high=None if low is None else -low,
    )


def business_errors(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How much each model misreads of each business.

    Args:
        frames: by what a model is called, its readings as `evaluate_model` takes them.

    Returns:
        Rows (model, business_id, error, low, high, n), rates 0 to 1 with Wilson's interval.

    Raises:
        BadInput: a column or a label is not as it should be.
    """
    rows = []
    for model, frame in frames.items():
        checked = check_predictions(frame, BASE_COLUMNS, model)
        wrong = checked["gold"] != checked["label"]
        for business, of in wrong.groupby(checked["business_id"].astype(str)):
            error = proportion(int(of.sum()), len(of), 0.95)
            rows.append((model, str(business), error.value, error.low, error.high, error.n))
    return pd.DataFrame(rows, columns=["model", "business_id", "error", "low", "high", "n"])
