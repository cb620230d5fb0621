"""Reviews that labelling has settled: by an adjudication, or because both annotators agree."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import LabelOrigin, Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as labelling

ANNOTATORS = 2
_COLUMNS = [
    "review_id",
    "business_id",
    "source",
    "title",
    "text",
    "text_sha256",
    "label",
    "slices",
    "label_origin",
    "settled_utc",
]


def fetch_settled_labels(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Reviews with a double label from labelling in the app, one row each, by review number.

    A review is settled in a task by its latest adjudication where that has a label, else where the latest
    labels of both annotators agree and neither is unsure. Of several tasks the one that was settled last
    counts. Reviews of undone imports and replaced versions are not there.

    Columns: review_id, business_id, source, title, text, text_sha256, label, slices (list of str; of both
    annotators where they agreed), label_origin (see `records.LabelOrigin`), settled_utc.

    Raises:
        NotFound: the viewer may not label.
    """
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
    given, ruled = _fetch_given(connection, scope), _fetch_adjudications(connection, scope)
    settled = pd.DataFrame([*_by_adjudication(ruled), *_by_agreement(given, ruled)], columns=_COLUMNS)
    latest = settled.sort_values(["review_id", "settled_utc"], kind="stable")
    return latest.drop_duplicates("review_id", keep="last", ignore_index=True)


def _fetch_given(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    table = labelling.given_labels
    keys = [table.c.task_id, table.c.review_id, table.c.annotator]
    return _fetch_latest(connection, scope, table, keys, table.c.given_utc, table.c.given_id)


def _fetch_adjudications(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    table = labelling.adjudications
    keys = [table.c.task_id, table.c.review_id]
    return _fetch_latest(connection, scope, table, keys, table.c.adjudicated_utc, table.c.adjudication_id)


def _fetch_latest(
    connection: sa.Connection,
    scope: Scope,
    table: sa.Table,
    keys: list[sa.Column[Any]],
    when: sa.ColumnElement[Any],
    tie: sa.ColumnElement[Any],
) -> pd.DataFrame:
    """The latest row of each group with a label, with its review; the time is called `settled_utc`."""
    rank = sa.func.row_number().over(partition_by=keys, order_by=[when.desc(), tie.desc()])
    ranked = sa.select(table, when.label("settled_utc"), rank.label("rank")).subquery()
    reviews = [t.reviews.c[name] for name in ("business_id", "source", "title", "text", "text_sha256")]
    statement = (
        sa.select(ranked, *reviews)
        .join(t.reviews, t.reviews.c.review_id == ranked.c.review_id)
        .where(
            ranked.c.rank == 1,
            ranked.c.label.is_not(None),
            within(scope, t.reviews.c.business_id),
            not_retracted(),
        )
        .order_by(ranked.c.task_id, ranked.c.review_id)
    )
    return fetch_frame(connection, statement)


def _by_adjudication(ruled: pd.DataFrame) -> list[list[Any]]:
    return [_row(row, list(row["slices"]), LabelOrigin.ADJUDICATED) for row in ruled.to_dict("records")]


def _by_agreement(given: pd.DataFrame, ruled: pd.DataFrame) -> list[list[Any]]:
    """Pairs of a task and a review without an adjudication whose two labels agree and are sure."""
    decided = set(zip(ruled["task_id"], ruled["review_id"], strict=True))
    rows = []
    for key, pair in given.groupby(["task_id", "review_id"], sort=False):
        agreed = len(pair) == ANNOTATORS and pair["label"].nunique() == 1 and not pair["unsure"].any()
        if agreed and key not in decided:
            last = pair.sort_values("settled_utc").iloc[-1].to_dict()
            slices = sorted({name for names in pair["slices"] for name in names})
            rows.append(_row(last, slices, LabelOrigin.AGREED))
    return rows


def _row(values: dict[Any, Any], slices: list[str], origin: LabelOrigin) -> list[Any]:
    found = {**values, "slices": slices, "label_origin": origin.value}
    return [found[name] for name in _COLUMNS]
