"""How fast this machine trains: from each training, or a short trial; the estimate of time rests on it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from peachdash.config import Settings
from peachdash.jobs.runs import read_json, write_json
from peachdash.sentiment.encoders import EncoderSpec, find_encoder, locate_encoder
from peachdash.sentiment.training_settings import TrainingSettings

if TYPE_CHECKING:
    from peachdash.sentiment.training import TrainedModel

FILE = "training_speed.json"
TRIAL_SECONDS, TRIAL_ROWS = 12.0, 512
GENERAL_TOKENS = 25.0
"""Mean tokens of a general text, special ones included: 107,672 in a draw of 4,329 texts."""


@dataclass(frozen=True)
class TrainingSpeed:
    """A measured speed.

    Attributes:
        tokens_per_second: learned from, padding left out, validation and all else between included.
        source: `trial`, or the id of the training that it was measured in.
    """

    tokens_per_second: float
    source: str

    @property
    def words(self) -> str:
        where = "in a short trial" if self.source == "trial" else "in the last training"
        return f"{self.tokens_per_second:,.0f} tokens a second, measured here {where}"


def find_training_speed(settings: Settings, encoder: EncoderSpec) -> TrainingSpeed | None:
    """The speed that was measured last on this machine with an encoder; None where none was."""
    if find_encoder(encoder, settings.encoders) is None:
        return None
    found = read_json(settings.home / FILE).get(f"{encoder.key} {settings.device}")
    return TrainingSpeed(**found) if isinstance(found, dict) else None


def remember_training(settings: Settings, encoder: EncoderSpec, trained: TrainedModel, run_id: str) -> None:
    """Keep the speed of a finished training."""
    if trained.seconds > 0 and trained.tokens:
        _remember(settings, encoder, TrainingSpeed(trained.tokens / trained.seconds, run_id))


def _remember(settings: Settings, encoder: EncoderSpec, speed: TrainingSpeed) -> None:
    known = read_json(settings.home / FILE)
    row = {"tokens_per_second": round(speed.tokens_per_second, 1), "source": speed.source}
    settings.home.mkdir(parents=True, exist_ok=True)
    write_json(settings.home / FILE, {**known, f"{encoder.key} {settings.device}": row})


def count_own_tokens(
    settings: Settings, encoder: EncoderSpec, rows: pd.DataFrame, chosen: TrainingSettings
) -> int:
    """Tokens of the train reviews, special ones included, as a model on the encoder reads them."""
    from peachdash.sentiment.tokens import encode_texts, load_tokenizer

    tokenizer = load_tokenizer(locate_encoder(encoder, settings.encoders))
    texts = list(rows.loc[rows["split"] == "train", "text"])
    return int(encode_texts(tokenizer, texts, 0, *chosen.cut).lengths.sum())


def count_tokens(own: int, reviews: int, chosen: TrainingSettings) -> int:
    """Tokens that a training goes through: its train reviews and their share of general text, every epoch.

    Args:
        own: tokens of the train reviews.
        reviews: how many these are.
        chosen: settings; a general text counts as `GENERAL_TOKENS`.
    """
    share = chosen.replay_share
    return round((own + reviews * share / (1 - share) * GENERAL_TOKENS) * chosen.epochs)


def estimate_seconds(
    settings: Settings, encoder: EncoderSpec, rows: pd.DataFrame, chosen: TrainingSettings
) -> tuple[float, TrainingSpeed] | None:
    """How long a training would take, and the speed that this rests on; None where none was measured."""
    speed = find_training_speed(settings, encoder)
    if speed is None:
        return None
    own = count_own_tokens(settings, encoder, rows, chosen)
    reviews = int((rows["split"] == "train").sum())
    return count_tokens(own, reviews, chosen) / speed.tokens_per_second, speed


def measure_training_speed(
    settings: Settings, encoder: EncoderSpec, rows: pd.DataFrame, chosen: TrainingSettings
) -> TrainingSpeed:
    """Trains on a sample for about twelve seconds, throws the result away, and remembers the speed."""
    from peachdash.errors import TrainingCancelled
    from peachdash.sentiment.training import train
    from peachdash.sentiment.training_loop import Watch

    seen: list[tuple[float, int]] = []

    def look(event: dict[str, Any]) -> None:
        seen.append((time.perf_counter(), int(event["tokens"])))
        if len(seen) > 1 and seen[-1][0] - seen[0][0] > TRIAL_SECONDS:
            raise TrainingCancelled("measured")

    sample = rows[rows["split"] == "train"]
    sample = sample.sample(min(TRIAL_ROWS, len(sample)), random_state=0).reset_index(drop=True)
    with suppress(TrainingCancelled):
        train(
            TrainingSettings.from_dict({**chosen.to_dict(), "epochs": 50}),
            sample,
            sample.iloc[:1],
            encoder_path=locate_encoder(encoder, settings.encoders),
            device=settings.device,
            watch=Watch(on_step=look),
        )
    (began, first), (ended, last) = seen[0], seen[-1]
    speed = TrainingSpeed((last - first) / max(ended - began, 1e-9), "trial")
    _remember(settings, encoder, speed)
    return speed
