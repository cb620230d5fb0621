"""Importing a review export: read, check against what is stored, store all of it or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
import secrets
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from peachdash.errors import BadInput, NotFound
from peachdash.ingest import ExportRead, read_export
from peachdash.records import Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage.audit import append_audit
from peachdash.storage.catalogue import add_business, fold, load_business_names
from peachdash.storage.database import Database
from peachdash.storage.reviews import (
    append_import,
    append_import_businesses,
    append_retraction,
    append_reviews,
    load_identity,
    load_standing_businesses,
)
from peachdash.workflows.duplicates import find_duplicates, flag_possible_duplicates

log = logging.getLogger(__name__)

Origin = Literal["page", "command", "inbox", "demo"]
UNKNOWN_SOURCE = "upload"
REVIEWER_KEY_BYTES = 32


@dataclass(frozen=True)
class ImportOptions:
    """What the person who imports adds to the file.

    Attributes:
        business, source: for rows in which the file names none.
        mapping: field to column name, where the recognised mapping was corrected.
        date_order: settles dates that stay open in the whole column.
    """

    business: str | None = None
    source: str | None = None
    mapping: dict[str, str | None] | None = None
    date_order: Literal["dmy", "mdy"] | None = None


@dataclass(frozen=True)
class ImportPlan:
    """An export as it would be imported now.

    Attributes:
        read: what the reader found.
        rows: the rows of `read.rows` with business_id (None for a business that would be new),
            text_sha256, possible_duplicate and duplicate_of (text: what a row repeats, else None).
        new_businesses: names that would become businesses.
        file_sha256: of the file's bytes.
    """

    read: ExportRead
    rows: pd.DataFrame
    new_businesses: list[str]
    file_name: str
    file_sha256: str

    @property
    def accepted(self) -> int:
        return int(self.rows["duplicate_of"].isna().sum())

    @property
    def duplicates(self) -> int:
        return int(self.rows["duplicate_of"].notna().sum())

    @property
    def rejected(self) -> int:
        return len(self.read.rejects)


@dataclass(frozen=True)
class ImportResult:
    """What an import did; `to_dict` is what `peachdash import --json` prints."""

    accepted: int
    duplicates: int
    rejected: int
    format: str
    rejects: list[dict[str, Any]] = field(default_factory=list)
    import_id: str | None = None
    new_businesses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def plan_import(
    database: Database, scope: Scope, home: Path, data: bytes, file_name: str, options: ImportOptions
) -> ImportPlan:
    """Read and check an export against what is stored, storing nothing.

    Raises:
        BadInput: the file cannot be used; the message says why and what to do.
        NotFound: it names a business outside the viewer's scope, or the viewer may not import.
    """
    if not scope.may_import:
        raise NotFound("Imports are for managers.")
    read = read_export(
        data,
        file_name,
        mapping=options.mapping,
        business=options.business,
        source=options.source,
        date_order=options.date_order,
        hash_key=reviewer_key(home),
        today=dt.datetime.now(dt.UTC).date(),
    )
    file_sha256 = hashlib.sha256(data).hexdigest()
    rows, new_businesses = _match_businesses(database, scope, read.rows)
    rows = rows.assign(source=rows["source"].fillna(UNKNOWN_SOURCE))
    hashes = text_sha256s(scored_texts(list(rows["title"]), list(rows["text"])))
    rows = rows.assign(text_sha256=hashes)
    with database.read() as connection:
        known = load_identity(connection, rows["business_id"].dropna().unique())
    rows = rows.assign(duplicate_of=find_duplicates(rows, known))
    rows = rows.assign(possible_duplicate=flag_possible_duplicates(rows, known))
    return ImportPlan(read, rows, new_businesses, file_name, file_sha256)


def import_export(
    database: Database,
    scope: Scope,
    home: Path,
    data: bytes,
    file_name: str,
    options: ImportOptions,
    origin: Origin,
) -> ImportResult:
    """Import an export: every row is accepted, a duplicate or rejected, in one transaction.

    Raises:
        BadInput: the file cannot be used; nothing was stored.
        NotFound: it names a business outside the viewer's scope; nothing was stored.
    """
    if not scope.may_import:
        raise NotFound("Imports are for managers.")
    with database.write() as connection:
        plan = plan_import(database, scope, home, data, file_name, options)
        import_id = uuid.uuid4().hex
        ids = {fold(name): add_business(connection, name) for name in plan.new_businesses}
        new = plan.rows[plan.rows["duplicate_of"].isna()]
        named = new["business"].map(lambda name: ids.get(fold(name)))
        stored = new.assign(
            business_id=new["business_id"].fillna(named),
            title=new["title"].fillna(""),
            text=new["text"].fillna(""),
        )
        append_import(
            connection, _record(plan, import_id, scope, origin), _rejects_to_store(plan.read.rejects)
        )
        append_reviews(connection, import_id, stored)
        businesses = plan.rows["business_id"].dropna().unique()
        append_import_businesses(connection, import_id, businesses)
        counts = {"accepted": plan.accepted, "duplicates": plan.duplicates, "rejected": plan.rejected}
        append_audit(connection, scope.viewer, "import", "import", import_id, {**counts, "origin": origin})
    log.info(
        "import %s: %d accepted, %d duplicates, %d rejected",
        import_id, plan.accepted, plan.duplicates, plan.rejected,
    )  # fmt: skip
    return _result(plan, import_id)


def undo_import(database: Database, scope: Scope, import_id: str, reason: str = "") -> None:
    """Take a whole import back. Its rows stay on record and count nowhere.

    Raises:
        NotFound: there is no such import that counts, or it is not the viewer's to undo.
    """
    with database.write() as connection:
        businesses = load_standing_businesses(connection, import_id)
        own = businesses is not None and all(scope.allows(business) for business in businesses)
        unnamed = not businesses and scope.business_ids is not None
        if not own or unnamed or not scope.may_import:
            raise NotFound("There is no such import, or it was undone before.")
        append_retraction(connection, import_id, scope.viewer, reason)
        append_audit(connection, scope.viewer, "undo_import", "import", import_id)


def reviewer_key(home: Path) -> bytes:
    """The secret with which reviewer names are hashed; made once, readable by its owner only."""
    path = home / "reviewer.key"
    try:
        key = path.read_bytes()
        if len(key) < REVIEWER_KEY_BYTES:
            raise BadInput(f"{path} is damaged. Restore it, or delete it: reviewers then count as new ones.")
        return key
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True)
        key = secrets.token_bytes(REVIEWER_KEY_BYTES)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        beside.touch(mode=0o600)
        beside.write_bytes(key)
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
        return path.read_bytes()


def _match_businesses(database: Database, scope: Scope, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    with database.read() as connection:
        names = load_business_names(connection)
    ids = {name: names.get(fold(name)) for name in rows["business"].unique()}
    foreign = [
        name
        for name, found in ids.items()
        if not (scope.allows(found) if found else scope.business_ids is None)
    ]
    if foreign:
        raise NotFound(f"There is no business named {foreign[0]!r} among yours.")
    new = list({fold(name): name for name, found in ids.items() if found is None}.values())
    return rows.assign(business_id=rows["business"].map(ids)), new


def _record(plan: ImportPlan, import_id: str, scope: Scope, origin: Origin) -> dict[str, Any]:
    recognition = plan.read.recognition
    return {
        "import_id": import_id,
        "file_name": Path(plan.file_name).name.encode("utf-8", "replace").decode(),
        "file_sha256": plan.file_sha256,
        "format": recognition.format,
        "origin": origin,
        "imported_by": scope.viewer,
        "rows_read": plan.read.rows_read,
        "accepted": plan.accepted,
        "duplicates": plan.duplicates,
        "rejected": plan.rejected,
        "details": {
            "container": recognition.container,
            "encoding": recognition.encoding,
            "delimiter": recognition.delimiter,
            "mapping": dict(recognition.mapping),
            "notes": list(plan.read.notes),
        },
    }


def _rejects_to_store(rejects: pd.DataFrame) -> pd.DataFrame:
    named = rejects.rename(columns={"row": "row_number", "column": "column_name"})
    return named.assign(column_name=named["column_name"].fillna(""))


def _result(plan: ImportPlan, import_id: str) -> ImportResult:
    return ImportResult(
        accepted=plan.accepted,
        duplicates=plan.duplicates,
        rejected=plan.rejected,
        format=plan.read.recognition.format,
        rejects=_listed(plan.read.rejects),
        import_id=import_id,
        new_businesses=plan.new_businesses,
        notes=list(plan.read.notes),
    )


def _listed(rejects: pd.DataFrame) -> list[dict[str, Any]]:
    shown = rejects[["row", "column", "reason"]].astype(object)
    listed: list[dict[str, Any]] = shown.where(shown.notna(), None).to_dict("records")
    return listed
