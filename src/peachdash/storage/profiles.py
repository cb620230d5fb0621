"""Writing and reading the named import profiles. Rows are appended; the latest of a name counts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa

from peachdash.storage import schema as t


def latest_profiles() -> sa.Subquery:
    """The row of each name that counts, those taken away left out."""
    table = t.import_profiles
    rank = sa.func.row_number().over(
        partition_by=table.c.name, order_by=[table.c.saved_utc.desc(), table.c.profile_id.desc()]
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1, ranked.c.active).subquery("profiles")


def append_profile(connection: sa.Connection, values: dict[str, Any], who: str) -> None:
    """Append a row of `import_profiles`: name, columns, mapping, business_id, source, date_order, active."""
    connection.execute(
        sa.insert(t.import_profiles).values(
            **values, profile_id=uuid.uuid4().hex, saved_by=who, saved_utc=dt.datetime.now(dt.UTC)
        )
    )
