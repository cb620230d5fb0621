"""The history of imports."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import Scope
from peachdash.storage import schema as t


def visible_imports(scope: Scope) -> sa.ColumnElement[bool]:
    """Imports all of whose businesses lie in scope: the counts of any other would tell of foreign ones."""
    if scope.business_ids is None:
        return sa.true()
    named = t.import_businesses
    own = sa.select(named.c.import_id).where(within(scope, named.c.business_id))
    foreign = sa.select(named.c.import_id).where(~within(scope, named.c.business_id))
    return sa.and_(t.imports.c.import_id.in_(own), t.imports.c.import_id.not_in(foreign))


def fetch_imports(connection: sa.Connection, scope: Scope, *, limit: int = 200) -> pd.DataFrame:
    """Imports, newest first: all columns of `imports` but details, and retracted."""
    retracted = t.imports.c.import_id.in_(sa.select(t.import_retractions.c.import_id))
    columns = [column for column in t.imports.columns if column.name != "details"]
    statement = (
        sa.select(*columns, retracted.label("retracted"))
        .where(visible_imports(scope))
        .order_by(t.imports.c.imported_utc.desc(), t.imports.c.import_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def fetch_platform_counts(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """What people said that platforms show, beside what is stored.

    Columns: import_id, business, source, shown and stored, which counts the standing reviews of the
    business from that platform now.
    """
    told = t.platform_counts
    stored = (
        sa.select(sa.func.count())
        .where(
            t.reviews.c.business_id == told.c.business_id,
            t.reviews.c.source == told.c.source,
            not_retracted(),
        )
        .correlate(told)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            told.c.import_id,
            t.businesses.c.name.label("business"),
            told.c.source,
            told.c.shown,
            stored.label("stored"),
        )
        .join(t.businesses, t.businesses.c.business_id == told.c.business_id)
        .join(t.imports, t.imports.c.import_id == told.c.import_id)
        .where(within(scope, told.c.business_id), visible_imports(scope))
        .order_by(told.c.import_id)
    )
    return fetch_frame(connection, statement)


def fetch_rejects(connection: sa.Connection, scope: Scope, import_id: str) -> pd.DataFrame:
    """The rejected rows of one import: row_number, column_name, reason, raw.

    Rejected rows may name any business, so a viewer with a narrow scope sees those of their own
    imports only, and only while all businesses of these are in scope.
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
        .where(t.import_rejects.c.import_id == import_id, own, visible_imports(scope))
        .order_by(t.import_rejects.c.row_number)
    )
    return fetch_frame(connection, statement)
