"""Importing a review export: read, check against what is stored, store all of it or nothing."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import Any

import pandas as pd

from peachdash.errors import BadInput, NotFound
from peachdash.ingest.cells import Distinct
from peachdash.records import Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.catalogue import add_unassigned_businesses, fold, load_business_names
from peachdash.storage.database import Database
from peachdash.storage.findings import append_languages
from peachdash.storage.reviews import (
    append_import,
    append_import_businesses,
    append_links,
    append_retraction,
    append_reviews,
    count_kept,
    import_exists,
    load_identity,
    load_standing_businesses,
    number_reviews,
)
from peachdash.workflows.describing import detect_few
from peachdash.workflows.duplicates import find_matches
from peachdash.workflows.import_plan import ImportPlan, ImportResult, plan_result
from peachdash.workflows.importing import ImportOptions, Origin, Prepared, prepare_import, reviewer_key
from peachdash.workflows.profiles import apply_profile

__all__ = [
    "ImportOptions",
    "ImportPlan",
    "ImportResult",
    "Origin",
    "import_export",
    "import_prepared",
    "plan_import",
    "plan_prepared",
    "reviewer_key",
    "undo_import",
]

log = logging.getLogger(__name__)

UNKNOWN_SOURCE = "upload"


def plan_import(
    database: Database, scope: Scope, home: Path, data: bytes, file_name: str, options: ImportOptions
) -> ImportPlan:
    """Read and check an export against what is stored, storing nothing.

    Raises:
        BadInput: the file cannot be used; the message says why and what to do.
        NotFound: it names a business outside the viewer's scope, or the viewer may not import.
    """
    _require_right(scope)
    options = apply_profile(database, scope, data, file_name, options)
    return plan_prepared(database, scope, prepare_import(home, data, file_name, options), options)


def plan_prepared(database: Database, scope: Scope, prepared: Prepared, options: ImportOptions) -> ImportPlan:
    """Compare an export that was read with what is stored, storing nothing.

    Raises:
        NotFound: it names a business outside the viewer's scope, or the viewer may not import.
        BadInput: a platform's count was given for rows of several businesses or platforms.
    """
    _require_right(scope)
    rows, new_businesses = _match_businesses(database, scope, prepared.read.rows)
    rows = rows.assign(source=rows["source"].fillna(UNKNOWN_SOURCE))
    with database.read() as connection:
        known = load_identity(connection, rows["business_id"].dropna().unique())
    rows = rows.assign(**find_matches(rows, known))
    plan = ImportPlan(prepared.read, rows, new_businesses, prepared.file_name, prepared.file_sha256, options)
    _check_platform_count(plan)
    return plan


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
    _require_right(scope)
    options = apply_profile(database, scope, data, file_name, options)
    prepared = prepare_import(home, data, file_name, options)
    del data  # a large file is not held while its rows are stored
    return import_prepared(database, scope, prepared, options, origin)


def import_prepared(
    database: Database,
    scope: Scope,
    prepared: Prepared,
    options: ImportOptions,
    origin: Origin,
    import_id: str | None = None,
) -> ImportResult:
    """Store an export that was read, in one transaction.

    Args:
        import_id: of the import, where its job chose it; what is stored under it already is left alone.

    Raises:
        NotFound: it names a business outside the viewer's scope; nothing was stored.
    """
    with database.write() as connection:
        plan = plan_prepared(database, scope, prepared, options)
        import_id = import_id or uuid.uuid4().hex
        if import_exists(connection, import_id):
            return plan_result(plan, import_id)
        stored = _stored_rows(connection, plan)
        append_import(
            connection, _record(plan, import_id, scope, origin), _rejects_to_store(plan.read.rejects)
        )
        append_reviews(connection, import_id, stored)
        append_import_businesses(connection, import_id, plan.rows["business_id"].dropna().unique())
        append_links(connection, import_id, _links(plan, stored))
        append_languages(connection, detect_few(stored))
        counts = {"accepted": plan.accepted, "duplicates": plan.duplicates, "rejected": plan.rejected}
        append_audit(connection, scope.viewer, "import", "import", import_id, {**counts, "origin": origin})
    log.info(
        "import %s: %d accepted, %d duplicates, %d rejected",
        import_id, plan.accepted, plan.duplicates, plan.rejected,
    )  # fmt: skip
    return plan_result(plan, import_id)


def undo_import(database: Database, scope: Scope, import_id: str, reason: str = "") -> int:
    """Take a whole import back. Its rows stay on record and count nowhere, but for those that another
    import which stands holds too; how many those are.

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
        return count_kept(connection, import_id)


def _require_right(scope: Scope) -> None:
    if not scope.may_import:
        raise NotFound("Imports are for managers.")


def _match_businesses(database: Database, scope: Scope, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    with database.read() as connection:
        names = load_business_names(connection)
    distinct = Distinct(rows["business"])
    ids = {name: names.get(fold(name)) for name in distinct.texts}
    foreign = [
        name
        for name, found in ids.items()
        if not (scope.allows(found) if found else scope.business_ids is None)
    ]
    if foreign:
        raise NotFound(f"There is no business named {foreign[0]!r} among yours.")
    new = list({fold(name): name for name, found in ids.items() if found is None}.values())
    return rows.assign(business_id=distinct.spread(pd.Series(ids.values(), dtype="str"))), new


def _check_platform_count(plan: ImportPlan) -> None:
    if plan.options.platform_count is None:
        return
    places = plan.rows[["business", "source"]].drop_duplicates()
    if len(places) != 1:
        raise BadInput(
            f"The count that the platform shows can be compared for one business and one platform at a time; "
            f"{plan.file_name} has {len(places)} of them."
        )


def _stored_rows(connection: Any, plan: ImportPlan) -> pd.DataFrame:
    """The accepted rows with every column of `reviews`, numbered and in their order."""
    added = add_unassigned_businesses(connection, plan.new_businesses)
    ids = {fold(name): business_id for name, business_id in added.items()}
    rows, distinct = plan.rows, Distinct(plan.rows["business"])
    named = distinct.spread(pd.Series([ids.get(fold(name)) for name in distinct.texts], dtype="str"))
    rows = rows.assign(business_id=rows["business_id"].fillna(named))
    stored = number_reviews(connection, rows, rows["duplicate_of"].isna())
    return stored.assign(title=stored["title"].fillna(""), text=stored["text"].fillna(""))


def _links(plan: ImportPlan, stored: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What the import says of stored reviews, by table."""
    rows = plan.rows
    repeated = rows["matched_id"].dropna().drop_duplicates()
    late = rows[rows["late_reply"]].drop_duplicates("matched_id").rename(columns={"matched_id": "review_id"})
    newer = stored[stored["replaces_id"].notna()]
    links = {
        "import_repeats": pd.DataFrame({"review_id": repeated.astype("int64")}),
        "late_replies": late[["review_id", "owner_reply"]].astype({"review_id": "int64"}),
        "review_versions": newer[["review_id", "replaces_id"]].astype("int64"),
    }
    if plan.options.platform_count is not None and len(stored) + len(repeated):
        place = (stored if len(stored) else rows)[["business_id", "source"]].head(1)
        links["platform_counts"] = place.assign(shown=plan.options.platform_count)
    return links


def _record(plan: ImportPlan, import_id: str, scope: Scope, origin: Origin) -> dict[str, Any]:
    recognition = plan.read.recognition
    return {
        "import_id": import_id,
        "file_name": plan.file_name.encode("utf-8", "replace").decode(),
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
            "profile": plan.options.profile,
            "newer_versions": plan.newer_versions,
            "notes": list(plan.read.notes),
        },
    }


def _rejects_to_store(rejects: pd.DataFrame) -> pd.DataFrame:
    named = rejects.rename(columns={"row": "row_number", "column": "column_name"})
    return named.assign(column_name=named["column_name"].fillna(""))
