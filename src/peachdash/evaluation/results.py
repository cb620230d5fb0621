"""The results of an evaluation: frozen, and the same after a round trip through JSON.

A figure that does not exist (no reviews, an interval from one business) is None, never NaN, because
JSON has no NaN; the `reason` beside it says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import pandas as pd


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval and the number of reviews that it rests on.

    Attributes:
        value: the figure: a rate or score from 0 to 1, or a difference from -1 to 1; None if undefined.
        low: lower end of the interval; None where there is no interval.
        high: upper end of the interval; None where there is no interval.
        n: reviews that the figure rests on.
        reason: why the value or the interval is missing; empty otherwise.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A dict of JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{item.name: data[item.name] for item in fields(cls) if item.name in data})


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one class, or their macro averages."""

    precision: Estimate
    recall: Estimate
    f1: Estimate

    def to_dict(self) -> dict[str, Any]:
        """A dict of JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{item.name: Estimate.from_dict(data[item.name]) for item in fields(cls)})


@dataclass(frozen=True)
class RiskCoverage:
    """Error against the share of reviews kept, the most confident first.

    Attributes:
        coverage: share of the reviews kept, ascending, each in (0, 1].
        risk: error rate among them, 0 to 1, as long as `coverage`.
        threshold: lowest top probability among them, 0 to 1, as long as `coverage`.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    threshold: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """A dict of JSON values."""
        return {item.name: list(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{item.name: tuple(data[item.name]) for item in fields(cls)})

    def frame(self) -> pd.DataFrame:
        """The curve as a frame with the columns coverage, risk, threshold, each 0 to 1."""
        return pd.DataFrame({item.name: list(getattr(self, item.name)) for item in fields(self)}, dtype=float)


@dataclass(frozen=True)
class Reweighted:
    """Figures for the natural mix of slices, from a sample that is rich in hard ones.

    Attributes:
        accuracy: accuracy under the natural mix, 0 to 1.
        macro_f1: macro-F1 under the natural mix, 0 to 1.
        shares: natural share of each slice that was sampled, rescaled to sum to 1.
        not_sampled: slices with a natural share of which the sample holds no review.
        left_out: slices in the sample without a natural share; their reviews weigh nothing.
    """

    accuracy: Estimate
    macro_f1: Estimate
    shares: dict[str, float]
    not_sampled: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A dict of JSON values."""
        return asdict(self) | {"not_sampled": list(self.not_sampled), "left_out": list(self.left_out)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            accuracy=Estimate.from_dict(data["accuracy"]),
            macro_f1=Estimate.from_dict(data["macro_f1"]),
            shares=dict(data["shares"]),
            not_sampled=tuple(data["not_sampled"]),
            left_out=tuple(data["left_out"]),
        )


@dataclass(frozen=True)
class ModelEvaluation:
    """What one model does on one set of reviews with gold labels.

    Attributes:
        n: reviews.
        businesses: businesses that the reviews come from: the clusters of the bootstrap.
        confidence: level of all intervals, for example 0.95.
        accuracy: share of reviews whose label is the gold label.
        classes: scores of each class, by label.
        macro: the scores averaged over the classes that occur.
        confusion: 3 by 3 counts, rows gold, columns predicted, in the order of `records.LABELS`.
        slice_errors: error rate by slice; "all" and the pooled "peachy" come first.
        calibration_error: expected calibration error, 0 (best) to 1; None without probabilities.
        risk_coverage: error against the share of reviews kept.
        accepted_share: share of reviews that the model does not send to review.
        accepted_error: error rate among those.
        reweighted: figures for natural slice shares; None where none were given or none was sampled.
    """

    n: int
    businesses: int
    confidence: float
    accuracy: Estimate
    classes: dict[str, ClassScores]
    macro: ClassScores
    confusion: tuple[tuple[int, ...], ...]
    slice_errors: dict[str, Estimate]
    calibration_error: float | None
    risk_coverage: RiskCoverage
    accepted_share: Estimate
    accepted_error: Estimate
    reweighted: Reweighted | None = None

    def to_dict(self) -> dict[str, Any]:
        """A dict of JSON values: no NaN, no tuple, no numpy type."""
        return asdict(self) | {
            "confusion": [list(row) for row in self.confusion],
            "risk_coverage": self.risk_coverage.to_dict(),
            "reweighted": None if self.reweighted is None else self.reweighted.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        reweighted = data.get("reweighted")
        return cls(
            n=data["n"],
            businesses=data["businesses"],
            confidence=data["confidence"],
            accuracy=Estimate.from_dict(data["accuracy"]),
            classes={label: ClassScores.from_dict(scores) for label, scores in data["classes"].items()},
            macro=ClassScores.from_dict(data["macro"]),
            confusion=tuple(tuple(row) for row in data["confusion"]),
            slice_errors={name: Estimate.from_dict(error) for name, error in data["slice_errors"].items()},
            calibration_error=data["calibration_error"],
            risk_coverage=RiskCoverage.from_dict(data["risk_coverage"]),
            accepted_share=Estimate.from_dict(data["accepted_share"]),
            accepted_error=Estimate.from_dict(data["accepted_error"]),
            reweighted=None if reweighted is None else Reweighted.from_dict(reweighted),
        )

    def slice_frame(self) -> pd.DataFrame:
        """Error by slice as a frame with the columns slice, error, low, high, n (NaN where undefined)."""
        rows = [(name, e.value, e.low, e.high, e.n) for name, e in self.slice_errors.items()]
        frame = pd.DataFrame(rows, columns=["slice", "error", "low", "high", "n"])
        return frame.astype({"error": float, "low": float, "high": float, "n": int})


@dataclass(frozen=True)
class Disagreement:
    """One review that two models label differently; `right` is "a", "b" or "neither"."""

    review_id: str
    business_id: str
    gold: str
    label_a: str
    label_b: str
    right: str


@dataclass(frozen=True)
class Comparison:
    """Model b against model a on the reviews that both have labelled.

    Every difference is b minus a: above 0 favours b for accuracy and macro-F1, below 0 for an error.

    Attributes:
        n: reviews that both have labelled.
        businesses: businesses that they come from: the clusters of the bootstrap.
        confidence: level of all intervals.
        both_right: reviews that both label as the gold does.
        only_a_right: discordant reviews on which a is right.
        only_b_right: discordant reviews on which b is right.
        both_wrong: reviews that both mislabel, alike or not.
        p_value: McNemar's exact two-sided p.
        accuracy_difference: b minus a.
        macro_f1_difference: b minus a.
        peachy_error_difference: b minus a, error on the pooled "peachy" slice.
        disagreements: the reviews that the two label differently.
        note: what the reader has to know before believing the p-value.
    """

    n: int
    businesses: int
    confidence: float
    both_right: int
    only_a_right: int
    only_b_right: int
    both_wrong: int
    p_value: float
    accuracy_difference: Estimate
    macro_f1_difference: Estimate
    peachy_error_difference: Estimate
    disagreements: tuple[Disagreement, ...]
    note: str

    def to_dict(self) -> dict[str, Any]:
        """A dict of JSON values."""
        return asdict(self) | {"disagreements": [asdict(item) for item in self.disagreements]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        differences = ("accuracy_difference", "macro_f1_difference", "peachy_error_difference")
        return cls(
            **{item.name: data[item.name] for item in fields(cls)}
            | {name: Estimate.from_dict(data[name]) for name in differences}
            | {"disagreements": tuple(Disagreement(**item) for item in data["disagreements"])}
        )

    def disagreement_frame(self) -> pd.DataFrame:
        """Columns review_id, business_id, gold, label_a, label_b, right; empty where the two agree."""
        names = [item.name for item in fields(Disagreement)]
        return pd.DataFrame([asdict(item) for item in self.disagreements], columns=names, dtype=object)
