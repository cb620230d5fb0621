"""Fine-tuning by LoRA: general text makes the generic model, Peach's reviews on top of it the champion.

The loop is ours (a page of code) and the LoRA layers are peft's, see `lora`. Every dense layer of the encoder
gets matrices, the head is trained fully, AdamW follows a linear schedule with warm-up, and a GPU computes in
bf16 autocast. A champion starts from the generic adapter, continues its matrices and head, and sees general
examples in every epoch, or it would forget what they taught. Unlabelled texts with a teacher's probabilities
may be mixed in. The epoch with the best validation macro-F1 is kept, or the last one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from peachdash.errors import BadInput
from peachdash.sentiment.adapter import read_adapter, read_manifest
from peachdash.sentiment.examples import (
    PROBABILITY_COLUMNS,
    Examples,
    distilled_examples,
    label_indices,
    labelled_examples,
)
from peachdash.sentiment.model import Network
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.tokens import encode_texts, load_tokenizer
from peachdash.sentiment.training_loop import (
    Loop,
    Material,
    OnEvent,
    Watch,
    read_logits,
)
from peachdash.sentiment.training_loop import validation_figures as validation_figures
from peachdash.sentiment.training_settings import TrainingSettings


@dataclass(frozen=True)
class TrainedModel:
    """What a training gives.

    Attributes:
        tensors: the adapter, float16, as `adapter.write_model` takes it.
        layers: paths of the adapted layers.
        validation_logits: (N, 3) of the validation frame, computed from `tensors` as a loaded model would.
        validation_labels: (N,) 0 to 2.
        history: one event for each epoch.
        best_epoch: number of the epoch that was kept, from 1.
        seconds: wall time, of all processes where it was interrupted.
        precision: in which forward and backward were computed.
        tokens: that were learned from, padding left out.
    """

    settings: TrainingSettings
    tensors: dict[str, np.ndarray]
    layers: list[str]
    validation_logits: np.ndarray
    validation_labels: np.ndarray
    history: list[dict[str, Any]]
    best_epoch: int
    seconds: float
    precision: str = "fp32"
    tokens: int = 0


def train(
    settings: TrainingSettings,
    train_frame: pd.DataFrame,
    validation_frame: pd.DataFrame,
    *,
    encoder_path: Path,
    start: ModelReference | None = None,
    replay_frame: pd.DataFrame | None = None,
    distil_frame: pd.DataFrame | None = None,
    on_event: OnEvent | None = None,
    device: str = "auto",
    watch: Watch | None = None,
) -> TrainedModel:
    """Fine-tunes a model.

    Args:
        train_frame: columns text (scored text), label, and optionally weight.
        validation_frame: columns text and label; chooses the epoch.
        encoder_path: folder of the encoder, from `encoders.locate_encoder`.
        start: model whose adapter and head are continued; None starts from the bare encoder.
        replay_frame: general examples, of which each epoch draws its `replay_share` anew: columns text and
            label, or text and p_negative, p_neutral, p_positive, the readings to be kept.
        distil_frame: texts with a teacher's p_negative, p_neutral, p_positive, all used in every epoch.
        on_event: gets a dict after every epoch, see `training_loop.Watch`; for all else that can be watched,
            give `watch` instead.
        device: auto, cpu or cuda.

    Raises:
        BadInput: frames, settings or the starting model do not fit.
        ModelUnavailable: encoder or starting model cannot be read.
    """
    import torch

    from peachdash.sentiment.lora import fill_lora
    from peachdash.sentiment.model import resolve_device

    began, place = time.perf_counter(), resolve_device(device)
    material = prepare_material(
        settings, train_frame, validation_frame, encoder_path, replay_frame, distil_frame
    )
    torch.manual_seed(settings.seed)
    network, layers = _prepare_network(settings, encoder_path, start)
    network.to(place)
    watched = watch or Watch(on_event=on_event or (lambda event: None))
    loop = Loop(network, settings, material, place, watched, start.revision if start else "")
    loop.run()
    fill_lora(network, loop.best)
    logits = read_logits(network, material.validation, place)
    return TrainedModel(
        settings=settings,
        tensors=loop.best,
        layers=layers,
        validation_logits=logits,
        validation_labels=material.labels,
        history=loop.progress.history,
        best_epoch=loop.progress.best_epoch,
        seconds=loop.progress.seconds + time.perf_counter() - began,
        precision=loop.step.precision,
        tokens=loop.progress.tokens,
    )


def prepare_material(
    settings: TrainingSettings,
    train_frame: pd.DataFrame,
    validation_frame: pd.DataFrame,
    encoder_path: Path,
    replay_frame: pd.DataFrame | None = None,
    distil_frame: pd.DataFrame | None = None,
) -> Material:
    """The frames of `train` as tokens.

    Raises:
        BadInput: they do not fit.
    """
    tokenizer, pad_id = load_tokenizer(encoder_path), _pad_id(encoder_path)
    own = [labelled_examples(train_frame, tokenizer, pad_id, settings)]
    if distil_frame is not None:
        own.append(distilled_examples(distil_frame, tokenizer, pad_id, settings))
    replay = None if replay_frame is None else _replay_examples(replay_frame, tokenizer, pad_id, settings)
    labels = label_indices(validation_frame)
    validation = encode_texts(tokenizer, list(validation_frame["text"]), pad_id, *settings.cut)
    return Material(own, replay, validation, labels)


def read_frame(
    tensors: Mapping[str, np.ndarray],
    settings: TrainingSettings,
    frame: pd.DataFrame,
    encoder_path: Path,
    device: str = "auto",
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 3) of an adapter on labelled texts, and their labels (N,) 0 to 2."""
    from peachdash.sentiment.model import load_network, resolve_device

    place = resolve_device(device)
    network = load_network(encoder_path, tensors, settings.lora_alpha / settings.lora_rank).to(place)
    tokenizer, pad_id = load_tokenizer(encoder_path), _pad_id(encoder_path)
    tokens = encode_texts(tokenizer, list(frame["text"]), pad_id, *settings.cut)
    return read_logits(network, tokens, place), label_indices(frame)


def _replay_examples(
    frame: pd.DataFrame, tokenizer: Any, pad_id: int, settings: TrainingSettings
) -> Examples:
    """General examples by their labels, or by the readings of the model that must not forget them.

    The second is learning without forgetting (Li and Hoiem 2016).
    """
    make = distilled_examples if set(PROBABILITY_COLUMNS) <= set(frame.columns) else labelled_examples
    return make(frame, tokenizer, pad_id, settings)


def _prepare_network(
    settings: TrainingSettings, encoder_path: Path, start: ModelReference | None
) -> tuple[Network, list[str]]:
    from peachdash.sentiment.lora import add_lora, fill_lora
    from peachdash.sentiment.model import load_encoder, new_head

    encoder = load_encoder(encoder_path)
    network = Network(encoder, new_head(int(encoder.config.hidden_size)), settings.head_dropout)
    layers = add_lora(network, settings)
    if start is not None:
        if start.folder is None:
            raise BadInput(f"Training cannot start from {start.name}: it has no adapter.")
        manifest = read_manifest(start.folder)
        scale = (manifest.lora_alpha / manifest.lora_rank) / (settings.lora_alpha / settings.lora_rank)
        fill_lora(network, read_adapter(start.folder), scale)
    return network, layers


def _pad_id(encoder_path: Path) -> int:
    import json

    return int(
        json.loads((encoder_path / "config.json").read_text(encoding="utf-8")).get("pad_token_id") or 0
    )
