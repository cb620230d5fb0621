"""With which settings a champion is trained unless somebody chooses others, and on what it can be trained.

They are those of the shipped champions (`make models`), for a single model: one seed and no teacher.
An encoder of the hub gets a lower rate, in the middle of what did well for the two others.
"""

from __future__ import annotations

import pandas as pd

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.encoders import HUB_SIZE
from peachdash.sentiment.training_settings import TrainingSettings

RECIPES: dict[str, TrainingSettings] = {
    "small": TrainingSettings(learning_rate=1e-3, batch_size=32, epochs=8, replay_share=0.5),
    "base": TrainingSettings(
        learning_rate=8e-4, batch_size=64, epochs=8, lora_rank=8, lora_alpha=16.0, replay_share=0.5
    ),
    HUB_SIZE: TrainingSettings(learning_rate=5e-4, batch_size=32, epochs=8, replay_share=0.5),
}
ALPHA_BY_RANK = 2.0

LEAST_TRAIN, LEAST_OF_CLASS, LEAST_VALIDATION = 50, 5, 20


def require_trainable(train: pd.DataFrame, validation: pd.DataFrame) -> None:
    """Refuses data on which a training would be a waste of time.

    Args:
        train, validation: with a column label.

    Raises:
        BadInput: fewer than 50 train or 20 validation reviews, a label outside the three, or a class with
            fewer than 5 train reviews.
    """
    _require_known(pd.concat([train["label"], validation["label"]]))
    for name, frame, least in (("train", train, LEAST_TRAIN), ("validation", validation, LEAST_VALIDATION)):
        if len(frame) < least:
            raise BadInput(
                f"The data set has {len(frame):,} {name} reviews, and a training needs at least {least}: "
                "label more and freeze another version."
            )
    counts = train["label"].value_counts()
    thin = [f"{counts.get(label, 0)} {label}" for label in LABELS if counts.get(label, 0) < LEAST_OF_CLASS]
    if thin:
        raise BadInput(
            f"The train reviews are {' and '.join(thin)}: each of the three classes needs at least "
            f"{LEAST_OF_CLASS}, or the model forgets it. Label more of it and freeze another version."
        )


def _require_known(labels: pd.Series) -> None:
    unknown = sorted({str(label) for label in labels} - set(LABELS))
    if unknown:
        raise BadInput(f"Labels must be {', '.join(LABELS)}; the data set holds {', '.join(unknown[:5])}.")
