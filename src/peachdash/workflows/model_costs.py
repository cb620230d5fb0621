"""What a model costs on this machine: reading speed, and room on disk."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from peachdash.config import Settings
from peachdash.errors import BadInput
from peachdash.queries.held_out import fetch_evaluation
from peachdash.records import Scope
from peachdash.sentiment.encoders import ENCODERS, find_encoder
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.database import Database
from peachdash.storage.models import append_evaluation

DATA_SET = "cost"
TEXTS = 200


@dataclass(frozen=True)
class ModelCost:
    """What reading costs with a model.

    Attributes:
        texts_per_second: distinct texts read, tokenizing included, loading left out.
        texts: how many texts it was measured on.
        words: mean number of words of a text.
        device: cpu or cuda.
        precision: that the model computed in.
        machine: the processor's name for itself.
        adapter_bytes: the model's folder on disk; 0 for the lexicon and hub models.
        encoder_bytes: the weights of the encoder that it shares with others; 0 without one.
    """

    texts_per_second: float
    texts: int
    words: float
    device: str
    precision: str
    machine: str
    adapter_bytes: int
    encoder_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelCost:
        """The inverse of `to_dict`."""
        return cls(**data)


def measure_cost(
    database: Database, scope: Scope, settings: Settings, model: ModelReference, texts: Sequence[str]
) -> ModelCost:
    """The cost of a model on this machine; measured and recorded at the first asking.

    Raises:
        BadInput: there is no text to measure with.
        ModelUnavailable: the model cannot be loaded.
    """
    key = f"{platform.node()}|{settings.device}"
    with database.read() as connection:
        stored = fetch_evaluation(connection, scope, model.revision, key)
    if stored is not None:
        return ModelCost.from_dict(stored["result"])
    cost = _measure(settings, model, list(dict.fromkeys(texts))[:TEXTS])
    record = {
        "revision": model.revision,
        "name": model.name,
        "data_set": DATA_SET,
        "data_sha256": key,
        "split": "",
        "result": cost.to_dict(),
        "reason": "",
        "computed_by": scope.viewer,
    }
    with database.write() as connection:
        append_evaluation(connection, record)
    return cost


def _measure(settings: Settings, model: ModelReference, texts: list[str]) -> ModelCost:
    from peachdash.sentiment.engine import Scorer

    if not texts:
        raise BadInput("A model's speed is measured on labelled reviews, and there are none.")
    scorer = Scorer(
        settings.encoders,
        device=settings.device,
        batch_tokens=settings.batch_tokens,
        threads=settings.threads,
    )
    scorer.score(texts[:8], [model])
    started = time.perf_counter()
    table = scorer.score(texts, [model])
    seconds = time.perf_counter() - started
    precision = str(table["precision"][0])
    folder = sum(path.stat().st_size for path in model.folder.iterdir()) if model.folder is not None else 0
    encoder = find_encoder(ENCODERS[model.size], settings.encoders) if model.size else None
    return ModelCost(
        texts_per_second=round(len(texts) / seconds, 1),
        texts=len(texts),
        words=round(sum(len(text.split()) for text in texts) / len(texts), 1),
        device=scorer.device if model.folder is not None or model.role == "hub" else "cpu",
        precision=precision,
        machine=platform.processor() or platform.machine(),
        adapter_bytes=folder,
        encoder_bytes=(encoder / "model.safetensors").stat().st_size if encoder is not None else 0,
    )
