"""Writing what searches for likely label errors found. Rows are appended once."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema_labelling as s
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import new_id


def append_check(
    connection: sa.Connection, content_sha256: str, method: str, rows: pd.DataFrame, agreement: float
) -> bool:
    """Append a search and what it says of each label, unless the last one was of the same content.

    Args:
        connection: an open write transaction.
        content_sha256: of reviews, texts, labels and method.
        method: in words.
        rows: review_id, label, p_negative, p_neutral, p_positive, quality, suspected.
        agreement: share of the labels that the readings repeat, 0 to 1.

    Returns:
        Whether it was new.
    """
    table = s.label_checks
    last = sa.select(table.c.content_sha256).order_by(table.c.check_id.desc()).limit(1)
    if connection.execute(last).scalar_one_or_none() == content_sha256:
        return False
    check_id = new_id()
    connection.execute(
        sa.insert(table).values(
            check_id=check_id, content_sha256=content_sha256, method=method, reviews=len(rows),
            agreement=agreement, computed_utc=dt.datetime.now(dt.UTC),
        )
    )  # fmt: skip
    append_frame(connection, s.checked_labels, rows.assign(check_id=check_id))
    return True
