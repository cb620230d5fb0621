"""Published classifiers from the Hugging Face hub, as generic baselines: safetensors only, never their code.

`hub:<id>[@revision]` is pinned to the commit that its revision names now, so that cached predictions do not
change under their key. A text is cut at 256 tokens like everywhere; the model is not calibrated, so its
temperature is 1 and no prediction of it needs review.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peachdash.errors import BadInput, ModelRefused, ModelUnavailable
from peachdash.records import LABELS

HUB_THRESHOLD = 0.0
_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_REVISION = re.compile(r"[\w./-]{1,200}")
COMMIT = re.compile(r"[0-9a-f]{40}")
FILES = ["*.safetensors", "*.json", "vocab.txt", "merges.txt", "*.model"]
_NAMES = {
    "negative": ("negative", "neg", "label_0"),
    "neutral": ("neutral", "neu", "label_1"),
    "positive": ("positive", "pos", "label_2"),
}


def parse_hub_name(name: str) -> tuple[str, str | None]:
    """Model id and revision of `<id>[@revision]`.

    Raises:
        BadInput: the id or revision has characters that no hub id or revision has.
    """
    identifier, at, revision = name.partition("@")
    sound = _ID.fullmatch(identifier) and ".." not in name and (not at or _REVISION.fullmatch(revision))
    if not sound:
        raise BadInput(
            f"hub:{name} is no hub model: expected hub:<owner>/<name> with or without @<revision>."
        )
    return identifier, revision or None


def resolve_hub_revision(name: str) -> str:
    """`hub:<id>@<commit>` for `<id>[@revision]`; asks the hub unless the revision is a commit.

    Raises:
        BadInput: the name is malformed.
        ModelUnavailable: no network, or no such model or revision.
    """
    identifier, revision = parse_hub_name(name)
    if revision and COMMIT.fullmatch(revision):
        return f"hub:{identifier}@{revision}"
    try:
        from huggingface_hub import HfApi

        commit = HfApi().model_info(identifier, revision=revision, timeout=20).sha
    except Exception as error:  # network, authorisation and unknown ids: one line for all of them
        raise ModelUnavailable(unreachable(name, error)) from error
    return f"hub:{identifier}@{commit}"


def download_hub_model(revision: str) -> Path:
    """The folder of a model pinned by `resolve_hub_revision`, from the local cache or the network.

    Raises:
        ModelUnavailable: it cannot be fetched.
        ModelRefused: it has no safetensors weights, or asks for code of its own.
    """
    identifier, commit = parse_hub_name(revision.removeprefix("hub:"))
    try:
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(identifier, revision=commit, allow_patterns=FILES))
    except Exception as error:
        raise ModelUnavailable(unreachable(revision, error)) from error
    check_hub_folder(folder, identifier)
    return folder


def check_hub_folder(folder: Path, identifier: str) -> None:
    """Refuses a downloaded classifier that is unsafe or does not fit.

    Raises:
        ModelRefused: see `download_hub_model` and `label_columns`.
    """
    if not any(folder.glob("*.safetensors")):
        raise ModelRefused(f"hub:{identifier} has no safetensors weights, and pickled ones are not read.")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "auto_map" in config:
        raise ModelRefused(f"hub:{identifier} needs code from its repository, which never runs here.")
    label_columns({int(key): str(label) for key, label in config.get("id2label", {}).items()})


def label_columns(id2label: Mapping[int, str]) -> tuple[int, int, int]:
    """Which output of a classifier is negative, neutral and positive, in this order.

    Understands negative, neutral, positive, their first three letters, and LABEL_0 to LABEL_2.

    Raises:
        ModelRefused: it does not have exactly these three classes.
    """
    by_name = {label.strip().lower(): index for index, label in id2label.items()}
    columns = [next((by_name[name] for name in _NAMES[label] if name in by_name), None) for label in LABELS]
    negative, neutral, positive = columns
    if len(id2label) != 3 or negative is None or neutral is None or positive is None:
        raise ModelRefused(
            f"The model's classes are {', '.join(id2label.values()) or 'not named'}; expected negative, "
            "neutral and positive (or LABEL_0 to LABEL_2)."
        )
    return negative, neutral, positive


def load_hub_classifier(folder: Path) -> tuple[Any, Any]:
    """The torch module and the `tokenizers.Tokenizer` of a checked folder, on the CPU, in fp32."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    safe: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        module = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, **safe
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
    except (OSError, ValueError, ImportError) as error:
        raise ModelUnavailable(f"The hub model cannot be loaded: {_first_line(error)}") from error
    if not hasattr(tokenizer, "backend_tokenizer"):
        raise ModelRefused("The hub model has no fast tokenizer, which scoring needs.")
    return module.eval(), tokenizer


def unreachable(name: str, error: Exception) -> str:
    """Why something cannot be fetched, in one line."""
    return f"{name} cannot be fetched from the hub ({type(error).__name__}: {_first_line(error)})"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0][:300]
