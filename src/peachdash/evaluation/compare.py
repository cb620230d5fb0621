"""Two models on the same reviews: who is right more often, and is that more than chance?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar

from peachdash.errors import BadInput
from peachdash.evaluation import scores
from peachdash.evaluation.bootstrap import check_options, draw_clusters, percentile_estimate, resample
from peachdash.evaluation.frames import BASE_COLUMNS, check_predictions
from peachdash.evaluation.results import Comparison, Disagreement, Estimate
from peachdash.evaluation.slices import PEACHY, slice_members

COMPARISON_COLUMNS: tuple[str, ...] = ("review_id", *BASE_COLUMNS)
FEW_BUSINESSES = 30


def compare_models(
    frame_a: pd.DataFrame,
    frame_b: pd.DataFrame,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Model b against model a on the reviews that both frames hold.

    McNemar's exact test asks whether the discordant reviews fall evenly to both; the differences have
    percentile intervals of a paired bootstrap clustered by business (both models see the same draws).

    Args:
        frame_a: one row a review, with the columns review_id (unique), gold, label, slices and
            business_id, as `evaluate_model` takes them; others are ignored. Slices and business are
            read from this frame.
        frame_b: the same for the other model.
        confidence: level of the intervals, between 0 and 1.
        resamples: bootstrap resamples, at least 100.
        seed: seed of the bootstrap.

    Returns:
        Differences as b minus a. Identical labels give a difference of exactly 0 and p = 1.

    Raises:
        BadInput: no review is in both frames, a review's gold label differs between them, a review_id
            occurs twice, or a column or label is not as described.
    """
    check_options(confidence, resamples)
    pairs = paired_readings(frame_a, frame_b)
    groups, businesses = pd.factorize(pairs["business_id"].astype(str))
    draws = draw_clusters(len(businesses), resamples, seed) if len(businesses) > 1 else None
    a_right = (pairs["label_a"] == pairs["gold"]).to_numpy(dtype=bool)
    b_right = (pairs["label_b"] == pairs["gold"]).to_numpy(dtype=bool)
    table = np.array(
        [
            [(a_right & b_right).sum(), (a_right & ~b_right).sum()],
            [(~a_right & b_right).sum(), (~a_right & ~b_right).sum()],
        ]
    )
    peachy = slice_members(pairs["slices"])[PEACHY]
    whole = paired_confusions(pairs, groups, len(businesses))
    hard = paired_confusions(pairs[peachy], groups[peachy], len(businesses))
    return Comparison(
        n=len(pairs),
        businesses=len(businesses),
        confidence=confidence,
        both_right=int(table[0, 0]),
        only_a_right=int(table[0, 1]),
        only_b_right=int(table[1, 0]),
        both_wrong=int(table[1, 1]),
        p_value=float(mcnemar(table, exact=True).pvalue),
        accuracy_difference=paired_difference(scores.accuracy, whole, draws, confidence),
        macro_f1_difference=paired_difference(_macro_f1, whole, draws, confidence),
        peachy_error_difference=paired_difference(
            reading_error, hard, draws, confidence, "no reviews in the peachy slices"
        ),
        disagreements=_disagreements(pairs, a_right, b_right),
        note=_note(len(businesses)),
    )


def paired_readings(frame_a: pd.DataFrame, frame_b: pd.DataFrame) -> pd.DataFrame:
    """The reviews of both frames: review_id, gold, label_a, label_b, slices (tuples), business_id.

    Raises:
        BadInput: as `compare_models`.
    """
    a, b = (
        _keyed(check_predictions(frame, COMPARISON_COLUMNS, name), name)
        for frame, name in ((frame_a, "frame_a"), (frame_b, "frame_b"))
    )
    columns = ["review_id", "gold", "label"]
    pairs = a[[*columns, "slices", "business_id"]].merge(b[columns], on="review_id", suffixes=("_a", "_b"))
    if pairs.empty:
        raise BadInput(
            f"Two models are compared on the same reviews; of {len(a)} and {len(b)} none is in both. "
            "Score the same reviews with both."
        )
    differing = pairs.loc[pairs["gold_a"] != pairs["gold_b"], "review_id"]
    if len(differing):
        raise BadInput(
            f"The gold labels of {len(differing)} reviews differ between the frames, the first is review "
            f"{differing.iloc[0]!r}; load both with the same gold labels."
        )
    return pairs.rename(columns={"gold_a": "gold"}).drop(columns="gold_b")


def _keyed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    keyed = frame.assign(review_id=frame["review_id"].astype(str))
    twice = keyed.loc[keyed["review_id"].duplicated(), "review_id"]
    if len(twice):
        raise BadInput(f"{name}: expected each review once, got {twice.iloc[0]!r} more than once.")
    return keyed


def paired_confusions(
    pairs: pd.DataFrame, groups: np.ndarray, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Confusion matrices by business, (B, 3, 3), of a and of b."""
    a, b = (
        scores.group_confusions(pairs.assign(label=pairs[column]), groups, n_groups)[:, 0]
        for column in ("label_a", "label_b")
    )
    return a, b


def _macro_f1(confusion: np.ndarray) -> np.ndarray:
    return scores.macro_scores(confusion)[2]


def reading_error(confusion: np.ndarray) -> np.ndarray:
    """Share off the diagonal, (..., 3, 3) to (...)."""
    return 1 - scores.accuracy(confusion)


def paired_difference(
    score: scores.Score,
    tensors: tuple[np.ndarray, np.ndarray],
    draws: np.ndarray | None,
    confidence: float,
    reason: str = "no reviews",
) -> Estimate:
    """A score of b minus that of a, with the interval of the resamples that both see.

    Args:
        score: of confusion matrices, (..., 3, 3) to (...).
        tensors: from `paired_confusions`.
        draws: from `draw_clusters`; None where the reviews come from one business.
        confidence: level of the interval.
        reason: what is said of an undefined difference.
    """
    a, b = tensors
    value = float(score(b.sum(axis=0)) - score(a.sum(axis=0)))
    many = None if draws is None else score(resample(b, draws)) - score(resample(a, draws))
    return percentile_estimate(value, many, int(a.sum()), confidence, reason)


def _disagreements(pairs: pd.DataFrame, a_right: np.ndarray, b_right: np.ndarray) -> tuple[Disagreement, ...]:
    right = np.select([a_right, b_right], ["a", "b"], default="neither")
    columns = ["review_id", "business_id", "gold", "label_a", "label_b", "right"]
    differing = pairs.assign(right=right)[(pairs["label_a"] != pairs["label_b"]).to_numpy()]
    return tuple(Disagreement(*map(str, row)) for row in differing[columns].itertuples(index=False))


def _note(businesses: int) -> str:
    ignores = "McNemar's test takes reviews as independent and ignores that those of one business are alike"
    if businesses == 1:
        return f"The reviews come from one business: no interval by business is possible, and {ignores}."
    if businesses < FEW_BUSINESSES:
        return (
            f"The reviews come from {businesses} businesses, which are few clusters: the intervals are rough "
            f"and rather too narrow, and {ignores}."
        )
    return f"The reviews come from {businesses} businesses. {ignores}; the intervals do not."
