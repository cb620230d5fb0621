"""Fine-tuning by LoRA: general text makes the generic model, Peach's reviews on top of it the champion.

The loop is ours (a page of code) and the LoRA layers are peft's, see `lora`. Every dense layer of the encoder
gets matrices, the head is trained fully, AdamW follows a linear schedule with warm-up, and a GPU computes in
bf16 autocast. A champion starts from the generic adapter, continues its matrices and head, and sees general
examples in every epoch, or it would forget what they taught. Unlabelled texts with a teacher's probabilities
may be mixed in. The epoch with the best validation macro-F1 is kept, or the last one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from peachdash.errors import BadInput
from peachdash.sentiment.adapter import read_adapter, read_manifest
from peachdash.sentiment.examples import (
    PROBABILITY_COLUMNS,
    Examples,
    distilled_examples,
    draw_replay,
    epoch_batches,
    join_examples,
    label_indices,
    labelled_examples,
)
from peachdash.sentiment.model import Network
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.tokens import EncodedTexts, cut_batches, encode_texts, load_tokenizer
from peachdash.sentiment.training_settings import TrainingSettings
from peachdash.sentiment.training_step import TrainingStep

EVALUATION_BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}
OnEvent = Callable[[dict[str, Any]], None]


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
        seconds: wall time.
    """

    settings: TrainingSettings
    tensors: dict[str, np.ndarray]
    layers: list[str]
    validation_logits: np.ndarray
    validation_labels: np.ndarray
    history: list[dict[str, Any]]
    best_epoch: int
    seconds: float


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
        on_event: gets a dict after every epoch: epoch, epochs, step, steps, training_loss, validation_loss,
            macro_f1 (0 to 1), accuracy, seconds. What it raises stops the training.
        device: auto, cpu or cuda.

    Raises:
        BadInput: frames, settings or the starting model do not fit.
        ModelUnavailable: encoder or starting model cannot be read.
    """
    from peachdash.sentiment.model import resolve_device

    place = resolve_device(device)
    tokenizer, pad_id = load_tokenizer(encoder_path), _pad_id(encoder_path)
    own = [labelled_examples(train_frame, tokenizer, pad_id, settings)]
    if distil_frame is not None:
        own.append(distilled_examples(distil_frame, tokenizer, pad_id, settings))
    replay = None if replay_frame is None else _replay_examples(replay_frame, tokenizer, pad_id, settings)
    labels = label_indices(validation_frame)
    validation = encode_texts(tokenizer, list(validation_frame["text"]), pad_id, *settings.cut)
    loop = _Loop(settings, encoder_path, start, place)
    return loop.run(own, replay, validation, labels, on_event or (lambda event: None))


class _Loop:
    """The network under training with its optimiser, and the best state so far."""

    def __init__(
        self, settings: TrainingSettings, encoder_path: Path, start: ModelReference | None, device: str
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, device
        self.network, self.layers = _prepare_network(settings, encoder_path, start)
        self.network.to(device)
        self.started = time.perf_counter()

    def run(
        self,
        own: list[Examples],
        replay: Examples | None,
        validation: EncodedTexts,
        labels: np.ndarray,
        on_event: OnEvent,
    ) -> TrainedModel:
        from peachdash.sentiment.lora import adapter_tensors, fill_lora

        steps = self.settings.epochs * _steps_an_epoch(own, replay, self.settings)
        step = TrainingStep(self.network, self.settings, self.device, steps, validation.pad_id)
        history: list[dict[str, Any]] = []
        best: tuple[float, float, int, dict[str, np.ndarray]] | None = None
        for epoch in range(1, self.settings.epochs + 1):
            loss, taken = self._epoch(_epoch_examples(own, replay, self.settings, epoch), epoch, step)
            figures = validation_figures(self.logits(validation), labels)
            event: dict[str, Any] = {
                "epoch": epoch,
                "epochs": self.settings.epochs,
                "step": taken * epoch,
                "steps": steps,
            }
            event |= {"training_loss": loss, **figures, "seconds": time.perf_counter() - self.started}
            history.append(event)
            on_event(dict(event))
            rank = (figures["macro_f1"], -figures["validation_loss"])
            if best is None or rank > best[:2] or self.settings.keep_epoch == "last":
                best = (*rank, epoch, adapter_tensors(self.network))
            if self.settings.patience and epoch - best[2] >= self.settings.patience:
                break
        assert best is not None
        fill_lora(self.network, best[3])
        seconds = time.perf_counter() - self.started
        logits = self.logits(validation)
        return TrainedModel(self.settings, best[3], self.layers, logits, labels, history, best[2], seconds)

    def _epoch(self, examples: Examples, epoch: int, step: TrainingStep) -> tuple[float, int]:
        """One pass; returns the mean training loss and the number of steps."""
        self.network.train()
        losses = []
        seed = self.settings.seed * 1000 + epoch
        for rows in epoch_batches(examples, self.settings.batch_size, seed):
            losses.append(step.take(examples, rows))
        return float(sum(loss.item() for loss in losses) / len(losses)), len(losses)

    def logits(self, tokens: EncodedTexts) -> np.ndarray:
        """Logits (N, 3) in evaluation mode, fp32, float64 array."""
        return read_logits(self.network, tokens, self.device)


def read_logits(network: Network, tokens: EncodedTexts, device: str) -> np.ndarray:
    """Logits (N, 3) of a network on its device, in evaluation mode and fp32, as a float64 array."""
    import torch

    network.train(False)
    output = np.zeros((len(tokens.lengths), 3))
    with torch.inference_mode():
        for rows in cut_batches(tokens.lengths, EVALUATION_BATCH_TOKENS[device]):
            ids, mask = (torch.from_numpy(part).to(device) for part in tokens.padded(rows))
            output[rows] = network.logits(ids, mask).float().cpu().numpy()
    return output


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


def validation_figures(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """validation_loss (mean negative log-likelihood), macro_f1 over the three classes and accuracy."""
    from sklearn.metrics import f1_score

    loss = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()
    read = logits.argmax(axis=1)
    macro = f1_score(labels, read, labels=[0, 1, 2], average="macro", zero_division=0)
    return {
        "validation_loss": float(loss),
        "macro_f1": float(macro),
        "accuracy": float((read == labels).mean()),
    }


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


def _epoch_examples(
    own: list[Examples], replay: Examples | None, settings: TrainingSettings, epoch: int
) -> Examples:
    parts = [(part, np.arange(len(part))) for part in own]
    if replay is not None:
        seed = settings.seed * 7919 + epoch
        parts.append((replay, draw_replay(replay, sum(map(len, own)), settings.replay_share, seed)))
    return join_examples(parts)


def _steps_an_epoch(own: list[Examples], replay: Examples | None, settings: TrainingSettings) -> int:
    return -(-len(_epoch_examples(own, replay, settings, 1)) // settings.batch_size)


def _pad_id(encoder_path: Path) -> int:
    import json

    return int(
        json.loads((encoder_path / "config.json").read_text(encoding="utf-8")).get("pad_token_id") or 0
    )
