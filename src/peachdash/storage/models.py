"""Writing evaluations and labels."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame


def append_evaluation(connection: sa.Connection, record: dict[str, Any]) -> None:
    """Record one reading of a test split; see `schema.evaluations` for the keys."""
    connection.execute(
        sa.insert(t.evaluations).values(
            **record, evaluation_id=uuid.uuid4().hex, computed_utc=dt.datetime.now(dt.UTC)
        )
    )


def sync_labels(connection: sa.Connection, gold: pd.DataFrame, annotations: pd.DataFrame) -> int:
    """Bring the stored labels of the shipped corpus to what its files say; how many gold labels changed.

    The shipped corpus is one data set under version control, so its labels follow its files; labels
    made in the app are never touched, since their review keys are other ones.
    """
    names = [column.name for column in t.gold_labels.columns]
    stored = {row.review_key: tuple(row) for row in connection.execute(sa.select(t.gold_labels))}
    plain = gold[names].astype(object).where(gold[names].notna(), None)
    rows = {row[0]: tuple(row) for row in plain.itertuples(index=False)}
    changed = [key for key, row in rows.items() if stored.get(key) != row]
    if not changed:
        return 0
    for table in (t.gold_labels, t.annotations):
        connection.execute(sa.delete(table).where(table.c.review_key.in_(changed)))
    append_frame(connection, t.annotations, annotations[annotations["review_key"].isin(changed)])
    return append_frame(connection, t.gold_labels, gold[gold["review_key"].isin(changed)])
