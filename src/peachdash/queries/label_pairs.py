"""What two annotators said of the same reviews, once both are in, and how it was settled.

A label that waits as a draft, or that stands alone, is in none of these answers: neither as a row nor in a
count. So nobody can tell from them what was said of a review that somebody has still to label.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, within
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage.annotators import load_names
from peachdash.storage.labelling import adjudicated, given
from peachdash.storage.standing import stands

SAID = ("annotator", "label", "slices", "unsure", "reason_words", "aspect")
RULED = ("label", "slices", "reason_words", "aspect", "reason", "adjudicated_by", "adjudicated_utc")


def fetch_pairs(connection: sa.Connection, scope: Scope, task_id: str | None = None) -> pd.DataFrame:
    """Reviews that both annotators of a task have labelled for good, in the order of task and review.

    Columns: task_id, task (its name), review_id, title, text, text_sha256; annotator, label, slices (list),
    unsure, reason_words, aspect and at_utc of each, with _a and _b behind them; name_a and name_b (what the
    annotators are called); and of the adjudication, with ruled_ before them: label (None where there is
    none), slices, reason_words, aspect, reason, adjudicated_by, adjudicated_utc.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_labelling(scope)
    first, second = given().alias("first"), given().alias("second")
    ruling, tasks = adjudicated(), s.labelling_tasks
    same = sa.and_(
        second.c.task_id == first.c.task_id,
        second.c.review_id == first.c.review_id,
        first.c.annotator < second.c.annotator,
    )
    ruled = sa.and_(ruling.c.task_id == first.c.task_id, ruling.c.review_id == first.c.review_id)
    statement = (
        sa.select(
            first.c.task_id,
            tasks.c.name.label("task"),
            *[t.reviews.c[name] for name in ("review_id", "title", "text", "text_sha256")],
            *_said(first, "a"),
            *_said(second, "b"),
            *[ruling.c[name].label(f"ruled_{name}") for name in RULED],
        )
        .join(second, same)
        .join(tasks, tasks.c.task_id == first.c.task_id)
        .join(t.reviews, t.reviews.c.review_id == first.c.review_id)
        .outerjoin(ruling, ruled)
        .where(
            within(scope, t.reviews.c.business_id),
            stands(),
            sa.true() if task_id is None else first.c.task_id == task_id,
        )
        .order_by(first.c.task_id, t.reviews.c.review_id)
    )
    rows, known = fetch_frame(connection, statement), load_names(connection)
    names = {f"name_{side}": [known.get(one, one) for one in rows[f"annotator_{side}"]] for side in "ab"}
    return rows.assign(**names)


def _said(part: sa.FromClause, side: str) -> list[sa.Label[Any]]:
    columns = [part.c[name].label(f"{name}_{side}") for name in SAID]
    return [*columns, part.c.given_utc.label(f"at_utc_{side}")]


def fetch_shipped_pairs(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """What both annotators of the shipped corpus said, one row for each of its labelled reviews.

    Columns: review_key, split, slices (list, as settled), annotator_a, label_a, unsure_a, annotator_b,
    label_b, unsure_b.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_labelling(scope)
    first, second, gold = t.annotations.alias("first"), t.annotations.alias("second"), t.gold_labels
    names = ("annotator", "label", "unsure")
    statement = (
        sa.select(
            gold.c.review_key,
            gold.c.split,
            gold.c.slices,
            *[
                part.c[name].label(f"{name}_{side}")
                for part, side in ((first, "a"), (second, "b"))
                for name in names
            ],
        )
        .join(first, first.c.review_key == gold.c.review_key)
        .join(
            second, sa.and_(second.c.review_key == gold.c.review_key, first.c.annotator < second.c.annotator)
        )
        .order_by(gold.c.review_key)
    )
    return fetch_frame(connection, statement)


def _require_labelling(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
