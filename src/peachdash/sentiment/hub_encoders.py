"""Encoders of the Hugging Face hub as the start of a training: found and checked before they are fetched.

`hub:<id>[@revision]` is pinned to the commit that its revision names now. A model that was trained on it
names commit and hash of the weights in its manifest, and is refused with any others. `hub_encoder_install`
fetches what was found.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from peachdash.errors import ModelRefused, ModelUnavailable, PeachdashError
from peachdash.sentiment.encoders import (
    HUB_SIZE,
    WEIGHTS,
    EncoderSpec,
    file_sha256,
    find_encoder,
    hub_encoder_spec,
)
from peachdash.sentiment.hub import COMMIT, parse_hub_name, unreachable
from peachdash.sentiment.hub_encoder_rules import CONFIG, check_config, check_files
from peachdash.sentiment.registry import HUB_PREFIX

SOURCE_FILE = "source.json"
TIMEOUT_SECONDS = 10.0
REMEMBERED_SECONDS = 60.0
_answers: dict[tuple[str, Path], tuple[float, HubEncoder | PeachdashError]] = {}


@dataclass(frozen=True)
class HubEncoder:
    """An encoder that a training may start from.

    Attributes:
        name: `hub:<id>@<commit>`.
        sha256: of its weights; '' where the hub does not tell and it is not here yet.
        weight_bytes: size of its weights.
        kind: its family.
        layers, width: its size.
        licence: as its author states it; '' where that is not known.
    """

    name: str
    sha256: str
    weight_bytes: int
    kind: str
    layers: int
    width: int
    licence: str

    @property
    def spec(self) -> EncoderSpec:
        """Where it lies, and with which hash."""
        return hub_encoder_spec(self.name, self.sha256, self.licence)

    @property
    def hub_id(self) -> str:
        """`<owner>/<name>`."""
        return self.spec.hub_id

    @property
    def commit(self) -> str:
        """40 hexadecimal digits."""
        return str(self.spec.hub_revision)

    @property
    def words(self) -> str:
        """ "org/name at 3f9a01c: bert, 12 layers, width 768, 438 MB, licence apache-2.0"."""
        size = f"{self.layers} layers, width {self.width}, {self.weight_bytes / 1e6:,.0f} MB"
        licence = f"licence {self.licence}" if self.licence else "licence not stated"
        return f"{short_hub_name(self.name)}: {self.kind}, {size}, {licence}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values, from which it is made again by `HubEncoder(**values)`."""
        return asdict(self)


def short_hub_name(name: str) -> str:
    """`org/name at 3f9a01c` for `hub:org/name@<commit>`."""
    identifier, _, commit = name.removeprefix(HUB_PREFIX).partition("@")
    return f"{identifier} at {commit[:7]}" if commit else identifier


def find_hub_encoder(name: str, encoders_dir: Path) -> HubEncoder:
    """The encoder of `hub:<id>[@revision]`, checked by what can be known without its weights.

    A commit that is here already is not asked for again. Else the hub is asked, and where it cannot be
    reached the local Hugging Face cache, then the encoders that are here. Answers are kept for a minute.

    Raises:
        BadInput: the name is malformed.
        ModelRefused: it cannot be trained here; see `hub_encoder_rules`.
        ModelUnavailable: no network and no copy, or no such model or revision.
    """
    key = (name.strip(), encoders_dir)
    known = _answers.get(key)
    if known is None or time.monotonic() - known[0] > REMEMBERED_SECONDS:
        known = _answers[key] = (time.monotonic(), _ask(*key))
    if isinstance(known[1], PeachdashError):
        raise type(known[1])(str(known[1]))
    return known[1]


def _ask(name: str, encoders_dir: Path) -> HubEncoder | PeachdashError:
    try:
        identifier, revision = parse_hub_name(name.removeprefix(HUB_PREFIX))
        found = installed_hub_encoder(identifier, revision, encoders_dir) if _is_commit(revision) else None
        return found or _from_hub(identifier, revision, encoders_dir)
    except PeachdashError as error:
        return error


def _is_commit(revision: str | None) -> bool:
    return revision is not None and COMMIT.fullmatch(revision) is not None


def installed_hub_encoder(identifier: str, revision: str | None, encoders_dir: Path) -> HubEncoder | None:
    """The encoder as it lies in its folder; without a commit the one that was fetched last."""
    if revision is not None and not _is_commit(revision):
        return None
    commit = revision or "*"
    pattern = f"{identifier.replace('/', '--')}@{commit}/{SOURCE_FILE}"
    described = sorted((encoders_dir / HUB_SIZE).glob(pattern), key=lambda path: path.stat().st_mtime)
    for path in reversed(described):
        try:
            found = HubEncoder(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if find_encoder(found.spec, encoders_dir) is not None:
            return found
    return None


def _from_hub(identifier: str, revision: str | None, encoders_dir: Path) -> HubEncoder:
    """What the hub says, else what the cache or the folder of encoders holds."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    asked = f"{HUB_PREFIX}{identifier}" + (f"@{revision}" if revision else "")
    try:
        info = HfApi().model_info(identifier, revision=revision, timeout=TIMEOUT_SECONDS, files_metadata=True)
    except (GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelUnavailable(unreachable(asked, error)) from error
    except Exception as error:  # no network, in one of many ways
        found = _cached(identifier, revision) or installed_hub_encoder(identifier, revision, encoders_dir)
        if found is not None:
            return found
        raise ModelUnavailable(no_copy(asked, error)) from error
    sizes = {str(item.rfilename): item.size for item in info.siblings or []}
    check_files(asked, sizes)
    name = f"{HUB_PREFIX}{identifier}@{info.sha}"
    weights = next(item for item in info.siblings or [] if item.rfilename == WEIGHTS)
    sha256 = str(weights.lfs.sha256) if weights.lfs is not None else ""
    licence = _licence(getattr(info.card_data, "license", None))
    bare = HubEncoder(name, sha256, int(sizes[WEIGHTS] or 0), "", 0, 0, licence)
    return _with_config(bare, _fetch_config(bare))


def _fetch_config(encoder: HubEncoder) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(encoder.hub_id, CONFIG, revision=encoder.commit))
    except Exception as error:
        raise ModelUnavailable(no_copy(encoder.name, error)) from error


def _cached(identifier: str, revision: str | None) -> HubEncoder | None:
    """The encoder as the local Hugging Face cache holds it; None where that lacks one of its files."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(identifier, CONFIG, revision=revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    name = f"{HUB_PREFIX}{identifier}@{folder.name}"
    check_files(name, {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()})
    weights = folder / WEIGHTS
    bare = HubEncoder(
        name, file_sha256(weights), weights.stat().st_size, "", 0, 0, _licence_of_card(folder / "README.md")
    )
    return _with_config(bare, Path(config))


def _with_config(encoder: HubEncoder, path: Path) -> HubEncoder:
    config = read_config(encoder.name, path)
    check_config(short_hub_name(encoder.name), config)
    layers, width = int(config["num_hidden_layers"]), int(config["hidden_size"])
    return replace(encoder, kind=str(config["model_type"]), layers=layers, width=width)


def read_config(name: str, path: Path) -> Any:
    """What the file `config.json` of an encoder holds.

    Raises:
        ModelRefused: it is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelRefused(f"The {CONFIG} of {short_hub_name(name)} is no JSON: {error}.") from error


def _licence(value: object) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return " ".join(words.split())[:80]


def _licence_of_card(path: Path) -> str:
    from huggingface_hub import ModelCard

    try:
        card = ModelCard(path.read_text(encoding="utf-8"))
        return _licence(getattr(card.data, "license", None))
    except Exception:  # there is no card, or it is none that can be read
        return ""


def no_copy(name: str, error: Exception) -> str:
    """Why an encoder cannot be had, in one line."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return (
            f"{name} is not in the local Hugging Face cache, and HF_HUB_OFFLINE is set: start with "
            "HF_HUB_OFFLINE=0 on a machine with a network to have it fetched."
        )
    return f"{unreachable(name, error)}, and the local Hugging Face cache does not hold it."
