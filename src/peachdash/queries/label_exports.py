"""Labels as they leave the house: only of reviews that both annotators have labelled for good."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.labelling.exchange import ADJUDICATOR, ANNOTATOR, long_frame
from peachdash.queries.label_pairs import fetch_pairs
from peachdash.queries.readings import fetch_frame, within
from peachdash.records import LABELS, Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage.annotators import load_emails
from peachdash.storage.labelling import SECOND_LOOK, adjudicated, standing_items
from peachdash.storage.standing import stands

SHIPPED_TASK = "shipped corpus"


def fetch_label_items(connection: sa.Connection, scope: Scope, task_id: str | None = None) -> pd.DataFrame:
    """The reviews of one task or all, in the order of labelling: review_id (text), task, title, text.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_labelling(scope)
    items, tasks = standing_items(task_id), s.labelling_tasks
    statement = (
        sa.select(items.c.review_id, tasks.c.name.label("task"), items.c.title, items.c.text)
        .join(tasks, tasks.c.task_id == items.c.task_id)
        .order_by(items.c.task_id, items.c.position)
    )
    rows = fetch_frame(connection, statement)
    return rows.assign(review_id=rows["review_id"].astype(str))


def fetch_label_rows(connection: sa.Connection, scope: Scope, task_id: str | None = None) -> pd.DataFrame:
    """Labels and adjudications of one task or all, in the long form of `labelling.exchange`.

    What one annotator alone has said of a review is not there, whoever asks. Second looks at labels of the
    shipped corpus are there where no task is named.

    Raises:
        NotFound: the viewer may not label.
    """
    pairs, emails = fetch_pairs(connection, scope, task_id), load_emails(connection)
    rows: list[dict[str, Any]] = []
    for pair in pairs.to_dict("records"):
        rows += [_said(pair, side, emails) for side in "ab"]
        rows += [_ruled(pair)] if isinstance(pair["ruled_label"], str) else []
    if task_id is None:
        rows += _second_looks(connection, scope)
    return long_frame(rows)


def _said(pair: dict[Any, Any], side: str, emails: dict[str, str]) -> dict[str, Any]:
    who = str(pair[f"annotator_{side}"])
    return {
        **_review(pair),
        "role": ANNOTATOR,
        "annotator": emails.get(who, who),
        **{name: pair[f"{name}_{side}"] for name in ("label", "slices", "reason_words", "aspect", "at_utc")},
        "unsure": bool(pair[f"unsure_{side}"]),
        "reason": "",
    }


def _ruled(pair: dict[Any, Any]) -> dict[str, Any]:
    return {
        **_review(pair),
        "role": ADJUDICATOR,
        "annotator": pair["ruled_adjudicated_by"],
        **{name: pair[f"ruled_{name}"] for name in ("label", "slices", "reason_words", "aspect", "reason")},
        "unsure": False,
        "at_utc": pair["ruled_adjudicated_utc"],
    }


def _review(row: dict[Any, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("task", "title", "text")}
    return {**told, "review_id": str(row["review_id"])}


def _second_looks(connection: sa.Connection, scope: Scope) -> list[dict[str, Any]]:
    ruling = adjudicated()
    names = ("label", "slices", "reason_words", "aspect", "reason", "adjudicated_by", "adjudicated_utc")
    statement = (
        sa.select(
            *[t.reviews.c[name] for name in ("review_id", "title", "text")],
            *[ruling.c[name].label(f"ruled_{name}") for name in names],
        )
        .join(ruling, ruling.c.review_id == t.reviews.c.review_id)
        .where(ruling.c.task_id == SECOND_LOOK, within(scope, t.reviews.c.business_id), stands())
        .order_by(t.reviews.c.review_id)
    )
    rows = fetch_frame(connection, statement).assign(task=SECOND_LOOK).to_dict("records")
    return [_ruled(row) for row in rows]


def fetch_shipped_rows(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """What the annotators of the shipped corpus said, in the long form; review_id is the review's key.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_labelling(scope)
    said = t.annotations
    demo = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    names = ("annotator", "label", "slices", "unsure", "reason_words", "aspect")
    statement = (
        sa.select(
            said.c.review_key.label("review_id"),
            t.reviews.c.title,
            t.reviews.c.text,
            *[said.c[name] for name in names],
            said.c.annotated_utc.label("at_utc"),
        )
        .join(t.reviews, t.reviews.c.platform_id == said.c.review_key)
        .where(t.reviews.c.import_id.in_(demo), within(scope, t.reviews.c.business_id), stands())
        .order_by(said.c.review_key, said.c.annotator)
    )
    rows = fetch_frame(connection, statement).assign(task=SHIPPED_TASK, role=ANNOTATOR, reason="")
    return long_frame(rows.to_dict("records"))


def fetch_label_readings(
    connection: sa.Connection, scope: Scope, revision: str, task_id: str | None = None
) -> pd.DataFrame:
    """What a revision reads in reviews that both annotators have labelled for good: review_id (text),
    model_version, label, score (of the label, 0 to 1).

    Others are left out: whoever has still to label a review sees no model's reading of it.

    Raises:
        NotFound: the viewer may not label.
    """
    pairs = fetch_pairs(connection, scope, task_id)[["review_id", "text_sha256"]]
    read = t.predictions
    texts = sa.select(s.labelling_items.c.text_sha256)
    score = sa.func.greatest(*[read.c[f"p_{label}"] for label in LABELS])
    statement = sa.select(
        read.c.text_sha256, read.c.revision.label("model_version"), read.c.label, score.label("score")
    )
    rows = fetch_frame(
        connection, statement.where(read.c.revision == revision, read.c.text_sha256.in_(texts))
    )
    found = pairs.merge(rows, on="text_sha256").drop(columns="text_sha256")
    return found.assign(review_id=found["review_id"].astype(str))


def _require_labelling(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
