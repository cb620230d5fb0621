"""A large import as a run: the file is read in a process of its own, then stored by the supervisor.

    <id>/upload.bin         the file
    <id>/output/*.parquet   its accepted rows
    <id>/rejects.parquet    the others
    <id>/prepared.json      how it was understood
    <id>/view.json, shown_*.parquet   what a page shows before anything is stored
    <id>/counted.json       on which imports that rests
    <id>/confirmed          somebody wants it stored, and under which name its settings are to be kept
    <id>/result.json        what was stored

The run's id is the import's id, so that storing it again after a kill changes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from peachdash.errors import PeachdashError
from peachdash.ingest import ExportRead, Recognition
from peachdash.jobs.runs import RunFolder, create_run, list_runs, read_json, write_json
from peachdash.queries.imports import fetch_imports
from peachdash.records import Role, Scope
from peachdash.storage.database import Database
from peachdash.workflows.import_plan import PlanView, view_plan
from peachdash.workflows.importing import ImportOptions, Origin, Prepared, prepare_import
from peachdash.workflows.imports import import_prepared, plan_prepared
from peachdash.workflows.profiles import keep_profile

KIND = "import"
LARGE_BYTES = 5_000_000
"""A larger file is read in a process of its own; a smaller one takes a second or two."""

FORGET_SECONDS = 24 * 3600.0
_FRAMES = ("preview", "repeated", "rejects")


def create_import_run(
    jobs: Path,
    data: bytes,
    file_name: str,
    options: ImportOptions,
    scope: Scope,
    origin: Origin,
    *,
    confirmed: bool,
) -> RunFolder:
    """A queued run that reads a file; where `confirmed`, it is stored as soon as it is read."""
    businesses = None if scope.business_ids is None else sorted(scope.business_ids)
    request = {
        "file_name": file_name,
        "options": asdict(options),
        "origin": origin,
        "scope": {"viewer": scope.viewer, "role": scope.role.value, "business_ids": businesses},
    }
    files = {"upload.bin": data, **({"confirmed": b"{}"} if confirmed else {})}
    return create_run(jobs, KIND, request, pa.table({}), files)


def prepare_run(run: RunFolder, home: Path) -> None:
    """Read and check the file of a run, leaving rows and rejects beside it.

    Raises:
        BadInput: the file cannot be used.
    """
    run.append_event(event="started", done=0, total=1)
    request = run.request
    options = ImportOptions(**request["options"])
    data = (run.path / "upload.bin").read_bytes()
    prepared = prepare_import(home, data, request["file_name"], options)
    read = prepared.read
    run.append_event(event="progress", done=read.rows_read, total=read.rows_read)
    read.rejects.to_parquet(run.path / "rejects.parquet")
    meta = {"recognition": asdict(read.recognition), "notes": read.notes, "sha256": prepared.file_sha256}
    (run.path / "prepared.json").write_text(json.dumps(meta, default=str))
    run.add_part(pa.Table.from_pandas(read.rows, preserve_index=False))


def discard_upload(run: RunFolder) -> None:
    """Delete the file of a run that is done; before that a killed process would miss it."""
    (run.path / "upload.bin").unlink(missing_ok=True)


def take_import(database: Database, run: RunFolder) -> bool:
    """Go on with a run whose file was read: say what would be stored, or store it; whether it was stored."""
    confirmed = is_confirmed(run)
    if not confirmed and (run.path / "view.json").exists():
        return False
    told = read_json(run.path / "confirmed")
    profile_name = str(told.pop("profile_name", ""))
    options = replace(ImportOptions(**run.request["options"]), **told)
    try:
        prepared = _load(run)
        if not confirmed:
            write_json(run.path / "counted.json", {"imports": _imports_now(database, run)})
            plan = plan_prepared(database, run_scope(run), prepared, options)
            _write_view(run, view_plan(plan))
            return False
        origin: Origin = run.request["origin"]
        result = import_prepared(database, run_scope(run), prepared, options, origin, run.run_id)
    except PeachdashError as error:
        write_json(run.path / "result.json", {"error": str(error), "kind": type(error).__name__})
        run.set_state("failed", str(error))
        return False
    not_kept = keep_profile(database, run_scope(run), profile_name, prepared.read.recognition, options)
    write_json(run.path / "result.json", {**result.to_dict(), "profile_not_kept": not_kept})
    run.set_state("stored")
    run.discard_payload()
    return True


def run_scope(run: RunFolder) -> Scope:
    """Whose rights a run has: those of who asked for it, when they did."""
    given = run.request["scope"]
    ids = given["business_ids"]
    return Scope(given["viewer"], Role(given["role"]), None if ids is None else frozenset(ids))


def read_view(run: RunFolder) -> PlanView | None:
    """What would be stored; None until it is known."""
    meta = read_json(run.path / "view.json")
    if not meta:
        return None
    frames = {name: pd.read_parquet(run.path / f"shown_{name}.parquet") for name in _FRAMES}
    return PlanView(**meta, **frames)


def recount_if_changed(database: Database, run: RunFolder) -> None:
    """Have what would be stored counted again where something was imported or undone since."""
    counted = read_json(run.path / "counted.json").get("imports")
    if run.state == "done" and not is_confirmed(run) and counted != _imports_now(database, run):
        (run.path / "view.json").unlink(missing_ok=True)


def _imports_now(database: Database, run: RunFolder) -> list[list[Any]]:
    """The imports that whoever asked for a run sees, and which of them are undone."""
    with database.read() as connection:
        imports = fetch_imports(connection, run_scope(run))
    return [[str(row.import_id), bool(row.retracted)] for row in imports.itertuples()]


def confirm(run: RunFolder, *, platform_count: int | None = None, profile_name: str = "") -> None:
    """Have a run stored, with what matters for the storing only.

    Args:
        run: that was read.
        platform_count: how many reviews the platform shows.
        profile_name: under which its settings are kept once it is stored; blank for none.
    """
    write_json(run.path / "confirmed", {"platform_count": platform_count, "profile_name": profile_name})


def is_confirmed(run: RunFolder) -> bool:
    """Whether somebody wants a run stored."""
    return (run.path / "confirmed").exists()


def abandon(run: RunFolder) -> None:
    """Close a run that nobody waits for any more, since the file is read with other settings."""
    if not is_confirmed(run) and run.state != "failed":
        run.set_state("failed", "other settings were chosen.")
        run.discard_payload()


def full_rejects(run: RunFolder) -> pd.DataFrame | None:
    """All rejected rows of a run that was read; None once it is stored."""
    try:
        return pd.read_parquet(run.path / "rejects.parquet")
    except FileNotFoundError:
        return None


def forget_unconfirmed(run: RunFolder) -> None:
    """Close a run that was read and that nobody wanted stored for a day."""
    if not is_confirmed(run) and time.time() - run.changed_seconds > FORGET_SECONDS:
        run.set_state("failed", "it was read, and nobody imported it within a day.")
        run.discard_payload()


def import_runs(jobs: Path) -> list[RunFolder]:
    """All import runs, oldest first."""
    return [run for run in list_runs(jobs) if run.request.get("kind") == KIND]


def _load(run: RunFolder) -> Prepared:
    meta = read_json(run.path / "prepared.json")
    found = dict(meta["recognition"])
    scraped = found["scraped_on"]
    found |= {
        "columns": tuple(found["columns"]),
        "notes": tuple(found["notes"]),
        "scraped_on": dt.date.fromisoformat(scraped) if scraped else None,
    }
    rows = pd.read_parquet(run.parts()[-1])
    rejects = pd.read_parquet(run.path / "rejects.parquet")
    read = ExportRead(Recognition(**found), rows, rejects, tuple(meta["notes"]))
    return Prepared(read, Path(run.request["file_name"]).name, meta["sha256"])


def _write_view(run: RunFolder, view: PlanView) -> None:
    meta: dict[str, Any] = {}
    for name, value in vars(view).items():
        if name in _FRAMES:
            value.to_parquet(run.path / f"shown_{name}.parquet")
        else:
            meta[name] = value
    write_json(run.path / "view.json", meta)
