"""The loop of a fine-tuning: epochs, validation, the best state so far, checkpoints, and what it tells."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from peachdash.errors import BadInput, TrainingDiverged
from peachdash.sentiment.checkpoints import (
    Progress,
    random_states,
    read_checkpoint,
    restore_random_states,
    write_checkpoint,
)
from peachdash.sentiment.examples import Examples, draw_replay, epoch_batches, join_examples
from peachdash.sentiment.fast_dropout import MaskSource, use_fast_dropout
from peachdash.sentiment.loss_guard import first_loss, require_sound_loss
from peachdash.sentiment.tokens import EncodedTexts, cut_batches
from peachdash.sentiment.training_settings import TrainingSettings
from peachdash.sentiment.training_step import TrainingStep

if TYPE_CHECKING:
    from peachdash.sentiment.model import Network

EVALUATION_BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}
STEPS_UNTIL_LOOKED_AT = {"cpu": 1, "cuda": 25}
"""A GPU is asked for its losses only so often, since asking waits for it."""

REPORT_SECONDS = 2.0
OnEvent = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Watch:
    """What looks on while a model is trained.

    Attributes:
        on_event: gets a dict after every epoch: epoch, epochs, step, steps, training_loss, validation_loss,
            macro_f1 (0 to 1), accuracy, seconds.
        on_step: gets a dict every two seconds at most: epoch, epochs, step, steps, training_loss (mean since
            the last one), tokens (learned from so far), seconds.
        checkpoint: file from which an interrupted training goes on; None keeps none.
        checkpoint_seconds: it is written after every epoch, and whenever so much time has passed.

    What either function raises stops the training; its checkpoint is written before.
    """

    on_event: OnEvent = lambda event: None
    on_step: OnEvent = lambda event: None
    checkpoint: Path | None = None
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class Material:
    """What a loop learns from, as tokens.

    Attributes:
        own: examples that every epoch goes through.
        replay: general examples, of which each epoch draws its share anew.
        validation, labels: texts and labels (N,) 0 to 2 that choose the epoch.
    """

    own: list[Examples]
    replay: Examples | None
    validation: EncodedTexts
    labels: np.ndarray

    def epoch(self, settings: TrainingSettings, number: int) -> Examples:
        """The examples of one epoch, the same whenever it is asked for."""
        parts = [(part, np.arange(len(part))) for part in self.own]
        if self.replay is not None:
            seed = settings.seed * 7919 + number
            rows = draw_replay(self.replay, sum(map(len, self.own)), settings.replay_share, seed)
            parts.append((self.replay, rows))
        return join_examples(parts)

    def fingerprint(self, *more: str) -> str:
        """A hash of everything here, in its order, and of some words."""
        digest = hashlib.sha256(json.dumps(more).encode())
        parts = [*self.own, *([self.replay] if self.replay is not None else [])]
        arrays = [array for part in parts for array in (part.tokens.ids, part.targets, part.weights)]
        for array in (*arrays, self.validation.ids, self.labels):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass
class Loop:
    """A network under training with its optimizer and the best state so far.

    Attributes:
        network: on its device.
        best: tensors of the best epoch, float16.
    """

    network: Network
    settings: TrainingSettings
    material: Material
    device: str
    watch: Watch = field(default_factory=Watch)
    start: str = ""

    def __post_init__(self) -> None:
        self.masks = MaskSource(self.settings.seed)
        if self.device == "cpu":
            use_fast_dropout(self.network.encoder, self.masks)
        an_epoch = -(-len(self.material.epoch(self.settings, 1)) // self.settings.batch_size)
        self.steps_an_epoch, self.steps = an_epoch, an_epoch * self.settings.epochs
        pad_id = self.material.validation.pad_id
        self.step = TrainingStep(self.network, self.settings, self.device, self.steps, pad_id)
        fingerprint = self.material.fingerprint(json.dumps(self.settings.to_dict()), self.start, self.device)
        self.progress = Progress(fingerprint)
        self.best: dict[str, np.ndarray] = {}
        self.pending: list[Any] = []
        self.begun = self.saved = self.reported = time.perf_counter()
        self.told = 0

    def run(self) -> None:
        """Trains to the end, from the checkpoint where there is one.

        Raises:
            BadInput: the checkpoint is that of another training.
            TrainingDiverged: the loss ran away.
        """
        self._resume()
        while not self.progress.finished:
            self._epoch()
            self._finish_epoch()

    @property
    def seconds(self) -> float:
        """Of this process and those before it."""
        return self.progress.seconds + time.perf_counter() - self.begun

    def _epoch(self) -> None:
        """The rest of the running epoch."""
        self.network.train()
        progress, settings = self.progress, self.settings
        examples = self.material.epoch(settings, progress.epoch)
        lengths = examples.tokens.lengths
        batches = list(epoch_batches(examples, settings.batch_size, settings.seed * 1000 + progress.epoch))
        for rows in batches[progress.position :]:
            self.pending.append(self.step.take(examples, rows))
            progress.position += 1
            progress.tokens += int(lengths[rows].sum())
            if len(self.pending) >= STEPS_UNTIL_LOOKED_AT[self.device]:
                self._look()
        self._settle()

    def _look(self) -> None:
        """Takes the losses in; reports and saves where it is time."""
        self._settle()
        now = time.perf_counter()
        if now - self.reported >= REPORT_SECONDS:
            self.reported = now
            self._report()
        if now - self.saved >= self.watch.checkpoint_seconds:
            self._save()

    def _settle(self) -> None:
        import torch

        if not self.pending:
            return
        progress = self.progress
        progress.losses += [float(loss) for loss in torch.stack(self.pending).float().cpu()]
        self.pending = []
        if progress.first_loss is None:
            progress.first_loss = first_loss(progress.losses)
        where = f"epoch {progress.epoch}, step {progress.position} of {self.steps_an_epoch}"
        require_sound_loss(progress.losses, progress.first_loss, where, self.settings.learning_rate)

    def _report(self) -> None:
        progress = self.progress
        since = progress.losses[self.told :] or progress.losses[-1:]
        self.told = len(progress.losses)
        try:
            self.watch.on_step({**self._place(), "training_loss": sum(since) / len(since)})
        except BaseException:
            self._save()
            raise

    def _place(self) -> dict[str, Any]:
        progress = self.progress
        return {
            "epoch": progress.epoch,
            "epochs": self.settings.epochs,
            "step": (progress.epoch - 1) * self.steps_an_epoch + progress.position,
            "steps": self.steps,
            "tokens": progress.tokens,
            "seconds": self.seconds,
        }

    def _finish_epoch(self) -> None:
        from peachdash.sentiment.lora import adapter_tensors

        progress = self.progress
        logits = read_logits(self.network, self.material.validation, self.device)
        figures = validation_figures(logits, self.material.labels)
        if not np.isfinite(figures["validation_loss"]):
            raise TrainingDiverged(
                f"The validation loss of epoch {progress.epoch} is no number: it diverged."
            )
        loss = sum(progress.losses) / len(progress.losses)
        event = {**self._place(), "training_loss": loss, **figures}
        progress.history.append(event)
        rank = (figures["macro_f1"], -figures["validation_loss"])
        if not self.best or rank > progress.best_rank or self.settings.keep_epoch == "last":
            progress.best_rank, progress.best_epoch = rank, progress.epoch
            self.best = adapter_tensors(self.network)
        stop = self.settings.patience and progress.epoch - progress.best_epoch >= self.settings.patience
        progress.finished = bool(stop) or progress.epoch >= self.settings.epochs
        progress.epoch, progress.position, progress.losses = progress.epoch + 1, 0, []
        self.told = 0
        self._save()
        self.watch.on_event(dict(event))

    def _save(self) -> None:
        if self.watch.checkpoint is None:
            return
        self.saved = time.perf_counter()
        self._settle()
        arrays, plain = self.step.state()
        random_arrays, random_plain = random_states(self.device)
        best = {f"best.{name}": array for name, array in self.best.items()}
        told = {**asdict(self.progress), "seconds": self.seconds}
        state = {"progress": told, "step": plain, "random": random_plain, "masks": self.masks.state}
        write_checkpoint(self.watch.checkpoint, {**arrays, **random_arrays, **best}, state)

    def _resume(self) -> None:
        found = read_checkpoint(self.watch.checkpoint) if self.watch.checkpoint is not None else None
        if found is None:
            return
        arrays, state = found
        progress = Progress(**state["progress"])
        if progress.fingerprint != self.progress.fingerprint:
            raise BadInput(
                f"{self.watch.checkpoint} is the checkpoint of another training (other data, settings or "
                "device): remove it to start anew."
            )
        progress.best_rank = (progress.best_rank[0], progress.best_rank[1])
        self.progress, self.told = progress, len(progress.losses)
        self.step.load(arrays, state["step"])
        self.best = {
            name.removeprefix("best."): array for name, array in arrays.items() if name.startswith("best.")
        }
        restore_random_states(arrays, state["random"], self.device)
        self.masks.state = state["masks"]


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
