"""An export as it would be imported, and what an import did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from peachdash.ingest import ExportRead
from peachdash.workflows.importing import ImportOptions

DUPLICATES_LISTED = 1_000


@dataclass(frozen=True)
class ImportPlan:
    """An export as it would be imported now.

    Attributes:
        read: what the reader found.
        rows: the rows of `read.rows` with business_id (None for a business that would be new),
            text_sha256, possible_duplicate and the columns of `find_matches`: duplicate_of (text: what a row
            repeats, else None), matched_id, replaces_id and late_reply.
        new_businesses: names that would become businesses.
        file_sha256: of the file's bytes.
        options: with which it was read.
    """

    read: ExportRead
    rows: pd.DataFrame
    new_businesses: list[str]
    file_name: str
    file_sha256: str
    options: ImportOptions = field(default_factory=ImportOptions)

    @property
    def accepted(self) -> int:
        return int(self.rows["duplicate_of"].isna().sum())

    @property
    def duplicates(self) -> int:
        return int(self.rows["duplicate_of"].notna().sum())

    @property
    def rejected(self) -> int:
        return len(self.read.rejects)

    @property
    def newer_versions(self) -> int:
        """Accepted rows that replace what a reviewer had written before."""
        return int(self.rows["replaces_id"].notna().sum())

    @property
    def late_replies(self) -> int:
        """Duplicates that bring the owner's reply to a stored review."""
        return int(self.rows["late_reply"].sum())

    @property
    def changes_something(self) -> bool:
        return bool(self.accepted or self.late_replies)


ROWS_SHOWN = 1_000
PREVIEW_ROWS = 20


@dataclass(frozen=True)
class PlanView:
    """What a page shows of a plan, however large the file is.

    Attributes:
        preview: the first 20 rows that would be stored, with all columns of `ImportPlan.rows`.
        repeated: the first thousand duplicates: row, duplicate_of, title and text.
        rejects: the first thousand rejected rows.
    """

    accepted: int
    duplicates: int
    rejected: int
    rows_read: int
    newer_versions: int
    late_replies: int
    new_businesses: list[str]
    notes: list[str]
    places: int
    preview: pd.DataFrame
    repeated: pd.DataFrame
    rejects: pd.DataFrame


def view_plan(plan: ImportPlan) -> PlanView:
    """The part of a plan that a page shows."""
    rows = plan.rows
    new, again = rows["duplicate_of"].isna(), rows["duplicate_of"].notna()
    return PlanView(
        accepted=plan.accepted,
        duplicates=plan.duplicates,
        rejected=plan.rejected,
        rows_read=plan.read.rows_read,
        newer_versions=plan.newer_versions,
        late_replies=plan.late_replies,
        new_businesses=plan.new_businesses,
        notes=list(plan.read.notes),
        places=len(rows[["business", "source"]].drop_duplicates()),
        preview=rows[new].head(PREVIEW_ROWS),
        repeated=rows.loc[again, ["row", "duplicate_of", "title", "text"]].head(ROWS_SHOWN),
        rejects=plan.read.rejects.head(ROWS_SHOWN),
    )


@dataclass(frozen=True)
class ImportResult:
    """What an import did; `to_dict` is what `peachdash import --json` prints.

    Attributes:
        rejects: row, column (None: the whole row) and reason of every rejected row.
        duplicate_rows: row and what it repeats, of the first thousand duplicates.
        import_id: None where nothing was stored on purpose (`--check`).
    """

    accepted: int
    duplicates: int
    rejected: int
    format: str
    rejects: list[dict[str, Any]] = field(default_factory=list)
    import_id: str | None = None
    new_businesses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    newer_versions: int = 0
    late_replies: int = 0
    duplicate_rows: list[dict[str, Any]] = field(default_factory=list)
    profile: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def plan_result(plan: ImportPlan, import_id: str | None = None) -> ImportResult:
    """A plan in the words of a result; without an id, of one that stored nothing."""
    repeated = plan.rows.loc[plan.rows["duplicate_of"].notna(), ["row", "duplicate_of"]]
    repeated = repeated.rename(columns={"duplicate_of": "repeats"})
    return ImportResult(
        accepted=plan.accepted,
        duplicates=plan.duplicates,
        rejected=plan.rejected,
        format=plan.read.recognition.format,
        rejects=_listed(plan.read.rejects[["row", "column", "reason"]]),
        import_id=import_id,
        new_businesses=plan.new_businesses,
        notes=list(plan.read.notes),
        newer_versions=plan.newer_versions,
        late_replies=plan.late_replies,
        duplicate_rows=_listed(repeated.head(DUPLICATES_LISTED)),
        profile=plan.options.profile,
        mapping=dict(plan.read.recognition.mapping),
    )


def _listed(rows: pd.DataFrame) -> list[dict[str, Any]]:
    shown = rows.astype(object)
    listed: list[dict[str, Any]] = shown.where(shown.notna(), None).to_dict("records")
    return listed
