"""What would count as something else under another champion: how many reviews, of whom, and which."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import UNSCORED, WAITING, fetch_frame, readings
from peachdash.records import UNDECIDED, ActiveModels, ReviewFilter, Scope

MOST_EXAMPLES = 50


def fetch_band_changes(connection: sa.Connection, scope: Scope, old: str, new: str) -> pd.DataFrame:
    """How many reviews count as what under one champion and under another, by business.

    Reviews that people decided on stay as decided. Those that were left out, or hold nothing to read, are not
    in it.

    Columns: business_id, business, human (whether a person decided), before and after (negative, neutral,
    positive, undecided or waiting), n.

    Raises:
        NotFound: the viewer is no analyst.
    """
    rows = _changed(scope, old, new)
    keys = [rows.c[name] for name in ("business_id", "business", "human", "before", "after")]
    statement = sa.select(*keys, sa.func.count().label("n")).group_by(*keys).order_by(*keys)
    return fetch_frame(connection, statement)


def fetch_flipped_reviews(
    connection: sa.Connection,
    scope: Scope,
    old: str,
    new: str,
    *,
    business_id: str | None = None,
    before: str | None = None,
    after: str | None = None,
    limit: int = MOST_EXAMPLES,
) -> pd.DataFrame:
    """Reviews that would count as something else, those read most surely by the new model first.

    Columns: review_id, business, title, text, review_date, before, after, sureness (top probability of the
    new reading, 0 to 1).

    Raises:
        NotFound: the viewer is no analyst.
    """
    rows = _changed(scope, old, new)
    wanted: list[sa.ColumnElement[bool]] = [rows.c.before != rows.c.after]
    for column, value in (
        (rows.c.business_id, business_id),
        (rows.c.before, before),
        (rows.c.after, after),
    ):
        if value is not None:
            wanted.append(column == value)
    names = ("review_id", "business", "title", "text", "review_date", "before", "after", "sureness")
    statement = (
        sa.select(*[rows.c[name] for name in names])
        .where(*wanted)
        .order_by(rows.c.sureness.desc(), rows.c.review_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def _changed(scope: Scope, old: str, new: str) -> sa.Subquery:
    """Every review that counts, with what it counts as under either champion.

    The second model takes the place that the generic one has in the definition of a reading.
    """
    if not scope.may_label:
        raise NotFound("What a promotion would change is for analysts.")
    rows = readings(scope, ReviewFilter(), ActiveModels(champion=old, generic=new))
    after: sa.ColumnElement[Any] = sa.case(
        (rows.c.human, rows.c.band),
        (rows.c.generic_label.is_(None), WAITING),
        (rows.c.generic_needs_review, UNDECIDED),
        else_=rows.c.generic_label,
    )
    sureness = sa.func.greatest(
        rows.c.generic_p_negative, rows.c.generic_p_neutral, rows.c.generic_p_positive
    )
    kept = ("review_id", "business_id", "business", "title", "text", "review_date", "human")
    return (
        sa.select(
            *[rows.c[name] for name in kept],
            rows.c.band.label("before"),
            after.label("after"),
            sa.func.coalesce(sureness, 0.0).label("sureness"),
        )
        .where(~rows.c.excluded, rows.c.band != UNSCORED)
        .subquery("changed")
    )
