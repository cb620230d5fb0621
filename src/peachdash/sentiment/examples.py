"""Training examples as tokens and soft targets, and the order in which an epoch goes through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.tokens import EncodedTexts, encode_texts
from peachdash.sentiment.training_settings import TrainingSettings, class_weights

PROBABILITY_COLUMNS = [f"p_{label}" for label in LABELS]
BATCHES_SORTED_TOGETHER = 32


@dataclass(frozen=True)
class Examples:
    """N training examples.

    Attributes:
        tokens: their texts.
        targets: (N, 3) probabilities to be matched, rows summing to 1.
        weights: (N,) positive.
        temperatures: (N,) at which a row is matched: 1 for labels, more for a teacher's probabilities.
    """

    tokens: EncodedTexts
    targets: np.ndarray
    weights: np.ndarray
    temperatures: np.ndarray

    def __len__(self) -> int:
        """N."""
        return len(self.weights)


def label_indices(frame: pd.DataFrame) -> np.ndarray:
    """Labels as 0 to 2 in the order of `LABELS`, (N,) int64.

    Raises:
        BadInput: a column is missing, a label is unknown, a text is blank, or there is no row.
    """
    if not {"text", "label"} <= set(frame.columns) or frame.empty:
        raise BadInput("Training and validation need rows with the columns text and label.")
    unknown = sorted({str(label) for label in frame["label"]} - set(LABELS))
    if unknown:
        raise BadInput(f"Labels must be {', '.join(LABELS)}; found {', '.join(unknown[:5])}.")
    if any(not isinstance(text, str) or not text.strip() for text in frame["text"]):
        raise BadInput("A blank text cannot be trained or validated on: leave such rows out.")
    return np.asarray([LABELS.index(label) for label in frame["label"]], dtype=np.int64)


def labelled_examples(
    frame: pd.DataFrame, tokenizer: Any, pad_id: int, settings: TrainingSettings
) -> Examples:
    """Examples from columns text, label and, optionally, weight (positive; 1 where absent).

    Label smoothing spreads its share evenly over the three classes; class weights multiply the weight.
    """
    labels = label_indices(frame)
    smoothing = settings.label_smoothing
    targets = np.eye(3)[labels] * (1 - smoothing) + smoothing / 3
    by_class = class_weights(dict(frame["label"].value_counts()), settings.class_weights)
    weights = np.array([by_class[label] for label in LABELS])[labels]
    if "weight" in frame:
        weights = weights * frame["weight"].to_numpy(dtype=np.float64)
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise BadInput("Weights of training rows must be positive numbers.")
    return _examples(frame, tokenizer, pad_id, settings, targets, weights, 1.0)


def distilled_examples(
    frame: pd.DataFrame, tokenizer: Any, pad_id: int, settings: TrainingSettings
) -> Examples:
    """Examples from columns text, p_negative, p_neutral and p_positive: a teacher's probabilities.

    They are matched at `distil_temperature` T: targets are the teacher's probabilities to the power 1 / T,
    normalised, against the student's logits / T (Hinton et al., "Distilling the Knowledge in a Neural
    Network", 2015).
    """
    if not {"text", *PROBABILITY_COLUMNS} <= set(frame.columns):
        raise BadInput(f"Distillation needs the columns text, {', '.join(PROBABILITY_COLUMNS)}.")
    teacher = frame[PROBABILITY_COLUMNS].to_numpy(dtype=np.float64)
    if not np.isfinite(teacher).all() or not np.allclose(teacher.sum(axis=1), 1, atol=1e-3):
        raise BadInput("A teacher's probabilities must sum to 1 in every row.")
    softened = np.clip(teacher, 1e-6, 1) ** (1 / settings.distil_temperature)
    targets = softened / softened.sum(axis=1, keepdims=True)
    weights = np.full(len(frame), settings.distil_weight)
    return _examples(frame, tokenizer, pad_id, settings, targets, weights, settings.distil_temperature)


def epoch_batches(examples: Examples, batch_size: int, seed: int) -> Iterator[np.ndarray]:
    """Row numbers of the batches of one epoch: shuffled, with texts of similar length together.

    The rows are shuffled, sorted by length within each run of 32 batches, and the batches shuffled again.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(examples))
    lengths = examples.tokens.lengths
    run = batch_size * BATCHES_SORTED_TOGETHER
    runs = [order[start : start + run] for start in range(0, len(order), run)]
    ordered = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in runs])
    batches = [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]
    for index in generator.permutation(len(batches)):
        yield batches[index]


def draw_replay(replay: Examples, own: int, share: float, seed: int) -> np.ndarray:
    """Row numbers of general examples, so that they make up `share` of an epoch with `own` rows.

    Each is drawn once before any is drawn twice.
    """
    wanted = round(own * share / (1 - share))
    generator = np.random.default_rng(seed)
    rounds = -(-wanted // len(replay)) if len(replay) else 0
    drawn = [generator.permutation(len(replay)) for _ in range(rounds)]
    return np.concatenate(drawn)[:wanted] if drawn else np.zeros(0, dtype=np.int64)


def join_examples(parts: list[tuple[Examples, np.ndarray]]) -> Examples:
    """The chosen rows of several example sets, one after the other."""
    tokens = _join_tokens([(part.tokens, rows) for part, rows in parts])
    columns = [
        np.concatenate([getattr(part, name)[rows] for part, rows in parts])
        for name in ("targets", "weights", "temperatures")
    ]
    return Examples(tokens, *columns)


def _examples(
    frame: pd.DataFrame,
    tokenizer: Any,
    pad_id: int,
    settings: TrainingSettings,
    targets: np.ndarray,
    weights: np.ndarray,
    temperature: float,
) -> Examples:
    tokens = encode_texts(tokenizer, list(frame["text"]), pad_id, *settings.cut)
    return Examples(tokens, targets, weights, np.full(len(frame), temperature))


def _join_tokens(parts: list[tuple[EncodedTexts, np.ndarray]]) -> EncodedTexts:
    pieces = [
        tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]] for tokens, rows in parts for row in rows
    ]
    offsets = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    return EncodedTexts(np.concatenate(pieces), offsets, parts[0][0].pad_id)
