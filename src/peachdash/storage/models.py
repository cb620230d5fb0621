"""Writing promotions, evaluations and labels."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame


def append_promotion(connection: sa.Connection, revision: str, who: str, reason: str) -> None:
    """Record that a revision became the champion."""
    connection.execute(
        sa.insert(t.promotions).values(
            promotion_id=uuid.uuid4().hex,
            revision=revision,
            promoted_by=who,
            promoted_utc=dt.datetime.now(dt.UTC),
            reason=reason,
        )
    )


def load_last_promotion(connection: sa.Connection) -> str | None:
    """The revision that was promoted last."""
    statement = sa.select(t.promotions.c.revision).order_by(t.promotions.c.promoted_utc.desc()).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def append_evaluation(connection: sa.Connection, record: dict[str, Any]) -> None:
    """Record one reading of a test split; see `schema.evaluations` for the keys."""
    connection.execute(
        sa.insert(t.evaluations).values(
            **record, evaluation_id=uuid.uuid4().hex, computed_utc=dt.datetime.now(dt.UTC)
        )
    )


def replace_labels(connection: sa.Connection, gold: pd.DataFrame, annotations: pd.DataFrame) -> int:
    """Store the labels of the shipped corpus where they differ from what is stored; rows written.

    The shipped corpus is one data set under version control, so its labels follow its files; labels
    made in the app are never touched, since their review keys are other ones.
    """
    if gold.empty:
        return 0
    keys = list(gold["review_key"])
    connection.execute(sa.delete(t.gold_labels).where(t.gold_labels.c.review_key.in_(keys)))
    connection.execute(sa.delete(t.annotations).where(t.annotations.c.review_key.in_(keys)))
    append_frame(connection, t.annotations, annotations)
    return append_frame(connection, t.gold_labels, gold)
