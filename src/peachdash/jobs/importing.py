"""A large import as a run: the file is read in a process of its own, then stored by the supervisor.

    <id>/upload.bin         the file
    <id>/output/*.parquet   its accepted rows
    <id>/rejects.parquet    the others
    <id>/prepared.json      how it was understood
    <id>/view.json, shown_*.parquet   what a page shows before anything is stored
    <id>/confirmed          somebody wants it stored
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
from peachdash.records import Role, Scope
from peachdash.storage.database import Database
from peachdash.workflows.import_plan import PlanView, view_plan
from peachdash.workflows.importing import ImportOptions, Origin, Prepared, prepare_import
from peachdash.workflows.imports import import_prepared, plan_prepared

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
    confirmed = (run.path / "confirmed").exists()
    if not confirmed and (run.path / "view.json").exists():
        return False
    told = read_json(run.path / "confirmed")
    options = replace(ImportOptions(**run.request["options"]), **told)
    try:
        prepared = _load(run)
        if not confirmed:
            plan = plan_prepared(database, run_scope(run), prepared, options)
            _write_view(run, view_plan(plan))
            return False
        origin: Origin = run.request["origin"]
        result = import_prepared(database, run_scope(run), prepared, options, origin, run.run_id)
    except PeachdashError as error:
        write_json(run.path / "result.json", {"error": str(error), "kind": type(error).__name__})
        run.set_state("failed", str(error))
        return False
    write_json(run.path / "result.json", result.to_dict())
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


def confirm(run: RunFolder, **told: Any) -> None:
    """Have a run stored, with options that matter for the storing only, as `platform_count`."""
    write_json(run.path / "confirmed", told)


def full_rejects(run: RunFolder) -> pd.DataFrame:
    """All rejected rows of a run that was read and not stored yet."""
    return pd.read_parquet(run.path / "rejects.parquet")


def forget_unconfirmed(run: RunFolder) -> None:
    """Close a run that was read and that nobody wanted stored for a day."""
    if not (run.path / "confirmed").exists() and time.time() - run.changed_seconds > FORGET_SECONDS:
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
