"""From a model's name to a model: which revision, in which folder, with which threshold. Needs no torch.

Names: `champion`, `champion-small`, `champion-base`, `generic`, `generic-small`, `generic-base`, `lexicon`, a
revision (`small-3f9a01c2de45`, or `hub-…` on an encoder of the hub), or `hub:<id>[@revision]`. `champion` is
the active champion where one was promoted, else the shipped one; a name without a size means base on a GPU
with the base encoder installed, else small. `champion-<size>` is the active champion if it has that size,
else the shipped one; no model on an encoder of the hub is shipped. A folder `<role>-<size>` that is refused
is never passed over for another size or another model.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from peachdash.errors import ChampionMissing, ModelRefused, ModelUnavailable
from peachdash.sentiment.adapter import (
    MANIFEST_FILE,
    WEIGHTS_FILE,
    full_revision,
    read_manifest,
    short_revision,
)
from peachdash.sentiment.encoders import BASE, HUB_SIZE, SIZES, find_encoder
from peachdash.sentiment.lexicon import THRESHOLD as LEXICON_THRESHOLD
from peachdash.sentiment.lexicon import lexicon_revision

HUB_PREFIX = "hub:"
LEXICON = "lexicon"


@dataclass(frozen=True)
class ModelReference:
    """A model that can be loaded.

    Attributes:
        name: what it was asked for by, or is shown as.
        role: generic, champion, lexicon or hub.
        size: small, base, or hub for an adapter of an encoder of the hub; '' for the lexicon and published
            hub classifiers.
        revision: under which its predictions are cached.
        folder: its folder, or None for the lexicon and hub models.
        threshold: top probability under which a prediction needs review.
        temperature: by which its logits are divided.
        full_revision: all 64 digits of the revision, where it has them.
    """

    name: str
    role: str
    size: str
    revision: str
    folder: Path | None
    threshold: float
    temperature: float
    full_revision: str = ""

    @property
    def lookup(self) -> str:
        """A name by which `resolve_model` finds this very revision, whatever is promoted meanwhile."""
        return self.revision if self.folder is not None else self.name


def resolve_model(
    name: str,
    models_dir: Path | Sequence[Path],
    encoders_dir: Path,
    active_champion: str | None = None,
    device: str = "auto",
) -> ModelReference:
    """The model of a name.

    Args:
        name: see the module's text; case and outer white space do not matter, except in a hub id.
        models_dir: folder, or several, first one first, with one sub-folder for each model.
        active_champion: revision of the promoted champion, or None.
        device: auto, cpu or cuda; matters only for names without a size.

    Raises:
        ModelUnavailable: no such model, or its encoder is not installed; the message lists what exists.
        ChampionMissing: the name has no size, and the promoted champion is not here.
        ModelRefused: the folder of the name, or one that may be it, is unsafe or incomplete; the message
            says why.
    """
    wanted = name.strip()
    if wanted.startswith(HUB_PREFIX):
        return _hub_reference(wanted)
    wanted = wanted.lower()
    if wanted == LEXICON:
        return ModelReference(LEXICON, LEXICON, "", lexicon_revision(), None, LEXICON_THRESHOLD, 1.0)
    installed, refusals = _list_all(models_dir)
    role, _, size = wanted.partition("-")
    if role in ("champion", "generic") and size in ("", *SIZES):
        found = _active_champion(installed, role, size, active_champion)
        found = found or _by_role(installed, refusals, role, _sizes(size, encoders_dir, device))
    else:
        found = _by_revision(installed, wanted)
    if found is None and refusals:
        refused = " ".join(map(str, refusals.values()))
        raise ModelRefused(f"{_unknown(name, installed)} Refused: {refused}")
    if found is None:
        raise ModelUnavailable(_unknown(name, installed))
    _require_encoder(found, encoders_dir)
    return found


def list_models(models_dir: Path | Sequence[Path]) -> list[ModelReference]:
    """Every sound model folder, in the order of the folders and their names; unsound ones are left out."""
    return _list_all(models_dir)[0]


def list_refused(models_dir: Path | Sequence[Path]) -> dict[Path, str]:
    """The model folders that are unsafe or incomplete, each with what is wrong in one line."""
    return {folder: str(error) for folder, error in _list_all(models_dir)[1].items()}


def _list_all(models_dir: Path | Sequence[Path]) -> tuple[list[ModelReference], dict[Path, ModelRefused]]:
    """The sound model folders, and why the others were refused."""
    references, refusals = [], {}
    for folder in _model_folders(models_dir):
        try:
            references.append(load_reference(folder))
        except ModelRefused as error:
            refusals[folder] = error
    return references, refusals


def load_reference(folder: Path) -> ModelReference:
    """The reference of one model folder, named by its role and size.

    Raises:
        ModelRefused: the folder is unsafe or incomplete.
    """
    manifest = read_manifest(folder)
    return ModelReference(
        name=f"{manifest.role}-{manifest.size}",
        role=manifest.role,
        size=manifest.size,
        revision=short_revision(manifest),
        folder=folder,
        threshold=manifest.threshold,
        temperature=manifest.temperature,
        full_revision=full_revision(manifest),
    )


def default_size(encoders_dir: Path, device: str = "auto") -> str:
    """`base` on a GPU with the base encoder installed, else `small`; torch is not imported."""
    if device == "cpu" or find_encoder(BASE, encoders_dir) is None:
        return "small"
    return "base" if device == "cuda" or _has_gpu() else "small"


def _has_gpu() -> bool:
    """Whether an NVIDIA GPU and a torch that can use it are there, without importing torch.

    Pages ask this, and they must open without torch. A CPU build names itself in its version.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    driver = Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi") is not None
    try:
        return driver and not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


def _model_folders(models_dir: Path | Sequence[Path]) -> list[Path]:
    parents = [models_dir] if isinstance(models_dir, Path) else list(models_dir)
    folders = [sorted(parent.iterdir()) for parent in parents if parent.is_dir()]
    return [path for group in folders for path in group if _may_be_model(path)]


def _may_be_model(folder: Path) -> bool:
    """Whether one of a model's two files is there; a folder that lacks the other one is refused."""
    return any((folder / name).is_file() for name in (MANIFEST_FILE, WEIGHTS_FILE))


def _active_champion(
    installed: Sequence[ModelReference], role: str, size: str, active: str | None
) -> ModelReference | None:
    """The promoted champion where the name asks for it; with a size it is passed over where it is gone."""
    if role != "champion" or active is None:
        return None
    chosen = _by_revision(installed, active)
    if chosen is None and not size:
        raise ChampionMissing(_unknown(f"{active} (the active champion)", installed))
    return chosen if chosen is not None and size in ("", chosen.size) else None


def _sizes(size: str, encoders_dir: Path, device: str) -> list[str]:
    """The sizes that a name may mean, the first one first; none on an encoder of the hub is shipped."""
    if size:
        return [] if size == HUB_SIZE else [size]
    return [default_size(encoders_dir, device), "small", "base"]


def _by_role(
    installed: Sequence[ModelReference],
    refusals: Mapping[Path, ModelRefused],
    role: str,
    sizes: Sequence[str],
) -> ModelReference | None:
    """The model of the first size that is here; a folder `<role>-<size>` comes first, and must be sound."""
    for name, size in ((f"{role}-{size}", size) for size in sizes):
        fitting = [model for model in installed if (model.role, model.size) == (role, size)]
        shipped = [model for model in fitting if model.folder is not None and model.folder.name == name]
        refused = [error for folder, error in refusals.items() if folder.name == name]
        if refused and not shipped:
            raise ModelRefused(f"The model {name} is refused, and no other takes its place: {refused[0]}")
        if fitting:
            return [*shipped, *fitting][0]
    return None


def _by_revision(installed: Sequence[ModelReference], revision: str) -> ModelReference | None:
    return next((model for model in installed if revision in (model.revision, model.full_revision)), None)


def _hub_reference(name: str) -> ModelReference:
    from peachdash.sentiment.hub import HUB_THRESHOLD, resolve_hub_revision

    revision = resolve_hub_revision(name.removeprefix(HUB_PREFIX))
    return ModelReference(name, "hub", "", revision, None, HUB_THRESHOLD, 1.0)


def _require_encoder(model: ModelReference, encoders_dir: Path) -> None:
    assert model.folder is not None
    spec = read_manifest(model.folder).encoder_spec
    if find_encoder(spec, encoders_dir) is None:
        raise ModelUnavailable(
            f"{model.name} needs the encoder {spec.name}; it is not installed: run {spec.how_to_install}."
        )


def _unknown(name: str, installed: Sequence[ModelReference]) -> str:
    names = [*sorted({model.name for model in installed if model.size != HUB_SIZE}), LEXICON]
    revisions = sorted({model.revision for model in installed})
    return f"There is no model {name!r}. Installed: {', '.join(names + revisions)}; or hub:<id>[@revision]."
