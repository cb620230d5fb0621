"""The model card: `README.md` of a model folder, written from its settings and measured figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from peachdash.records import LABELS
from peachdash.sentiment.adapter import ModelManifest, short_revision
from peachdash.sentiment.encoders import HUB_SIZE

_PURPOSE = {
    "generic": "Reads short English texts as negative, neutral or positive. It learned from general text "
    "only (products, films, tweets, editorials), never from restaurant or local reviews: the opponent that "
    "the fine-tuned champion has to beat, and the start of its training.",
    "champion": "Reads customer reviews of Atlanta restaurants and boutiques as negative, neutral or "
    "positive. It is the generic model fine-tuned further on reviews labelled by Peach's guide.",
    HUB_SIZE: "Reads customer reviews of Atlanta restaurants and boutiques as negative, neutral or "
    "positive. It is an encoder of the Hugging Face hub fine-tuned on reviews labelled by Peach's guide.",
}
_LIMITS = (
    "Sarcasm is read wrongly most often. A confident wrong reading of a sarcastic review is to be expected.",
    "Labels of the reviews were made and adjudicated by language models after the labelling guide, not by "
    "customers; the demo reviews were written for the purpose. Figures on them say how well the model "
    "follows that guide on such texts.",
    "English only. Other languages get a reading all the same, and it means little.",
    "One label a review: what is praised and what is blamed in a mixed review is not told apart.",
    "A text of more than 256 tokens is read by its first 128 and last 126.",
)
_GENERIC_LIMITS = (
    "Sarcasm is read wrongly most often. A confident wrong reading of a sarcastic text is to be expected.",
    "Local speech is unknown to it: a brand, street or idiom that sounds like praise is read as praise.",
    "Ratings are means of crowd raters for single sentences; a sentence out of its context is often neutral.",
)


def render_model_card(
    manifest: ModelManifest,
    data: Sequence[Mapping[str, Any]],
    command: str,
    slices: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The text of a model card.

    Args:
        manifest: complete, with its `adapter_sha256`; its `figures` are those of the validation rows:
            n, macro_f1, accuracy, validation_loss, expected_calibration_error, abstention.
        data: one mapping for each data set: use (such as training or replay), name, n, sha256.
        command: that rebuilds the model.
        slices: one mapping for each slice of the validation rows: slice, n, accuracy.
    """
    encoder = manifest.encoder_spec
    parts = [
        f"# {manifest.role}-{manifest.size} ({short_revision(manifest)})",
        _PURPOSE[HUB_SIZE if manifest.size == HUB_SIZE else manifest.role],
        f"An adapter (LoRA rank {manifest.lora_rank}, alpha {manifest.lora_alpha:g}, and a head for three "
        f"classes) for the encoder {encoder.name} ({encoder.licence or 'licence not stated'}), whose "
        f"model.safetensors has the SHA-256 `{manifest.encoder_sha256}`.",
        "## Data\n\n" + _table(["use", "name", "n", "sha256"], data),
        "## Validation\n\n" + _figures(manifest) + _slices(slices),
        "## Calibration\n\n" + _calibration(manifest),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(manifest.role)),
        f"## Rebuild\n\n```\n{command}\n```",
        "## Settings\n\n```json\n" + json.dumps(manifest.training, indent=2, ensure_ascii=False) + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _limits(role: str) -> Sequence[str]:
    return _GENERIC_LIMITS + _LIMITS[2:] if role == "generic" else _LIMITS


def _figures(manifest: ModelManifest) -> str:
    figures = manifest.figures
    rows = [
        {"figure": name.replace("_", " "), "value": f"{figures[name]:.3f}"}
        for name in ("macro_f1", "accuracy", "validation_loss", "expected_calibration_error", "abstention")
        if name in figures
    ]
    lead = (
        f"On {figures.get('n', 0):,} validation rows, which chose the epoch and the calibration, and so are "
    )
    return lead + "read a little too well:\n\n" + _table(["figure", "value"], rows)


def _slices(slices: Sequence[Mapping[str, Any]]) -> str:
    if not slices:
        return ""
    rows = [{**row, "accuracy": f"{row['accuracy']:.3f}"} for row in slices]
    return "\n\n" + _table(["slice", "n", "accuracy"], rows)


def _calibration(manifest: ModelManifest) -> str:
    bias = manifest.training.get("calibration_bias")
    shift = ""
    if bias:
        values = ", ".join(f"{label} {value:+.2f}" for label, value in zip(LABELS, bias, strict=True))
        shift = f"The head's bias was shifted after training ({values}), fitted on validation. "
    return (
        f"{shift}Logits are divided by {manifest.temperature:g}. A prediction whose top probability is under "
        f"{manifest.threshold:g} needs review; on validation that is at most one in ten."
    )


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(str(row.get(column, "")) for column in columns) + " |" for row in rows]
    return "\n".join(lines)
