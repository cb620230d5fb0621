"""Held-out figures of a model, and of two models on the same reviews.

`evaluate_model` and `compare_models` take frames of predictions beside gold labels and return frozen
results, which round-trip through JSON by `to_dict` and `from_dict`. Nothing here reads a file, a
database or a model.
"""

from peachdash.evaluation.compare import compare_models
from peachdash.evaluation.evaluate import evaluate_model
from peachdash.evaluation.results import (
    ClassScores,
    Comparison,
    Disagreement,
    Estimate,
    ModelEvaluation,
    Reweighted,
    RiskCoverage,
)
from peachdash.evaluation.slices import natural_shares_of, primary_slice

__all__ = [
    "ClassScores",
    "Comparison",
    "Disagreement",
    "Estimate",
    "ModelEvaluation",
    "Reweighted",
    "RiskCoverage",
    "compare_models",
    "evaluate_model",
    "natural_shares_of",
    "primary_slice",
]
