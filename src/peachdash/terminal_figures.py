"""What `peachdash evaluate` prints: tables for people, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peachdash.evaluation import Comparison, Estimate
    from peachdash.workflows.evaluation import HeldOutResult
    from peachdash.workflows.model_costs import ModelCost
    from peachdash.workflows.real_sets import RealSetResult


@dataclass(frozen=True)
class EvaluationReport:
    """Everything that one evaluation has to say.

    Attributes:
        results: each model on the held-out reviews.
        comparisons: names of two models (a, b), and b against a.
        costs: what each revision costs on this machine.
        real_sets: each model on each published set.
    """

    results: Sequence[HeldOutResult]
    comparisons: Sequence[tuple[str, str, Comparison]]
    costs: dict[str, ModelCost]
    real_sets: Sequence[RealSetResult]

    def to_dict(self) -> dict[str, Any]:
        """JSON values: split, models by name, comparisons, real_sets."""
        return {
            "split": "test",
            "models": {result.name: self._model(result) for result in self.results},
            "comparisons": [{"a": a, "b": b, **found.to_dict()} for a, b, found in self.comparisons],
            "real_sets": [
                {
                    "set": found.real_set.name,
                    "labels_from": found.real_set.labels_from,
                    "model": found.name,
                    "revision": found.revision,
                    "was_stored": found.was_stored,
                    **found.to_dict(),
                }
                for found in self.real_sets
            ],
        }

    def _model(self, result: HeldOutResult) -> dict[str, Any]:
        cost = self.costs.get(result.revision)
        return {
            "revision": result.revision,
            "was_stored": result.was_stored,
            **result.evaluation.to_dict(),
            "cost": None if cost is None else cost.to_dict(),
        }


def print_evaluation(report: EvaluationReport, *, as_json: bool) -> None:
    """Figures of each model, of pairs of them, and on published sets."""
    if as_json:
        print(json.dumps(report.to_dict(), ensure_ascii=False))
        return
    for result in report.results:
        _print_model(result)
        if result.revision in report.costs:
            _print_cost(report.costs[result.revision])
    for a, b, comparison in report.comparisons:
        print(f"\n{b} against {a}, {comparison.n:,} reviews")
        print(f"  accuracy        {_points(comparison.accuracy_difference)}")
        print(f"  macro F1        {_points(comparison.macro_f1_difference)}")
        print(f"  peachy error    {_points(comparison.peachy_error_difference)}")
        print(f"  McNemar's exact p {comparison.p_value:.2g}. {comparison.note}")
    for title in dict.fromkeys(found.real_set.title for found in report.real_sets):
        _print_real_set([found for found in report.real_sets if found.real_set.title == title])


def _print_model(result: HeldOutResult) -> None:
    figures = result.evaluation
    stored = ", on record" if result.was_stored else ""
    print(f"\n{result.name} ({result.revision}), {figures.n:,} held-out reviews{stored}")
    print(f"  accuracy        {_share(figures.accuracy)}")
    print(f"  macro F1        {_share(figures.macro.f1)}")
    for label, scores in figures.classes.items():
        cells = (scores.precision, scores.recall, scores.f1)
        precision, recall, f1 = ("none" if cell.value is None else f"{cell.value:.3f}" for cell in cells)
        print(f"  {label:<15} precision {precision}, recall {recall}, F1 {f1}")
    for name, error in figures.slice_errors.items():
        print(f"  error {name:<16} {_share(error)}, n = {error.n:,}")
    print(f"  accepted        {_share(figures.accepted_share)}")
    print(f"  error accepted  {_share(figures.accepted_error)}, n = {figures.accepted_error.n:,}")
    if figures.calibration_error is not None:
        print(f"  calibration error (ECE) {figures.calibration_error:.3f}")
    if figures.reweighted is not None:
        print(f"  at natural shares of the slices: accuracy {_share(figures.reweighted.accuracy)}")
        print(f"                                   macro F1 {_share(figures.reweighted.macro_f1)}")


def _print_cost(cost: ModelCost) -> None:
    speed = f"{cost.texts_per_second:,.0f} texts a second here ({cost.device}, {cost.precision}"
    disk = f"; {cost.adapter_bytes / 1e6:.1f} MB" if cost.adapter_bytes else ""
    encoder = f" and an encoder of {cost.encoder_bytes / 1e6:.0f} MB" if cost.encoder_bytes else ""
    print(f"  {speed}, {cost.words:.0f} words on average){disk}{encoder}")


def _print_real_set(found: Sequence[RealSetResult]) -> None:
    real_set = found[0].real_set
    n = found[0].evaluation.n
    print(f"\n{real_set.title}: {n:,} texts, {real_set.classes} classes, labels from {real_set.labels_from}")
    for result in found:
        words = f"  {result.name:<16} accuracy {_share(result.evaluation.accuracy)}"
        if result.two_class_accuracy is not None:
            words += f"; between the two classes {_share(result.two_class_accuracy)}"
        print(words)
        if result.difference is not None:
            print(f"  {'':<16} against its generic model {_points(result.difference)}")


def _share(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"none ({estimate.reason})"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _points(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"none ({estimate.reason})"
    low, high = (f"{100 * end:+.1f}" if end is not None else "?" for end in (estimate.low, estimate.high))
    return f"{100 * estimate.value:+.1f} points ({low} to {high})"
