"""What a model costs on this machine: reading speed, and room on disk."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from peachdash.config import Settings
from peachdash.errors import BadInput, NotFound
from peachdash.queries.held_out import fetch_evaluation
from peachdash.records import Scope
from peachdash.sentiment.adapter import read_manifest
from peachdash.sentiment.costing import measure_apart
from peachdash.sentiment.encoders import find_encoder
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
        memory_bytes: the most that a process reading with it held (on a GPU: the model there); None where it
            was not measured.
    """

    texts_per_second: float
    texts: int
    words: float
    device: str
    precision: str
    machine: str
    adapter_bytes: int
    encoder_bytes: int
    memory_bytes: int | None = None

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

    A record without the memory, which earlier versions did not measure, is followed by one that has it.

    Raises:
        BadInput: there is no text to measure with.
        ModelUnavailable: the model cannot be loaded.
    """
    stored = find_cost(database, scope, settings, model.revision)
    if stored is not None and stored.memory_bytes is not None:
        return stored
    cost = measure_reading(settings, model, texts)
    record_cost(database, scope, settings, model, cost)
    return cost


def record_cost(
    database: Database,
    scope: Scope,
    settings: Settings,
    model: ModelReference,
    cost: ModelCost,
    *,
    reason: str = "",
) -> None:
    """Put on record what a model costs on this machine; `reason` says why it was measured again.

    Raises:
        NotFound: the viewer is no analyst.
    """
    if not scope.may_label:
        raise NotFound("What models cost is for analysts.")
    record = {
        "revision": model.revision,
        "name": model.name,
        "data_set": DATA_SET,
        "data_sha256": _machine_key(settings),
        "split": "",
        "result": cost.to_dict(),
        "reason": reason,
        "computed_by": scope.viewer,
    }
    with database.write() as connection:
        append_evaluation(connection, record)


def find_cost(database: Database, scope: Scope, settings: Settings, revision: str) -> ModelCost | None:
    """What a revision costs on this machine, as it is on record; None where it is not."""
    with database.read() as connection:
        stored = fetch_evaluation(connection, scope, revision, _machine_key(settings))
    return None if stored is None else ModelCost.from_dict(stored["result"])


def _machine_key(settings: Settings) -> str:
    return f"{platform.node()}|{settings.device}"


def measure_reading(settings: Settings, model: ModelReference, texts: Sequence[str]) -> ModelCost:
    """What reading some texts costs, in a process of its own; nothing is recorded.

    Raises:
        BadInput: there is no text to measure with.
        ModelUnavailable: the model cannot be loaded.
    """
    measured = list(dict.fromkeys(texts))[:TEXTS]
    if not measured:
        raise BadInput("A model's speed is measured on labelled reviews, and there are none.")
    cost = measure_apart(
        model,
        measured,
        encoders_dir=settings.encoders,
        device=settings.device,
        batch_tokens=settings.batch_tokens,
        threads=settings.threads,
    )
    folder = sum(path.stat().st_size for path in model.folder.iterdir()) if model.folder is not None else 0
    spec = read_manifest(model.folder).encoder_spec if model.folder is not None else None
    encoder = find_encoder(spec, settings.encoders) if spec is not None else None
    return ModelCost(
        texts_per_second=cost.texts_per_second,
        texts=len(measured),
        words=round(sum(len(text.split()) for text in measured) / len(measured), 1),
        device=cost.device,
        precision=cost.precision,
        machine=platform.processor() or platform.machine(),
        adapter_bytes=folder,
        encoder_bytes=(encoder / "model.safetensors").stat().st_size if encoder is not None else 0,
        memory_bytes=cost.memory_bytes,
    )
