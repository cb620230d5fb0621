"""Held-out labelled reviews with a model's readings, and the evaluations that are on record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import Scope
from peachdash.storage import schema as t


def fetch_labelled(
    connection: sa.Connection, scope: Scope, revision: str, split: str = "test"
) -> pd.DataFrame:
    """Labelled reviews of a split that a revision has read, one row each, by review key.

    Columns: review_id (the review key, text), business_id, business, title, text, stars,
    review_date, text_sha256, gold, slices (list of str), label, p_negative, p_neutral, p_positive,
    needs_review.
    """
    statement = (
        sa.select(
            t.gold_labels.c.review_key.label("review_id"),
            t.reviews.c.business_id,
            t.businesses.c.name.label("business"),
            t.reviews.c.title,
            t.reviews.c.text,
            t.reviews.c.stars,
            t.reviews.c.review_date,
            t.reviews.c.text_sha256,
            t.gold_labels.c.label.label("gold"),
            t.gold_labels.c.slices,
            t.predictions.c.label,
            t.predictions.c.p_negative,
            t.predictions.c.p_neutral,
            t.predictions.c.p_positive,
            t.predictions.c.needs_review,
        )
        .join(t.reviews, t.reviews.c.platform_id == t.gold_labels.c.review_key)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .join(t.predictions, t.predictions.c.text_sha256 == t.reviews.c.text_sha256)
        .where(
            t.gold_labels.c.split == split,
            t.predictions.c.revision == revision,
            within(scope, t.reviews.c.business_id),
            t.reviews.c.import_id.in_(sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")),
            not_retracted(),
        )
        .order_by(t.gold_labels.c.review_key)
    )
    return fetch_frame(connection, statement)


def count_labelled(connection: sa.Connection, scope: Scope, split: str = "test") -> int:
    """How many labelled reviews of a split are stored, read by a model or not.

    Gold labels name no business, so the scope restricts nothing here.
    """
    statement = sa.select(sa.func.count()).where(t.gold_labels.c.split == split)
    return int(connection.execute(statement).scalar_one())


def fetch_evaluation(
    connection: sa.Connection, scope: Scope, revision: str, data_sha256: str
) -> dict[str, Any] | None:
    """The latest stored evaluation of a revision on one state of a data set; None where there is none.

    Evaluations hold aggregates only, which all may see.
    """
    statement = (
        sa.select(t.evaluations)
        .where(t.evaluations.c.revision == revision, t.evaluations.c.data_sha256 == data_sha256)
        .order_by(t.evaluations.c.computed_utc.desc())
        .limit(1)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return dict(row) if row is not None else None


def fetch_evaluation_history(connection: sa.Connection, scope: Scope, revision: str) -> pd.DataFrame:
    """Every evaluation of a revision that is on record, the newest first, without its figures.

    Columns: data_set, split, reason (empty for a first one), computed_by, computed_utc.

    Raises:
        NotFound: the viewer is no analyst; the rows name people.
    """
    if not scope.may_label:
        raise NotFound("Evaluations are for analysts.")
    names = ("data_set", "split", "reason", "computed_by", "computed_utc")
    statement = (
        sa.select(*[t.evaluations.c[name] for name in names])
        .where(t.evaluations.c.revision == revision)
        .order_by(t.evaluations.c.computed_utc.desc())
    )
    return fetch_frame(connection, statement)


def fetch_evaluations(
    connection: sa.Connection, scope: Scope, revisions: Iterable[str]
) -> list[dict[str, Any]]:
    """The latest stored evaluation of each revision and data set, as rows of `schema.evaluations`.

    Evaluations hold aggregates only, which all may see.
    """
    statement = (
        sa.select(t.evaluations)
        .where(t.evaluations.c.revision.in_(list(revisions)))
        .order_by(t.evaluations.c.computed_utc)
    )
    rows = [dict(row) for row in connection.execute(statement).mappings()]
    return list({(row["revision"], row["data_set"]): row for row in rows}.values())
