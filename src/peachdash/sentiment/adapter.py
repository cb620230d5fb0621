"""A model on disk: a folder with `model.json`, `adapter.safetensors` and `README.md`.

`adapter.safetensors` holds, in fp16, for every adapted dense layer of the encoder `<layer>.lora_A` (r, in)
and `<layer>.lora_B` (out, r), and the head `head.weight` (3, width) and `head.bias` (3,). `model.json` says
how to read them. The **revision** is a hash of everything that decides a prediction; dates, figures and
training settings stand in the file but not in the hash. Nothing here needs torch.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.errors import BadInput, ModelRefused
from peachdash.records import LABELS
from peachdash.sentiment.encoders import (
    ENCODERS,
    HUB_SIZE,
    SIZES,
    EncoderSpec,
    file_sha256,
    hub_encoder_spec,
)

FORMAT_VERSION = 1
MANIFEST_FILE, WEIGHTS_FILE, CARD_FILE = "model.json", "adapter.safetensors", "README.md"
HEAD_WEIGHT, HEAD_BIAS = "head.weight", "head.bias"
ROLES = ("generic", "champion")
MAX_LENGTH, HEAD_TOKENS, TAIL_TOKENS = 256, 128, 126
REVISION_DIGITS = 12
PICKLE_SUFFIXES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy"})
REFUSED_SUFFIXES = PICKLE_SUFFIXES | {".py", ".so"}
REMOTE_CODE_KEYS = frozenset({"auto_map", "trust_remote_code", "custom_pipelines"})


@dataclass(frozen=True)
class ModelManifest:
    """What `model.json` says.

    Attributes:
        role: generic or champion.
        size: small or base, the key of `ENCODERS`, or hub for any other encoder.
        encoder: its name; of one of the hub `hub:<id>@<commit>`.
        encoder_sha256: published hash of the encoder's weights that the adapter was trained for.
        adapter_sha256: hash of `adapter.safetensors`; filled in by `write_model`.
        max_length: tokens that the model reads, two special ones included; a longer text keeps its
            first `head_tokens` and last `tail_tokens` content tokens.
        lora_rank, lora_alpha, lora_targets: the adapter adds alpha / rank * B A to each named layer.
        temperature: positive; logits are divided by it.
        threshold: top probability under which a prediction needs review, 0 to 1.
        training: settings, seed, data hashes and the like; not part of the revision.
        figures: measured on validation; not part of the revision.
        created_utc: ISO date; not part of the revision.
    """

    role: str
    size: str
    encoder: str
    encoder_sha256: str
    lora_rank: int
    lora_alpha: float
    lora_targets: tuple[str, ...]
    temperature: float
    threshold: float
    adapter_sha256: str = ""
    labels: tuple[str, ...] = LABELS
    max_length: int = MAX_LENGTH
    head_tokens: int = HEAD_TOKENS
    tail_tokens: int = TAIL_TOKENS
    format_version: int = FORMAT_VERSION
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    created_utc: str = ""

    def __post_init__(self) -> None:
        """Refuses what no model can be."""
        problem = _problem(self)
        if problem:
            raise ModelRefused(f"{MANIFEST_FILE}: {problem}.")

    @property
    def encoder_spec(self) -> EncoderSpec:
        """The encoder that the adapter was trained for."""
        if self.size != HUB_SIZE:
            return ENCODERS[self.size]
        return hub_encoder_spec(
            self.encoder, self.encoder_sha256, str(self.training.get("encoder_licence") or "")
        )


NOT_HASHED = frozenset({"training", "figures", "created_utc"})


def _problem(manifest: ModelManifest) -> str | None:
    """The first thing wrong with a manifest, in words, or None."""
    counts = (manifest.max_length, manifest.head_tokens, manifest.tail_tokens, manifest.lora_rank)
    if not all(isinstance(count, int) and count > 0 for count in counts):
        return "max_length, head_tokens, tail_tokens and lora_rank must be positive integers"
    kept = manifest.head_tokens + manifest.tail_tokens + 2
    temperature, threshold, alpha = manifest.temperature, manifest.threshold, manifest.lora_alpha
    checks = {
        f"format_version must be {FORMAT_VERSION}": manifest.format_version == FORMAT_VERSION,
        f"role must be one of {', '.join(ROLES)}": manifest.role in ROLES,
        f"size must be one of {', '.join(SIZES)}": manifest.size in SIZES,
        "encoder must be hub:<id>@<commit>": manifest.size != HUB_SIZE or _is_pinned(manifest.encoder),
        f"labels must be {', '.join(LABELS)} in this order": tuple(manifest.labels) == LABELS,
        "encoder_sha256 must be 64 hexadecimal digits": _is_sha256(manifest.encoder_sha256),
        "temperature must be a positive number": _is_number(temperature) and temperature > 0,
        "threshold must lie in 0 to 1": _is_number(threshold) and 0 <= threshold <= 1,
        "max_length must be head_tokens + tail_tokens + 2, at most 512": kept == manifest.max_length <= 512,
        "lora_alpha must be a positive number": _is_number(alpha) and alpha > 0,
    }
    return next((rule for rule, holds in checks.items() if not holds), None)


def _is_pinned(encoder: object) -> bool:
    try:
        hub_encoder_spec(str(encoder), "")
    except BadInput:
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def full_revision(manifest: ModelManifest) -> str:
    """SHA-256 (64 digits) of all that decides a prediction: encoder, weights, labels, cut, calibration."""
    content = {key: value for key, value in dataclasses.asdict(manifest).items() if key not in NOT_HASHED}
    content.pop("role")
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def short_revision(manifest: ModelManifest) -> str:
    """A revision's name: its size and the first 12 digits of `full_revision`, as `small-3f9a01c2de45`."""
    return f"{manifest.size}-{full_revision(manifest)[:REVISION_DIGITS]}"


def model_revision(folder: Path) -> str:
    """The short revision of a checked model folder.

    Raises:
        ModelRefused: the folder is unsafe or incomplete.
    """
    return short_revision(read_manifest(folder))


def read_manifest(folder: Path) -> ModelManifest:
    """Reads and checks a model folder, the hash of its weights included; opens no tensor.

    Raises:
        ModelRefused: pickle weights or code in the folder, a link, missing or unknown keys, a wrong label
            order, or weights with another hash than `model.json` says.
    """
    _refuse_unsafe_files(folder)
    manifest = _parse_manifest(folder / MANIFEST_FILE)
    found = file_sha256(folder / WEIGHTS_FILE)
    if found != manifest.adapter_sha256:
        raise ModelRefused(
            f"{folder / WEIGHTS_FILE} has sha256 {found[:12]}, but {MANIFEST_FILE} says "
            f"{manifest.adapter_sha256[:12] or 'nothing'}: restore the folder or build the model again."
        )
    return manifest


def read_adapter(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a checked model folder as float16 arrays.

    Raises:
        ModelRefused: as `read_manifest`, or the file is no safetensors file or lacks the 3-class head.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    manifest = read_manifest(folder)
    try:
        tensors: dict[str, np.ndarray] = load_file(folder / WEIGHTS_FILE)
    except SafetensorError as error:
        raise ModelRefused(f"{folder / WEIGHTS_FILE} is no safetensors file: {error}.") from error
    check_tensors(tensors, manifest.lora_rank)
    return tensors


def check_tensors(tensors: Mapping[str, np.ndarray], rank: int) -> None:
    """Checks that adapter tensors are a 3-class head and matching pairs of LoRA matrices, all finite.

    Raises:
        ModelRefused: they are not.
    """
    if HEAD_WEIGHT not in tensors or tensors[HEAD_WEIGHT].shape[0] != len(LABELS) or HEAD_BIAS not in tensors:
        raise ModelRefused("The adapter has no head for three classes.")
    layers = {name.rpartition(".")[0] for name in tensors if not name.startswith("head.")}
    for layer in sorted(layers):
        first, second = tensors.get(f"{layer}.lora_A"), tensors.get(f"{layer}.lora_B")
        if first is None or second is None or first.shape[0] != rank or second.shape[1] != rank:
            raise ModelRefused(f"The adapter of layer {layer} is not a pair of matrices of rank {rank}.")
    if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise ModelRefused("The adapter holds numbers that are not finite.")


def write_model(
    folder: Path,
    manifest: ModelManifest,
    tensors: Mapping[str, np.ndarray],
    card: Callable[[ModelManifest], str],
    *,
    replace: bool = False,
) -> ModelManifest:
    """Writes a model folder beside its place and renames it there, so that no half of one is ever seen.

    Args:
        tensors: as in the module's text; stored as float16.
        card: makes the text of `README.md` from the complete manifest.
        replace: whether a folder that is already there may go.

    Returns:
        The manifest with its `adapter_sha256`.

    Raises:
        BadInput: the folder exists and `replace` is false.
        ModelRefused: the tensors are no adapter.
    """
    if folder.exists() and not replace:
        raise BadInput(f"{folder} exists: choose another name or ask for its replacement.")
    halves = {name: np.ascontiguousarray(tensor, dtype=np.float16) for name, tensor in tensors.items()}
    check_tensors(halves, manifest.lora_rank)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as name:
        staged = Path(name) / "model"
        complete = _write_files(staged, manifest, halves, card)
        if folder.exists():
            folder.rename(Path(name) / "before")
        staged.rename(folder)
    return complete


def _write_files(
    folder: Path,
    manifest: ModelManifest,
    tensors: dict[str, np.ndarray],
    card: Callable[[ModelManifest], str],
) -> ModelManifest:
    from safetensors.numpy import save_file

    folder.mkdir()
    save_file(dict(sorted(tensors.items())), folder / WEIGHTS_FILE)
    (folder / WEIGHTS_FILE).chmod(0o644)
    complete = dataclasses.replace(manifest, adapter_sha256=file_sha256(folder / WEIGHTS_FILE))
    (folder / MANIFEST_FILE).write_text(_to_json(complete), encoding="utf-8")
    (folder / CARD_FILE).write_text(card(complete), encoding="utf-8")
    return complete


def _to_json(manifest: ModelManifest) -> str:
    return json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False) + "\n"


def _refuse_unsafe_files(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or path.suffix.lower() in REFUSED_SUFFIXES:
            raise ModelRefused(f"{path} may not lie in a model folder: no pickled weights, code or links.")
    for name in (MANIFEST_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise ModelRefused(f"{folder} is no model folder: it has no {name}.")


def _parse_manifest(path: Path) -> ModelManifest:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelRefused(
            f"{path} is no JSON ({error}): restore the folder or build the model again."
        ) from error
    fields = {item.name: item for item in dataclasses.fields(ModelManifest)}
    given = set(content) if isinstance(content, dict) else set()
    if given & REMOTE_CODE_KEYS:
        raise ModelRefused(f"{path} asks for code from elsewhere, which never runs here.")
    if given != set(fields):
        odd = ", ".join(sorted(given ^ set(fields)))
        raise ModelRefused(f"{path} has not the keys of format {FORMAT_VERSION}; missing or unknown: {odd}.")
    content |= {key: _strings(content[key]) for key in ("labels", "lora_targets")}
    return ModelManifest(**content)


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
