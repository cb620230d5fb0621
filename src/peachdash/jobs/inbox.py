"""The inbox of a running `serve`: work handed over by other processes, and files dropped in.

`peachdash import`, `score` and `status` cannot open the database while `serve` holds it. They put a
request into `<home>/inbox/.requests/` and wait for the answer beside it. Files that a person drops
into `<home>/inbox/` are imported too; each is moved to `imported/`, or to `waiting/` with the reason
in a text file of the same name.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed, NotFound, PeachdashError
from peachdash.jobs.runs import process_lives, read_json, write_json
from peachdash.records import Scope
from peachdash.storage.database import Database
from peachdash.workflows.imports import ImportOptions, import_export
from peachdash.workflows.status import describe_status

log = logging.getLogger(__name__)

SERVE_FILE = "serve.json"
SETTLED_SECONDS = 2.0
"""A dropped file must be this old before it is read, so that a copy in progress is not."""


@dataclass(frozen=True)
class ServeInfo:
    """The `serve` that holds this home."""

    pid: int
    port: int


def write_serve_file(settings: Settings) -> None:
    """Say that this process serves the home."""
    settings.home.mkdir(parents=True, exist_ok=True)
    write_json(settings.home / SERVE_FILE, {"pid": os.getpid(), "port": settings.port})


def find_serve(settings: Settings) -> ServeInfo | None:
    """The running `serve` of this home; None where there is none, or it was killed."""
    content = read_json(settings.home / SERVE_FILE)
    pid = int(content.get("pid", 0))
    if pid == os.getpid() or not process_lives(pid):
        return None
    return ServeInfo(pid=pid, port=int(content.get("port", 0)))


def hand_over(
    settings: Settings,
    serve: ServeInfo,
    request: dict[str, Any],
    data: bytes = b"",
    *,
    on_wait: Callable[[], None] | None = None,
    poll_seconds: float = 0.1,
) -> dict[str, Any]:
    """Give a request to the running `serve` and wait for its answer.

    Raises:
        BadInput, NotFound: as the request would raise here.
        JobFailed: `serve` ended before it answered, or failed; nothing was half done.
    """
    requests = settings.inbox / ".requests"
    folder = requests / f"{time.time_ns():020d}-{secrets.token_hex(3)}"
    building = folder.with_name(f".{folder.name}")
    building.mkdir(parents=True)
    (building / "data").write_bytes(data)
    write_json(building / "request.json", request)
    building.rename(folder)
    try:
        while not (folder / "answer.json").exists():
            if not process_lives(serve.pid):
                raise JobFailed("`peachdash serve` ended before it answered. Nothing was changed; try again.")
            if on_wait is not None:
                on_wait()
            time.sleep(poll_seconds)
        return _unpack(read_json(folder / "answer.json"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    if error is None:
        result: dict[str, Any] = answer["result"]
        return result
    kinds: dict[str, type[PeachdashError]] = {"BadInput": BadInput, "NotFound": NotFound}
    raise kinds.get(answer.get("kind", ""), JobFailed)(error)


def serve_inbox(database: Database, settings: Settings) -> bool:
    """Answer all waiting requests and import all settled files; whether anything was imported."""
    changed = False
    requests = settings.inbox / ".requests"
    for folder in sorted(requests.iterdir()) if requests.is_dir() else []:
        if folder.name.startswith(".") or (folder / "answer.json").exists():
            continue
        changed |= _answer(database, settings, folder)
    for path in _settled_files(settings.inbox):
        changed |= _import_dropped(database, settings, path)
    return changed


def _answer(database: Database, settings: Settings, folder: Path) -> bool:
    request = read_json(folder / "request.json")
    scope = Scope.everything(str(request.get("viewer", "command")))
    try:
        data = (folder / "data").read_bytes()
        answer: dict[str, Any] = {"result": _perform(database, settings, scope, request, data)}
    except PeachdashError as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    except FileNotFoundError:
        return False
    except Exception as error:
        log.exception("a request of kind %s failed", request.get("kind"))
        answer = {"error": f"{type(error).__name__}; see the log of `serve`", "kind": ""}
    if folder.is_dir():
        write_json(folder / "answer.json", answer)
    return request.get("kind") in ("import", "score")


def _perform(
    database: Database, settings: Settings, scope: Scope, request: dict[str, Any], data: bytes
) -> dict[str, Any]:
    kind = request.get("kind")
    if kind == "import":
        options = ImportOptions(**request["options"])
        name = str(request["file_name"])
        return import_export(database, scope, settings.home, data, name, options, "command").to_dict()
    if kind in ("status", "score"):
        return describe_status(database, scope, settings)
    raise BadInput(f"Unknown request {kind!r}; is `serve` of the same version?")


def _settled_files(inbox: Path) -> list[Path]:
    """Files that nobody is writing any more, oldest first."""
    if not inbox.is_dir():
        return []
    files = [path for path in inbox.iterdir() if path.is_file() and not path.name.startswith(".")]
    settled = [path for path in files if time.time() - path.stat().st_mtime >= SETTLED_SECONDS]
    return sorted(settled, key=lambda path: path.stat().st_mtime)


def _import_dropped(database: Database, settings: Settings, path: Path) -> bool:
    try:
        result = import_export(
            database,
            Scope.everything("inbox"),
            settings.home,
            path.read_bytes(),
            path.name,
            ImportOptions(),
            "inbox",
        )
    except PeachdashError as error:
        moved = _move(path, settings.inbox / "waiting")
        moved.with_name(moved.name + ".reason").write_text(f"{error}\n", encoding="utf-8")
        return False
    _move(path, settings.inbox / "imported")
    return result.accepted > 0


def _move(path: Path, folder: Path) -> Path:
    """Move a file into a folder under a name that is free there."""
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 2
    while target.exists():
        target, number = folder / f"{path.stem}-{number}{path.suffix}", number + 1
    return path.rename(target)


def list_waiting(inbox: Path) -> list[tuple[str, str]]:
    """Dropped files that could not be imported, and why."""
    folder = inbox / "waiting"
    if not folder.is_dir():
        return []
    return [
        (path.name.removesuffix(".reason"), path.read_text(encoding="utf-8").strip())
        for path in sorted(folder.glob("*.reason"))
    ]
