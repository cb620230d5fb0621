"""The cache of predictions: one row for each (text, revision), whoever posted the text."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame, fetch_columns, temporary_keys
from peachdash.storage.standing import scored, stands


def load_unread(
    connection: sa.Connection, revisions: Iterable[str], *, labelled_split: str | None = None
) -> pd.DataFrame:
    """Distinct texts that at least one of the revisions has not read; of one labelled split, or all.

    Columns: text_sha256, title, text (of one review that bears the text; what is scored is made of
    them). Reviews of retracted imports and those that are not to be scored are left out.
    """
    missing = [
        t.reviews.c.text_sha256.not_in(
            sa.select(t.predictions.c.text_sha256).where(t.predictions.c.revision == revision)
        )
        for revision in revisions
    ]
    wanted: sa.ColumnElement[bool] = sa.true()
    if labelled_split is not None:
        keys = sa.select(t.gold_labels.c.review_key).where(t.gold_labels.c.split == labelled_split)
        shipped = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
        wanted = sa.and_(t.reviews.c.platform_id.in_(keys), t.reviews.c.import_id.in_(shipped))
    first = (
        sa.select(sa.func.min(t.reviews.c.review_id).label("review_id"))
        .where(scored(), stands(), sa.or_(*missing), wanted)
        .group_by(t.reviews.c.text_sha256)
        .subquery()
    )
    statement = (
        sa.select(t.reviews.c.text_sha256, t.reviews.c.title, t.reviews.c.text)
        .join(first, first.c.review_id == t.reviews.c.review_id)
        .order_by(t.reviews.c.text_sha256)
    )
    return fetch_columns(connection, statement)


def append_predictions(connection: sa.Connection, rows: pd.DataFrame) -> int:
    """Append predictions that are not stored yet; how many were new. Repeating it does no harm.

    `rows` has text_sha256, revision, precision, label, p_negative, p_neutral, p_positive and
    needs_review.
    """
    if rows.empty:
        return 0
    unique = rows.drop_duplicates(["text_sha256", "revision"])
    pairs = unique[["text_sha256", "revision"]].reset_index(drop=True)
    with temporary_keys(connection, pairs) as keys:
        statement = sa.select(keys.c.text_sha256, keys.c.revision).join(
            t.predictions,
            sa.and_(
                t.predictions.c.text_sha256 == keys.c.text_sha256,
                t.predictions.c.revision == keys.c.revision,
            ),
        )
        stored = {tuple(row) for row in connection.execute(statement)}
    new = [pair not in stored for pair in zip(unique["text_sha256"], unique["revision"], strict=True)]
    return append_frame(connection, t.predictions, unique[new].assign(scored_utc=pd.Timestamp.now("UTC")))


def register_revision(
    connection: sa.Connection,
    revision: str,
    name: str,
    size: str,
    threshold: float,
    description: dict[str, Any],
) -> None:
    """Store what a revision is, once."""
    known = connection.execute(
        sa.select(t.revisions.c.revision).where(t.revisions.c.revision == revision)
    ).scalar_one_or_none()
    if known is None:
        connection.execute(
            sa.insert(t.revisions).values(
                revision=revision,
                name=name,
                size=size,
                threshold=threshold,
                description=json.loads(json.dumps(description)),
                registered_utc=dt.datetime.now(dt.UTC),
            )
        )
