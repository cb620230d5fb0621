"""Which models are in use here: the promoted champion, named by one file, and its generic counterpart."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from peachdash.errors import BadInput, ChampionMissing
from peachdash.records import ActiveModels
from peachdash.sentiment.encoders import HUB_SIZE
from peachdash.sentiment.registry import ModelReference, resolve_model

if TYPE_CHECKING:
    from peachdash.config import Settings

CHAMPION_FILE = "champion.json"
_PROPOSED = ".champion-of-"


def read_champion_file(home: Path) -> str | None:
    """The revision that was promoted here; None where none was.

    Raises:
        BadInput: the file is there but names no revision.
    """
    path = home / CHAMPION_FILE
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["revision"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f'{path} should hold {{"revision": "…"}}; delete it to return to the shipped model.'
        ) from error


def propose_champion(home: Path, promotion_id: str, revision: str) -> None:
    """Write the champion file of a promotion that is about to be recorded, beside the one that counts."""
    _write(_proposal(home, promotion_id), revision)


def proposed_champions(home: Path) -> list[str]:
    """The promotions whose champion file was written and is not yet in its place."""
    return sorted(path.name.removeprefix(_PROPOSED) for path in home.glob(f"{_PROPOSED}*"))


def confirm_champion(home: Path, promotion_id: str) -> None:
    """Let a proposed champion file count; nothing where somebody did that already."""
    with suppress(FileNotFoundError):
        _proposal(home, promotion_id).replace(home / CHAMPION_FILE)


def withdraw_champion(home: Path, promotion_id: str) -> None:
    """Delete a proposed champion file, whose promotion was not recorded or does not count any more."""
    _proposal(home, promotion_id).unlink(missing_ok=True)


def _proposal(home: Path, promotion_id: str) -> Path:
    return home / f"{_PROPOSED}{promotion_id}"


def _write(path: Path, revision: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-champion-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"revision": revision}, file)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def find_model(name: str, settings: Settings) -> ModelReference:
    """The model behind a name of the `--model` option, without loading it.

    Raises:
        ModelUnavailable: no such model, or its files are missing; the message lists those that exist.
        ChampionMissing: the promoted champion is not here; the message says how to get back.
    """
    try:
        return resolve_model(
            name,
            [settings.models, settings.trained],
            settings.encoders,
            active_champion=read_champion_file(settings.home),
            device=settings.device,
        )
    except ChampionMissing as error:
        file = settings.home / CHAMPION_FILE
        raise ChampionMissing(
            f"{error} Bring its folder back, go back to the champion before by `peachdash rollback`, or "
            f"delete {file} to return to the shipped one."
        ) from error


def find_pair(settings: Settings) -> tuple[ModelReference, ModelReference]:
    """The champion and the generic model beside it, which stand next to each other on all pages."""
    champion = find_model("champion", settings)
    return champion, find_model(generic_beside(champion), settings)


def generic_beside(model: ModelReference) -> str:
    """The name of the generic model that a fine-tuned one is compared with: that of its size.

    There is none of an encoder of the hub, since nobody trained it on general text alone; beside such a model
    stands the small one, which every installation has.
    """
    if model.size == HUB_SIZE:
        return "generic-small"
    return f"generic-{model.size}" if model.size else "generic"


def find_active(settings: Settings) -> ActiveModels:
    """The revisions of `find_pair`."""
    champion, generic = find_pair(settings)
    return ActiveModels(champion=champion.revision, generic=generic.revision)
