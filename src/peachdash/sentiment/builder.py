"""From frames to a model folder: train, calibrate on validation, measure, write folder and card."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.adapter import HEAD_BIAS, ModelManifest, read_adapter, read_manifest, write_model
from peachdash.sentiment.calibration import Calibration, calibrate, expected_calibration_error
from peachdash.sentiment.corpus import frame_sha256
from peachdash.sentiment.encoders import ENCODERS, HUB_SIZE, EncoderSpec, is_unchecked, locate_encoder
from peachdash.sentiment.engine import score_texts
from peachdash.sentiment.merging import average_adapters
from peachdash.sentiment.model_card import render_model_card
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.text import text_sha256s
from peachdash.sentiment.training import TrainedModel, read_frame, train, validation_figures
from peachdash.sentiment.training_loop import Watch
from peachdash.sentiment.training_settings import TrainingSettings


@dataclass(frozen=True)
class BuildData:
    """What a model is built from.

    Attributes:
        train, validation: columns text and label; `validation` maybe slices too.
        replay: general text, with labels or with the readings to be kept (see `training.train`).
        distil: texts with a teacher's probabilities.
        start: the model that is continued.
        general: general text that nothing learns from: what fine-tuning must not forget.
        names: what the data sets are called on the card, by their use.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    replay: pd.DataFrame | None = None
    distil: pd.DataFrame | None = None
    start: ModelReference | None = None
    general: pd.DataFrame | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def described(self) -> list[dict[str, Any]]:
        """One row for each data set: use, name, n and sha256, for the card and the manifest."""
        frames = {"training": self.train, "validation": self.validation, "replay": self.replay}
        rows = [
            {"use": use, "name": self.names.get(use, use), "n": len(frame), "sha256": frame_sha256(frame)}
            for use, frame in frames.items()
            if frame is not None
        ]
        if self.distil is not None:
            name = self.names.get("distillation", "")
            rows.append({"use": "distillation", "name": name, "n": len(self.distil), "sha256": ""})
        return rows


def build_model(
    role: str,
    size: str,
    data: BuildData,
    settings: TrainingSettings,
    out: Path,
    *,
    encoders_dir: Path,
    encoder: EncoderSpec | None = None,
    device: str = "auto",
    command: str = "",
    on_event: Callable[[dict[str, Any]], None] | None = None,
    watch: Watch | None = None,
    replace: bool = False,
    seeds: Sequence[int] = (),
    average_with: ModelReference | None = None,
    average_share: float = 0.5,
) -> tuple[ModelManifest, TrainedModel]:
    """Trains, calibrates and writes one model folder; returns its manifest and the training's result.

    With several `seeds` one model is trained for each, and their average is the model (see `merging`). With
    `average_with`, an earlier model of the same start, rank and scale or the start itself, that one has
    `average_share` of the average, and the new one the rest.

    Args:
        role: generic or champion.
        size: small, base or hub.
        encoder: the encoder of the hub that is trained; of another size it may be left out.
        out: the new folder; it must not exist unless `replace`.
        command: that rebuilds it, for the card.
        on_event: gets the training's events; for all else that can be watched, give `watch` instead, with
            one seed only.

    Raises:
        BadInput: the folder exists, the share lies outside 0 to 1, or data and settings do not fit.
        ModelUnavailable: the encoder cannot be loaded.
    """
    if not 0 < average_share < 1:
        raise BadInput(f"The share of an earlier model lies between 0 and 1, not {average_share:g}.")
    if out.exists() and not replace:
        raise BadInput(f"{out} exists: choose another folder or ask for its replacement.")
    spec = encoder or ENCODERS[size]
    encoder_path = locate_encoder(spec, encoders_dir)
    watched = watch or Watch(on_event=on_event or (lambda event: None))
    trained = _train_seeds(data, settings, seeds, encoder_path, device, watched)
    if average_with is not None:
        trained = _averaged_with(average_with, average_share, trained, data, encoder_path, device)
    trained, calibration = calibrated(trained, _general_logits(data, trained, encoder_path, device))
    manifest = describe_trained(role, spec, data, trained, calibration, seeds)
    if average_with is not None:
        training = {
            **manifest.training,
            "averaged_with": average_with.revision,
            "averaged_share": average_share,
        }
        manifest = dataclasses.replace(manifest, training=training)
    if data.general is not None:
        figures = manifest.figures | _general_figures(data, trained, encoder_path, device)
        manifest = dataclasses.replace(manifest, figures=figures)
    slices = slice_figures(data.validation, trained.validation_logits)

    def card(complete: ModelManifest) -> str:
        return render_model_card(complete, data.described(), command, slices)

    return write_model(out, manifest, trained.tensors, card, replace=replace), trained


def _train_seeds(
    data: BuildData,
    settings: TrainingSettings,
    seeds: Sequence[int],
    encoder_path: Path,
    device: str,
    watch: Watch,
) -> TrainedModel:
    """One training, or the average of several that differ in their seed; its seconds are those of all."""
    runs = [
        train(
            dataclasses.replace(settings, seed=seed),
            data.train,
            data.validation,
            encoder_path=encoder_path,
            start=data.start,
            replay_frame=data.replay,
            distil_frame=data.distil,
            device=device,
            watch=watch,
        )
        for seed in seeds or (settings.seed,)
    ]
    if len(runs) == 1:
        return runs[0]
    tensors = average_adapters([run.tensors for run in runs])
    logits, _ = read_frame(tensors, settings, data.validation, encoder_path, device)
    seconds = sum(run.seconds for run in runs)
    return dataclasses.replace(runs[0], tensors=tensors, validation_logits=logits, seconds=seconds)


def _general_figures(
    data: BuildData, trained: TrainedModel, encoder_path: Path, device: str
) -> dict[str, float]:
    """Accuracy on general text that nothing learned from, and that of the model that was continued."""
    assert data.general is not None
    before = read_adapter(data.start.folder) if data.start and data.start.folder else None
    models = {"general_accuracy": trained.tensors, "general_accuracy_before": before}
    figures = {}
    for name, tensors in models.items():
        if tensors is not None:
            logits, labels = read_frame(tensors, trained.settings, data.general, encoder_path, device)
            figures[name] = round(float((logits.argmax(axis=1) == labels).mean()), 4)
    return figures


def _averaged_with(
    earlier: ModelReference,
    share: float,
    trained: TrainedModel,
    data: BuildData,
    encoder_path: Path,
    device: str,
) -> TrainedModel:
    """The new model with a share of the earlier one, read on validation again."""
    if earlier.folder is None:
        raise BadInput(f"{earlier.name} has no adapter to average with.")
    manifest, settings = read_manifest(earlier.folder), trained.settings
    if manifest.lora_alpha / manifest.lora_rank != settings.lora_alpha / settings.lora_rank:
        raise BadInput(
            f"{earlier.name} has another LoRA scale than the settings: it cannot be averaged with."
        )
    tensors = average_adapters([trained.tensors, read_adapter(earlier.folder)], [1 - share, share])
    logits, _ = read_frame(tensors, settings, data.validation, encoder_path, device)
    return dataclasses.replace(trained, tensors=tensors, validation_logits=logits)


def _general_logits(
    data: BuildData, trained: TrainedModel, encoder_path: Path, device: str
) -> tuple[np.ndarray, np.ndarray] | None:
    if data.general is None:
        return None
    return read_frame(trained.tensors, trained.settings, data.general, encoder_path, device)


def calibrated(
    trained: TrainedModel, general: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[TrainedModel, Calibration]:
    """The model calibrated on its validation rows: the bias is in its head, the rest beside it.

    Args:
        general: its logits (M, 3) on general text that nothing learned from, and the labels.
    """
    calibration = calibrate(trained.validation_logits, trained.validation_labels, general=general)
    head = trained.tensors[HEAD_BIAS]
    shifted = (head.astype(np.float64) + calibration.bias).astype(head.dtype)
    logits = trained.validation_logits + (shifted.astype(np.float64) - head.astype(np.float64))
    tensors = {**trained.tensors, HEAD_BIAS: shifted}
    return dataclasses.replace(trained, tensors=tensors, validation_logits=logits), calibration


def describe_trained(
    role: str,
    encoder: EncoderSpec,
    data: BuildData,
    trained: TrainedModel,
    calibration: Calibration,
    seeds: Sequence[int] = (),
) -> ModelManifest:
    """The manifest of a trained and calibrated model; the weights' hash is still open."""
    settings = trained.settings
    head_tokens, tail_tokens = settings.cut
    return ModelManifest(
        role=role,
        size=encoder.size,
        encoder=encoder.name,
        encoder_sha256=encoder.sha256,
        lora_rank=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_targets=settings.targets,
        temperature=calibration.temperature,
        threshold=calibration.threshold,
        max_length=settings.max_length,
        head_tokens=head_tokens,
        tail_tokens=tail_tokens,
        training={
            "settings": settings.to_dict(),
            "data": data.described(),
            "start": data.start.revision if data.start else None,
            "best_epoch": trained.best_epoch,
            "averaged_seeds": list(seeds) if len(seeds) > 1 else [],
            "calibration_bias": list(calibration.bias),
            "seconds": round(trained.seconds, 1),
            "precision": trained.precision,
            "encoder_copy_unchecked": is_unchecked(),
            **({"encoder_licence": encoder.licence} if encoder.size == HUB_SIZE else {}),
        },
        figures=measure(trained, calibration.temperature, calibration.threshold),
        created_utc=dt.datetime.now(dt.UTC).date().isoformat(),
    )


def measure(trained: TrainedModel, temperature: float, threshold: float) -> dict[str, float]:
    """Figures of the kept epoch on validation: n, macro_f1, accuracy, loss, calibration error, abstention."""
    probabilities = softmax(trained.validation_logits / temperature, axis=1)
    figures = validation_figures(trained.validation_logits / temperature, trained.validation_labels)
    error = expected_calibration_error(probabilities, trained.validation_labels)
    abstention = float((probabilities.max(axis=1) < threshold).mean())
    figures |= {"expected_calibration_error": error, "abstention": abstention}
    return {"n": len(probabilities), **{name: round(value, 4) for name, value in figures.items()}}


def slice_figures(validation: pd.DataFrame, logits: np.ndarray) -> list[dict[str, Any]]:
    """Accuracy and n of every slice of the validation rows; empty where they have no column slices."""
    if "slices" not in validation:
        return []
    read = np.asarray(LABELS, dtype=object)[logits.argmax(axis=1)]
    frame = pd.DataFrame(
        {"slice": list(validation["slices"]), "correct": read == validation["label"].to_numpy()}
    )
    grouped = frame.explode("slice").dropna(subset="slice").groupby("slice")["correct"].agg(["size", "mean"])
    return [
        {"slice": str(name), "n": int(row["size"]), "accuracy": row["mean"]}
        for name, row in grouped.iterrows()
    ]


def teach(texts: Sequence[str], teacher: ModelReference, encoders_dir: Path, device: str) -> pd.DataFrame:
    """A distillation frame: texts with the teacher's calibrated probabilities."""
    unique = list(dict.fromkeys(texts))
    table = score_texts(unique, [teacher], encoders_dir=encoders_dir, device=device).to_pandas()
    by_key = pd.DataFrame({"text": unique, "text_sha256": text_sha256s(unique)})
    columns = ["text", *(f"p_{label}" for label in LABELS)]
    return by_key.merge(table, on="text_sha256", validate="one_to_one")[columns]
