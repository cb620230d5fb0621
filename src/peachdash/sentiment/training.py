"""Fine-tuning by LoRA: general text makes the generic model, Peach's reviews on top of it the champion.

The loop is ours (a page of code) and the LoRA layers are peft's, see `lora`. Every dense layer of the encoder
gets matrices, the head is trained fully, AdamW follows a linear schedule with warm-up, and a GPU computes in
bf16 autocast. A champion starts from the generic adapter, continues its matrices and head, and sees general
examples in every epoch, or it would forget what they taught. Unlabelled texts with a teacher's probabilities
may be mixed in. The epoch with the best validation macro-F1 is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from peachdash.errors import BadInput
from peachdash.sentiment.adapter import read_adapter
from peachdash.sentiment.examples import (
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
        replay_frame: general examples (text, label), of which each epoch draws its `replay_share` anew.
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
    replay = None if replay_frame is None else labelled_examples(replay_frame, tokenizer, pad_id, settings)
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
        optimizer, schedule = _optimizer(self.network, self.settings, steps)
        history: list[dict[str, Any]] = []
        best: tuple[float, float, int, dict[str, np.ndarray]] | None = None
        for epoch in range(1, self.settings.epochs + 1):
            loss, step = self._epoch(
                _epoch_examples(own, replay, self.settings, epoch), epoch, optimizer, schedule
            )
            figures = validation_figures(self.logits(validation), labels)
            event: dict[str, Any] = {
                "epoch": epoch,
                "epochs": self.settings.epochs,
                "step": step * epoch,
                "steps": steps,
            }
            event |= {"training_loss": loss, **figures, "seconds": time.perf_counter() - self.started}
            history.append(event)
            on_event(dict(event))
            rank = (figures["macro_f1"], -figures["validation_loss"])
            if best is None or rank > best[:2]:
                best = (*rank, epoch, adapter_tensors(self.network))
            if self.settings.patience and epoch - best[2] >= self.settings.patience:
                break
        assert best is not None
        fill_lora(self.network, best[3])
        seconds = time.perf_counter() - self.started
        logits = self.logits(validation)
        return TrainedModel(self.settings, best[3], self.layers, logits, labels, history, best[2], seconds)

    def _epoch(self, examples: Examples, epoch: int, optimizer: Any, schedule: Any) -> tuple[float, int]:
        """One pass; returns the mean training loss and the number of steps."""
        self.network.train()
        losses = []
        seed = self.settings.seed * 1000 + epoch
        for rows in epoch_batches(examples, self.settings.batch_size, seed):
            loss = self._loss(examples, rows)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            _clip(optimizer)
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        return float(sum(loss.item() for loss in losses) / len(losses)), len(losses)

    def _loss(self, examples: Examples, rows: np.ndarray) -> Any:
        """Weighted cross-entropy against soft targets, each row at its temperature T and times T squared."""
        import torch

        ids, mask = (torch.from_numpy(part).to(self.device) for part in examples.tokens.padded(rows))
        targets, weights, temperatures = (
            torch.from_numpy(part[rows]).float().to(self.device)
            for part in (examples.targets, examples.weights, examples.temperatures)
        )
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.device == "cuda"):
            logits = self.network.logits(ids, mask)
        log_probabilities = torch.log_softmax(logits.float() / temperatures[:, None], dim=1)
        per_row = -(targets * log_probabilities).sum(dim=1) * temperatures**2
        return (per_row * weights).sum() / weights.sum()

    def logits(self, tokens: EncodedTexts) -> np.ndarray:
        """Logits (N, 3) in evaluation mode, fp32, float64 array."""
        import torch

        self.network.train(False)
        output = np.zeros((len(tokens.lengths), 3))
        with torch.inference_mode():
            for rows in cut_batches(tokens.lengths, EVALUATION_BATCH_TOKENS[self.device]):
                ids, mask = (torch.from_numpy(part).to(self.device) for part in tokens.padded(rows))
                output[rows] = self.network.logits(ids, mask).float().cpu().numpy()
        return output


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
        fill_lora(network, read_adapter(start.folder))
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


def _optimizer(network: Network, settings: TrainingSettings, steps: int) -> tuple[Any, Any]:
    """AdamW without decay on the bias, and a linear schedule with warm-up."""
    import torch

    from peachdash.sentiment.lora import trainable

    named = trainable(network)
    groups = [
        {"params": [p for name, p in named if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for name, p in named if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate)
    warmup = max(1, round(steps * settings.warmup_share))

    def factor(step: int) -> float:
        return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def _clip(optimizer: Any) -> None:
    import torch

    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)


def _pad_id(encoder_path: Path) -> int:
    import json

    return int(
        json.loads((encoder_path / "config.json").read_text(encoding="utf-8")).get("pad_token_id") or 0
    )
