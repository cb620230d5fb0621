"""What models learned from a review: the data sets that hold it, and the revisions trained on them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.data_sets import latest_training_outcomes
from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training

SHIPPED_MODELS = "the shipped fine-tuned models"
TRAIN = "train"


def fetch_review_learning(connection: sa.Connection, scope: Scope, review_id: int) -> pd.DataFrame:
    """Where a review stands in labelled sets, the shipped labels first, then each data set version in order.

    Columns: number (of the data set version; None for the shipped labels), split, label, label_origin,
    made_utc (None for the shipped labels), learned (list of the revisions that learned from it: those trained
    on the set, where it is in train). No rows for a review that is out of scope or in no set.
    """
    review = connection.execute(
        sa.select(t.reviews.c.platform_id, t.imports.c.origin)
        .join(t.imports, t.imports.c.import_id == t.reviews.c.import_id)
        .where(t.reviews.c.review_id == review_id, within(scope, t.reviews.c.business_id), not_retracted())
    ).one_or_none()
    columns = ["number", "split", "label", "label_origin", "made_utc", "learned"]
    if review is None:
        return pd.DataFrame(columns=columns)
    rows = _shipped(connection, review.platform_id) if review.origin == "demo" else []
    rows += _frozen(connection, scope, review_id)
    return pd.DataFrame(rows, columns=columns).astype(object)


def _shipped(connection: sa.Connection, review_key: str | None) -> list[dict[str, Any]]:
    labels = t.gold_labels
    row = connection.execute(
        sa.select(labels.c.split, labels.c.label, labels.c.adjudicated).where(
            labels.c.review_key == review_key
        )
    ).one_or_none()
    if row is None:
        return []
    return [
        {
            "number": None,
            "split": row.split,
            "label": row.label,
            "label_origin": "adjudicated" if row.adjudicated else "agreed",
            "made_utc": None,
            "learned": [SHIPPED_MODELS] if row.split == TRAIN else [],
        }
    ]


def _frozen(connection: sa.Connection, scope: Scope, review_id: int) -> list[dict[str, Any]]:
    rows, sets = training.data_set_reviews, training.data_sets
    held = fetch_frame(
        connection,
        sa.select(
            sets.c.data_set_id,
            sets.c.number,
            rows.c.split,
            rows.c.label,
            rows.c.label_origin,
            sets.c.made_utc,
        )
        .join(sets, sets.c.data_set_id == rows.c.data_set_id)
        .where(rows.c.review_id == review_id, within(scope, rows.c.business_id))
        .order_by(sets.c.number),
    )
    outcome, runs = latest_training_outcomes(), training.training_runs
    trained = fetch_frame(
        connection,
        sa.select(runs.c.data_set_id, outcome.c.revision)
        .join(outcome, outcome.c.run_id == runs.c.run_id)
        .where(
            outcome.c.revision.is_not(None), runs.c.data_set_id.in_([str(key) for key in held["data_set_id"]])
        )
        .order_by(outcome.c.finished_utc),
    )
    learned = trained.groupby("data_set_id")["revision"].agg(list).to_dict()
    return [
        {**row, "learned": learned.get(row["data_set_id"], []) if row["split"] == TRAIN else []}
        for row in held.to_dict("records")
    ]
