"""The one definition of what a review counts as, on which every number rests.

The effective sentiment of a review is the latest human decision, else the champion's prediction
where it is confident enough, else `undecided`. Reviews that were decided to be spam, duplicates or
not about the business are left out of every count, and so are retracted imports.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.names import AGENCY, shown_name
from peachdash.records import (
    BANDS,
    EXCLUDING_VERDICTS,
    LABELS,
    UNDECIDED,
    ActiveModels,
    ReviewFilter,
    Scope,
)
from peachdash.storage import schema as t
from peachdash.storage.standing import alike, latest_replies, stands, unreadable

WAITING = "waiting"
"""Band of a review that no model has read yet."""

UNSCORED = "unscored"
"""Band of a review that is not scored at all: stars without text, or another language."""

_REPLACED = ("owner_reply", "unscored_reason", "possible_duplicate")
"""Columns of `reviews` that later findings complete."""


def fetch_frame(connection: sa.Connection, statement: sa.Select[Any]) -> pd.DataFrame:
    """The rows of a statement as a DataFrame, with the statement's column names."""
    result = connection.execute(statement)
    return pd.DataFrame.from_records(result.fetchall(), columns=list(result.keys()))


def within(scope: Scope, business_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The condition that a business lies in the viewer's scope."""
    if scope.business_ids is None:
        return sa.true()
    return business_id.in_(sorted(scope.business_ids))


def matching(criteria: ReviewFilter, reviews: sa.FromClause = t.reviews) -> sa.ColumnElement[bool]:
    """The condition of a filter on reviews joined with `businesses`."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if criteria.client_id is not None:
        conditions.append(t.businesses.c.client_id == criteria.client_id)
    if criteria.business_id is not None:
        conditions.append(reviews.c.business_id == criteria.business_id)
    if criteria.source is not None:
        conditions.append(reviews.c.source == criteria.source)
    if criteria.since is not None:
        conditions.append(reviews.c.review_date >= criteria.since)
    if criteria.until is not None:
        conditions.append(reviews.c.review_date <= criteria.until)
    return sa.and_(*conditions)


def not_retracted() -> sa.ColumnElement[bool]:
    """The condition that a review stands: its import is not undone, no newer version replaced it."""
    return stands()


def _latest(table: sa.Table, by: str, tie: str) -> sa.Subquery:
    """The latest row of each review in an append-only table."""
    rank = sa.func.row_number().over(
        partition_by=table.c.review_id, order_by=[table.c[by].desc(), table.c[tie].desc()]
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1).subquery()


def _set_apart(only: sa.ColumnElement[bool] | None) -> sa.FromClause:
    """The reviews that meet a condition, as a table of their own; or all."""
    return t.reviews if only is None else sa.select(t.reviews).where(only).subquery("reviews")


def numbered(review_ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """The condition that a review has one of some numbers, for `readings`."""
    return t.reviews.c.review_id.in_([int(number) for number in review_ids])


def _predictions(revision: str, name: str, only: sa.ColumnElement[bool] | None) -> sa.Subquery:
    statement = sa.select(t.predictions).where(t.predictions.c.revision == revision)
    if only is not None:
        texts = sa.select(t.reviews.c.text_sha256).where(only)
        statement = statement.where(t.predictions.c.text_sha256.in_(texts))
    return statement.subquery(name)


def readings(
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    *,
    generic_too: bool = True,
    only: sa.ColumnElement[bool] | None = None,
) -> sa.CTE:
    """All reviews in scope that match, one row each, with both models' readings and what they count as.

    Columns beside those of `reviews`, of which owner_reply, unscored_reason and possible_duplicate take in
    what was found later: business (its name), client_id, verdict, decided_by,
    decided_utc, human (whether a decision made the band), excluded, band (negative, neutral,
    positive, undecided, waiting or unscored), champion_ and generic_ label, p_negative, p_neutral,
    p_positive and needs_review, complaint, answered, answered_by, answered_utc.

    Args:
        scope: whose reviews.
        criteria: which of them.
        models: whose readings.
        generic_too: whether the generic model's readings are needed. What a review counts as does not rest on
            them, and to look each up is half of the work where there are a million.
        only: a further condition on the columns of `reviews`, where few are wanted: they are set apart before
            anything is looked up for them.
    """
    reviews = _set_apart(only)
    decision = _latest(t.decisions, "decided_utc", "decision_id")
    answer = _latest(t.complaint_answers, "answered_utc", "answer_id")
    champion = _predictions(models.champion, "champion", only)
    generic = _predictions(models.generic, "generic", only)
    generic_columns = _reading_columns(generic, "generic") if generic_too else []
    late = latest_replies()
    verdict = decision.c.verdict
    foreign = sa.and_(reviews.c.unscored_reason.is_(None), reviews.c.text_sha256.in_(unreadable()))
    unscored_reason = sa.case((foreign, "language"), else_=reviews.c.unscored_reason)
    owner_reply = sa.func.coalesce(sa.func.nullif(reviews.c.owner_reply, ""), late.c.late_reply)
    human = verdict.in_(LABELS)
    band = sa.case(
        (human, verdict),
        (sa.or_(reviews.c.unscored_reason.is_not(None), foreign), UNSCORED),
        (champion.c.label.is_(None), WAITING),
        (champion.c.needs_review, UNDECIDED),
        else_=champion.c.label,
    )
    replied = sa.func.coalesce(owner_reply, "") != ""
    answered = sa.func.coalesce(answer.c.answered, replied)
    excluded = sa.func.coalesce(verdict.in_(EXCLUDING_VERDICTS), False)
    statement = (
        sa.select(
            *[column for column in reviews.columns if column.name not in _REPLACED],
            owner_reply.label("owner_reply"),
            unscored_reason.label("unscored_reason"),
            sa.or_(reviews.c.possible_duplicate, reviews.c.review_id.in_(alike())).label(
                "possible_duplicate"
            ),
            t.businesses.c.name.label("business"),
            t.businesses.c.client_id,
            verdict.label("verdict"),
            shown_name(scope, decision.c.decided_by, AGENCY).label("decided_by"),
            decision.c.decided_utc,
            sa.func.coalesce(human, False).label("human"),
            excluded.label("excluded"),
            band.label("band"),
            *_reading_columns(champion, "champion"),
            *generic_columns,
            sa.and_(band == "negative", ~excluded).label("complaint"),
            answered.label("answered"),
            sa.case((answer.c.answered, shown_name(scope, answer.c.answered_by, AGENCY)), else_=None).label(
                "answered_by"
            ),
            sa.case((answer.c.answered, answer.c.answered_utc), else_=None).label("answered_utc"),
        )
        .join(t.businesses, t.businesses.c.business_id == reviews.c.business_id)
        .outerjoin(decision, decision.c.review_id == reviews.c.review_id)
        .outerjoin(late, late.c.review_id == reviews.c.review_id)
        .outerjoin(answer, answer.c.review_id == reviews.c.review_id)
        .outerjoin(champion, champion.c.text_sha256 == reviews.c.text_sha256)
        .where(within(scope, reviews.c.business_id), matching(criteria, reviews), stands(reviews))
    )
    if generic_too:
        statement = statement.outerjoin(generic, generic.c.text_sha256 == reviews.c.text_sha256)
    return statement.cte("readings")


def _reading_columns(prediction: sa.Subquery, prefix: str) -> list[sa.Label[Any]]:
    names = ("label", "p_negative", "p_neutral", "p_positive", "needs_review")
    return [prediction.c[name].label(f"{prefix}_{name}") for name in names]


def counting(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition that a reading counts towards shares: read, and not left out."""
    return sa.and_(~rows.c.excluded, rows.c.band.in_(BANDS))


def tally(rows: sa.FromClause, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """The number of rows that meet a condition."""
    return sa.func.count(sa.case((condition, 1)))
