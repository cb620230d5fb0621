"""The settings of a fine-tuning: validated when made, stored with every model, readable again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.adapter import HEAD_TOKENS, MAX_LENGTH, TAIL_TOKENS

CLASS_WEIGHTS = ("none", "balanced")
KEPT_EPOCHS = ("best", "last")
# names of the dense layers inside one transformer layer, BERT's and MPNet's
DENSE_LAYERS = ("query", "key", "value", "q", "k", "v", "o", "dense")


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is fine-tuned.

    Attributes:
        learning_rate: peak rate of AdamW, above 0, at most 0.1.
        batch_size: texts of one step.
        epochs: at most this many passes over the training rows.
        lora_rank: rank of the added matrices.
        lora_alpha: the matrices' product is scaled by alpha / rank.
        lora_dropout, head_dropout: shares of 0 up to under 1.
        replay_share: share of general examples in every epoch, 0 up to under 1; used where a replay frame
            is given.
        seed: of the head, of dropout and of every shuffle, 0 to 2**31 - 1.
        warmup_share: share of all steps over which the rate rises from 0; then it falls to 0 in a line.
        weight_decay: AdamW's, 0 or more.
        patience: epochs without a better macro-F1 after which training stops; 0 never stops early.
        label_smoothing: 0 up to under 1.
        class_weights: `none`, or `balanced`: a class counts as much as its rows are rare.
        max_length: tokens read of a text; 256 is what the shipped models read.
        targets: names of the layers that get LoRA matrices, by the last part of their path.
        distil_temperature: at which a teacher's probabilities are matched, 1 or more.
        distil_weight: weight of one distilled text against one labelled one, above 0.
        consistency_weight: of the divergence between two readings of a text under different dropout (R-Drop,
            Wu et al. 2021); 0 reads each text once a step, anything above takes twice the time.
        keep_epoch: `best` by validation macro-F1, or `last`, for runs that are averaged afterwards.
    """

    learning_rate: float = 5e-4
    batch_size: int = 32
    epochs: int = 4
    lora_rank: int = 16
    lora_alpha: float = 32.0
    lora_dropout: float = 0.05
    head_dropout: float = 0.1
    replay_share: float = 0.5
    seed: int = 13
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    patience: int = 0
    label_smoothing: float = 0.0
    class_weights: str = "none"
    max_length: int = MAX_LENGTH
    targets: tuple[str, ...] = DENSE_LAYERS
    distil_temperature: float = 2.0
    distil_weight: float = 1.0
    consistency_weight: float = 0.0
    keep_epoch: str = "best"

    def __post_init__(self) -> None:
        """Refuses values that no training can use."""
        shares = ("lora_dropout", "head_dropout", "replay_share", "label_smoothing", "warmup_share")
        rules = {
            "learning_rate must lie above 0 and at most at 0.1": 0 < self.learning_rate <= 0.1,
            "batch_size must lie in 1 to 4096": 1 <= self.batch_size <= 4096,
            "epochs must lie in 1 to 200": 1 <= self.epochs <= 200,
            "lora_rank must lie in 1 to 256": 1 <= self.lora_rank <= 256,
            "lora_alpha must be positive": self.lora_alpha > 0,
            f"{', '.join(shares)} must lie in 0 to under 1": all(0 <= getattr(self, s) < 1 for s in shares),
            "seed must lie in 0 to 2**31 - 1": 0 <= self.seed < 2**31,
            "weight_decay and patience must be 0 or more": self.weight_decay >= 0 and self.patience >= 0,
            f"class_weights must be one of {', '.join(CLASS_WEIGHTS)}": self.class_weights in CLASS_WEIGHTS,
            "max_length must lie in 8 to 512": 8 <= self.max_length <= 512,
            "targets must name at least one layer": bool(self.targets),
            "distil_temperature must be 1 or more": self.distil_temperature >= 1,
            "distil_weight must be positive": self.distil_weight > 0,
            "consistency_weight must lie in 0 to 100": 0 <= self.consistency_weight <= 100,
            f"keep_epoch must be one of {', '.join(KEPT_EPOCHS)}": self.keep_epoch in KEPT_EPOCHS,
        }
        broken = [rule for rule, holds in rules.items() if not holds]
        if broken:
            raise BadInput(f"Training settings: {'; '.join(broken)}.")

    @property
    def cut(self) -> tuple[int, int]:
        """How many first and last content tokens a long text keeps: 128 and 126 of 256."""
        tail = round((self.max_length - 2) * TAIL_TOKENS / (HEAD_TOKENS + TAIL_TOKENS))
        return self.max_length - 2 - tail, tail

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**dataclasses.asdict(self), "targets": list(self.targets)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingSettings:
        """The settings that `to_dict` wrote; keys that are left out have their defaults.

        Raises:
            BadInput: an unknown key or a value that cannot be used.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise BadInput(f"Training settings do not know {', '.join(unknown)}.")
        given = dict(values)
        if "targets" in given:
            given["targets"] = tuple(given["targets"])
        try:
            return cls(**given)
        except TypeError as error:
            raise BadInput(f"Training settings: {error}.") from error


def class_weights(labels: Mapping[str, int], kind: str) -> dict[str, float]:
    """Weight of each class from its number of rows; `balanced` gives total / (classes * rows).

    A class without rows weighs 1; it occurs nowhere.
    """
    if kind == "none":
        return dict.fromkeys(LABELS, 1.0)
    present = {label: count for label, count in labels.items() if count}
    total = sum(present.values())
    return {label: total / (len(present) * present[label]) if label in present else 1.0 for label in LABELS}
