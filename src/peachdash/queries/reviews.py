"""Single reviews and pages of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, not_retracted, numbered, readings, within
from peachdash.records import ActiveModels, ReviewFilter, Scope
from peachdash.storage import schema as t

Order = Literal["newest", "oldest", "most_negative", "least_certain"]


@dataclass(frozen=True)
class ReviewSelection:
    """What a table of reviews shows beyond the page's filter.

    Attributes:
        search: words that the title, text or owner reply must contain, in any case; blank for all.
        bands: effective sentiments to keep; empty for all.
        complaints: "open" or "answered" keeps only such complaints; None for all reviews.
        differing: keep only reviews that the two models read differently.
        order: how the rows are sorted.
    """

    search: str = ""
    bands: Sequence[str] = ()
    complaints: Literal["open", "answered"] | None = None
    differing: bool = False
    order: Order = "newest"


def _conditions(rows: sa.CTE, selection: ReviewSelection) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for word in selection.search.split():
        anywhere = [
            rows.c[name].icontains(word, autoescape=True) for name in ("title", "text", "owner_reply")
        ]
        conditions.append(sa.or_(*anywhere))
    if selection.bands:
        conditions.append(rows.c.band.in_(list(selection.bands)))
    if selection.complaints is not None:
        conditions += [rows.c.complaint, rows.c.answered == (selection.complaints == "answered")]
    if selection.differing:
        conditions.append(rows.c.champion_label != rows.c.generic_label)
    return conditions


def _ordering(rows: sa.CTE, order: Order) -> list[sa.ColumnElement[Any]]:
    newest = rows.c.review_date.desc().nulls_last()
    top = sa.func.greatest(rows.c.champion_p_negative, rows.c.champion_p_neutral, rows.c.champion_p_positive)
    first = {
        "newest": [newest],
        "oldest": [rows.c.review_date.asc().nulls_last()],
        "most_negative": [rows.c.champion_p_negative.desc().nulls_last(), newest],
        "least_certain": [top.asc().nulls_last(), newest],
    }[order]
    return [*first, rows.c.review_id.desc()]


def count_reviews(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    selection: ReviewSelection | None = None,
) -> int:
    """How many reviews a table has in all."""
    selection = selection or ReviewSelection()
    rows = readings(scope, criteria, models, generic_too=selection.differing)
    conditions = _conditions(rows, selection)
    statement = sa.select(sa.func.count()).select_from(rows).where(*conditions)
    return int(connection.execute(statement).scalar_one())


def fetch_reviews(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    selection: ReviewSelection | None = None,
    *,
    limit: int = 25,
    offset: int = 0,
) -> pd.DataFrame:
    """One page of reviews with all columns of `readings`."""
    selection = selection or ReviewSelection()
    rows = readings(scope, criteria, models, generic_too=selection.differing)
    found = (
        sa.select(rows.c.review_id)
        .where(*_conditions(rows, selection))
        .order_by(*_ordering(rows, selection.order))
        .limit(limit)
        .offset(offset)
    )
    shown = readings(scope, criteria, models, only=numbered(connection.execute(found).scalars()))
    return fetch_frame(connection, sa.select(shown).order_by(*_ordering(shown, selection.order)))


def fetch_twins(connection: sa.Connection, scope: Scope, review_id: int) -> pd.DataFrame:
    """Other reviews of the business with the same or nearly the same text, the most similar first.

    Columns: review_id, review_date, date_precision, source, title, text, similarity (0 to 1). Ten rows at
    most.
    """
    own = t.reviews.alias("own")
    found = sa.select(t.near_duplicates.c.twin_id, t.near_duplicates.c.similarity).where(
        t.near_duplicates.c.review_id == review_id
    )
    near = found.union_all(
        sa.select(t.near_duplicates.c.review_id, t.near_duplicates.c.similarity).where(
            t.near_duplicates.c.twin_id == review_id
        )
    )
    twin = near.subquery("twin")
    same = t.reviews.c.text_sha256 == own.c.text_sha256
    similarity = sa.case((same, 1.0), else_=sa.func.max(twin.c.similarity)).label("similarity")
    names = ("review_id", "review_date", "date_precision", "source", "title", "text")
    columns = [t.reviews.c[name] for name in names]
    statement = (
        sa.select(*columns, similarity)
        .join(own, own.c.business_id == t.reviews.c.business_id)
        .outerjoin(twin, twin.c.twin_id == t.reviews.c.review_id)
        .where(
            own.c.review_id == review_id,
            t.reviews.c.review_id != review_id,
            sa.or_(same, twin.c.twin_id.is_not(None)),
            within(scope, t.reviews.c.business_id),
            not_retracted(),
        )
        .group_by(*columns, same)
        .order_by(sa.desc("similarity"), t.reviews.c.review_id)
        .limit(10)
    )
    return fetch_frame(connection, statement)


def fetch_review(
    connection: sa.Connection, scope: Scope, models: ActiveModels, review_id: int
) -> dict[str, Any]:
    """One review with all columns of `readings`.

    Raises:
        NotFound: there is none with this number, or it is outside the viewer's scope.
    """
    rows = readings(scope, ReviewFilter(), models, only=numbered([review_id]))
    row = connection.execute(sa.select(rows)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no review {review_id}.")
    return dict(row)
