"""The history of imports."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, within
from peachdash.records import Scope
from peachdash.storage import schema as t


def _visible(scope: Scope) -> sa.ColumnElement[bool]:
    """Imports that hold a review in scope, or that the viewer made."""
    if scope.business_ids is None:
        return sa.true()
    touched = sa.select(t.reviews.c.import_id).where(within(scope, t.reviews.c.business_id))
    return sa.or_(t.imports.c.import_id.in_(touched), t.imports.c.imported_by == scope.viewer)


def fetch_imports(connection: sa.Connection, scope: Scope, *, limit: int = 200) -> pd.DataFrame:
    """Imports, newest first: all columns of `imports` but details, and retracted."""
    retracted = t.imports.c.import_id.in_(sa.select(t.import_retractions.c.import_id))
    columns = [column for column in t.imports.columns if column.name != "details"]
    statement = (
        sa.select(*columns, retracted.label("retracted"))
        .where(_visible(scope))
        .order_by(t.imports.c.imported_utc.desc(), t.imports.c.import_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def fetch_rejects(connection: sa.Connection, scope: Scope, import_id: str) -> pd.DataFrame:
    """The rejected rows of one import: row_number, column_name, reason, raw.

    Rejected rows may name any business, so a viewer with a narrow scope sees those of their own
    imports only.
    """
    own = sa.true() if scope.business_ids is None else t.imports.c.imported_by == scope.viewer
    statement = (
        sa.select(
            t.import_rejects.c.row_number,
            t.import_rejects.c.column_name,
            t.import_rejects.c.reason,
            t.import_rejects.c.raw,
        )
        .join(t.imports, t.imports.c.import_id == t.import_rejects.c.import_id)
        .where(t.import_rejects.c.import_id == import_id, own)
        .order_by(t.import_rejects.c.row_number)
    )
    return fetch_frame(connection, statement)
