"""The inbox of a running `serve`: work handed over by other processes, and files dropped in.

`peachdash import`, `profiles`, `score`, `complaints`, `labels`, `status`, `users`, `models`, `promote`
and `rollback` cannot open the database while `serve` holds it. They put a request into
`<home>/inbox/.requests/` and wait for the answer beside it. Files that a person drops into
`<home>/inbox/` are imported too; each is moved to `imported/`, or to `waiting/` with the reason in a text
file of the same name.
"""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from peachdash.config import Settings
from peachdash.errors import BadInput, PeachdashError
from peachdash.ingest import recognise
from peachdash.ingest.guards import check_file_size
from peachdash.jobs.candidate_requests import perform_candidate_request
from peachdash.jobs.handover import REQUESTS
from peachdash.jobs.importing import LARGE_BYTES, create_import_run
from peachdash.jobs.progress import find_progress
from peachdash.jobs.runs import RunFolder, read_json, write_json
from peachdash.jobs.speed import find_speed
from peachdash.jobs.training_requests import perform_training_request
from peachdash.records import Scope
from peachdash.sentiment.active import find_active
from peachdash.storage.database import Database
from peachdash.storage.failures import explained
from peachdash.workflows.complaints import describe_complaints
from peachdash.workflows.import_plan import plan_result
from peachdash.workflows.imports import ImportOptions, import_export, plan_import
from peachdash.workflows.label_exchange import perform_label_request
from peachdash.workflows.people_requests import perform_people_request
from peachdash.workflows.profiles import apply_profile, perform_profile_request
from peachdash.workflows.status import describe_status

log = logging.getLogger(__name__)

SETTLED_SECONDS = 2.0
"""A dropped file must be this old before it is read, so that a copy in progress is not."""

FORGET_SECONDS = 3600.0
REASON = ".reason"
NAME_BYTES = 180


def serve_inbox(database: Database, settings: Settings) -> bool:
    """Answer all waiting requests and import all settled files; whether new texts may be there."""
    changed = False
    for folder in _requests(settings.inbox / REQUESTS):
        changed |= _answer(database, settings, folder)
    for path in _settled_files(settings.inbox):
        changed |= _import_dropped(database, settings, path)
    return changed


def _requests(folder: Path) -> list[Path]:
    """Requests without an answer, oldest first; what killed clients left behind is deleted."""
    if not folder.is_dir():
        return []
    waiting = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        answered = (path / "answer.json").exists()
        if (answered or path.name.startswith(".")) and _age_seconds(path) > FORGET_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
        elif not answered and not path.name.startswith("."):
            waiting.append(path)
    return waiting


def _answer(database: Database, settings: Settings, folder: Path) -> bool:
    request = read_json(folder / "request.json")
    try:
        data = (folder / "data").read_bytes()
    except OSError:
        data = b""
    (folder / "data").unlink(missing_ok=True)
    scope = Scope.everything(str(request.get("viewer", "command")))
    answer: dict[str, Any]
    try:
        with explained(database.engine):
            answer = {"result": _perform(database, settings, scope, request, data)}
    except PeachdashError as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    except Exception as error:
        log.exception("a request of kind %s failed", request.get("kind"))
        answer = {"error": f"{type(error).__name__}; see the log of `serve`", "kind": ""}
    with suppress(OSError):
        write_json(folder / "answer.json", answer)
    switched = request.get("action") in ("promote", "rollback")
    return switched or (request.get("kind") in ("import", "score") and not request.get("check"))


def _perform(
    database: Database, settings: Settings, scope: Scope, request: dict[str, Any], data: bytes
) -> dict[str, Any]:
    kind = request.get("kind")
    if kind == "import":
        options = ImportOptions(**request["options"])
        name = str(request["file_name"])
        if request.get("check"):
            return plan_result(plan_import(database, scope, settings.home, data, name, options)).to_dict()
        if len(data) > LARGE_BYTES:
            options = apply_profile(database, scope, data, name, options)
            run = create_import_run(settings.jobs, data, name, options, scope, "command", confirmed=True)
            return {"run": run.run_id}
        return import_export(database, scope, settings.home, data, name, options, "command").to_dict()
    if kind == "profiles":
        return perform_profile_request(database, scope, str(request["action"]), request["arguments"])
    if kind == "people":
        return perform_people_request(database, scope, str(request["action"]), request["arguments"])
    if kind == "labels":
        models, action = find_active(settings), str(request["action"])
        return perform_label_request(database, scope, models, action, request["arguments"], data)
    if kind == "candidates":
        action, arguments = str(request["action"]), request["arguments"]
        return perform_candidate_request(database, settings, scope, action, arguments)
    if kind == "training":
        return perform_training_request(
            database, scope, settings, str(request["action"]), request["arguments"]
        )
    if kind == "complaints":
        return describe_complaints(database, scope, find_active(settings), str(request["business"]))
    if kind in ("status", "score"):
        progress = find_progress(settings.jobs)
        scoring = None if progress is None else {"state": progress.state, "error": progress.error}
        return {
            **describe_status(database, scope, settings),
            "scoring": scoring,
            "last_scoring": find_speed(settings.jobs),
        }
    raise BadInput(f"Unknown request {kind!r}; is `serve` of the same version?")


def _settled_files(inbox: Path) -> list[Path]:
    """Files that nobody is writing any more, oldest first."""
    if not inbox.is_dir():
        return []
    files = [path for path in inbox.iterdir() if path.is_file() and not path.name.startswith(".")]
    settled = [path for path in files if _age_seconds(path) >= SETTLED_SECONDS]
    return sorted(settled, key=lambda path: path.stat().st_mtime)


def _age_seconds(path: Path) -> float:
    """Seconds since a file or folder was changed; 0 where it vanished meanwhile."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _import_dropped(database: Database, settings: Settings, path: Path) -> bool:
    scope = Scope.everything("inbox")
    try:
        check_file_size(path.stat().st_size, path.name)
        data = path.read_bytes()
        options = apply_profile(database, scope, data, path.name, ImportOptions())
        _require_recognised(data, path.name, options)
        if len(data) > LARGE_BYTES:
            run = create_import_run(settings.jobs, data, path.name, options, scope, "inbox", confirmed=True)
            _move(path, settings.inbox / ".importing" / run.run_id)
            return False
        result = import_export(database, scope, settings.home, data, path.name, options, "inbox")
    except PeachdashError as error:
        _set_aside(path, settings.inbox / "waiting", str(error))
        return False
    except Exception as error:
        log.exception("a dropped file could not be imported")
        _set_aside(path, settings.inbox / "waiting", f"It could not be imported ({type(error).__name__}).")
        return False
    _move(path, settings.inbox / "imported")
    return result.accepted > 0


def settle_dropped(settings: Settings, run: RunFolder) -> None:
    """Put a large dropped file, whose import ended, where the small ones go."""
    folder = settings.inbox / ".importing" / run.run_id
    if not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        if run.state == "stored":
            _move(path, settings.inbox / "imported")
        else:
            _set_aside(path, settings.inbox / "waiting", run.error)
    folder.rmdir()


def _require_recognised(data: bytes, name: str, options: ImportOptions) -> None:
    """Refuse a file whose columns were only guessed by what they hold: nobody looks at it here."""
    if options.profile is None and not recognise(data, name).certain:
        raise BadInput(
            f"The columns of {name} bear no known names: upload it on the page, say which is which, and save "
            "that as a profile."
        )


def retry_waiting(inbox: Path) -> int:
    """Put the files that wait back into the inbox, to be tried again; how many."""
    folder, count = inbox / "waiting", 0
    for reason in sorted(folder.glob(f"*{REASON}")) if folder.is_dir() else []:
        path = reason.with_name(reason.name.removesuffix(REASON))
        if path.is_file():
            _move(path, inbox)
            count += 1
        reason.unlink()
    return count


def _set_aside(path: Path, folder: Path, reason: str) -> None:
    moved = _move(path, folder)
    moved.with_name(moved.name + REASON).write_text(f"{reason}\n", encoding="utf-8")


def _move(path: Path, folder: Path) -> Path:
    """Move a file into a folder under a name that is free there, and short enough for a suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = path.stem.encode("utf-8", "replace")[:NAME_BYTES].decode("utf-8", "ignore")
    suffix = path.suffix[:20]
    target, number = folder / f"{stem}{suffix}", 2
    while target.exists():
        target, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path.rename(target)


def list_waiting(inbox: Path) -> list[tuple[str, str]]:
    """Dropped files that could not be imported, and why."""
    folder = inbox / "waiting"
    if not folder.is_dir():
        return []
    return [
        (path.name.removesuffix(REASON), path.read_text(encoding="utf-8").strip())
        for path in sorted(folder.glob(f"*{REASON}"))
    ]
