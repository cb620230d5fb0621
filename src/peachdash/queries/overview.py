"""Counts for the Overview page, on which those of other pages rest too."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import UNSCORED, WAITING, counting, not_retracted, readings, tally, within
from peachdash.records import BANDS, EXCLUDING_VERDICTS, ActiveModels, ReviewFilter, Scope
from peachdash.storage import schema as t
from peachdash.storage.bulk import fetch_columns
from peachdash.storage.feedback import latest_decisions

TOTALS = (
    "reviews", "read", "waiting", "unscored", "human", "complaints", "complaints_open", "undated", *BANDS,
)  # fmt: skip
"""What is counted; the keys of `fetch_totals`."""

SHARP_ENOUGH = ("day", "week", "month")
"""Dates that are exact enough for a course by month."""


def fetch_totals(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels
) -> dict[str, int]:
    """Counts over all reviews that match.

    Keys: reviews (all stored, less those left out by decision), read (that count towards shares),
    waiting (not scored yet), unscored, human, complaints, complaints_open, undated, and one for each band,
    of which undecided waits for a person.
    """
    statement = sa.select(*_totals(readings(scope, criteria, models, generic_too=False)))
    return {name: int(value) for name, value in connection.execute(statement).mappings().one().items()}


def has_reviews(connection: sa.Connection, scope: Scope) -> bool:
    """Whether there is a review in scope that is not left out by decision: any of `fetch_totals`' reviews."""
    decision = latest_decisions()
    excluded = sa.select(decision.c.review_id).where(decision.c.verdict.in_(EXCLUDING_VERDICTS))
    statement = (
        sa.select(t.reviews.c.review_id)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .where(
            within(scope, t.reviews.c.business_id),
            not_retracted(),
            t.reviews.c.review_id.not_in(excluded),
        )
        .limit(1)
    )
    return connection.execute(statement).first() is not None


def fetch_window_counts(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    before_since: dt.date | None = None,
) -> pd.DataFrame:
    """Counts by business and month, in the window of the filter and in the one right before it.

    All figures of the page are sums of these, so that a million readings are looked through once.

    Args:
        connection: to read from.
        scope: whose reviews.
        criteria: which of them; the window is from its `since` to its `until`.
        models: whose readings count.
        before_since: first day of the window before, whose last day is the one before `since`; None leaves
            that window out.

    Returns:
        One row for each that has a review: business_id, in_window (false: the one before), period_start
        (first of the month; missing where the date is, or is coarser than a month), and the keys of
        `fetch_totals`.
    """
    wider = criteria if before_since is None else replace(criteria, since=before_since)
    rows = readings(scope, wider, models, generic_too=False)
    in_window: sa.ColumnElement[bool] = sa.true()
    if before_since is not None:
        in_window = rows.c.review_date >= criteria.since
    first = sa.cast(sa.func.date_trunc("month", rows.c.review_date), sa.Date)
    month = sa.case((rows.c.date_precision.in_(SHARP_ENOUGH), first))
    keys = sa.select(rows, in_window.label("in_window"), month.label("period_start")).subquery("dated")
    groups = [keys.c.business_id, keys.c.in_window, keys.c.period_start]
    statement = sa.select(*groups, *_totals(keys)).group_by(*groups).order_by(*groups)
    return fetch_columns(connection, statement)


def fetch_latest_date(connection: sa.Connection, scope: Scope, criteria: ReviewFilter) -> dt.date | None:
    """The date of the latest review that matches, on which periods are anchored."""
    rows = readings(scope, criteria, ActiveModels("", ""), generic_too=False)
    value: dt.date | None = connection.execute(sa.select(sa.func.max(rows.c.review_date))).scalar()
    return value


def _totals(rows: sa.FromClause) -> list[sa.Label[int]]:
    """The `TOTALS` of readings, as columns."""
    kept, complaint = ~rows.c.excluded, rows.c.complaint
    conditions: dict[str, sa.ColumnElement[bool]] = {
        "reviews": kept,
        "read": counting(rows),
        "waiting": sa.and_(kept, rows.c.band == WAITING),
        "unscored": sa.and_(kept, rows.c.band == UNSCORED),
        "human": sa.and_(kept, rows.c.human),
        "complaints": complaint,
        "complaints_open": sa.and_(complaint, ~rows.c.answered),
        "undated": sa.and_(kept, rows.c.review_date.is_(None)),
        **{band: sa.and_(kept, rows.c.band == band) for band in BANDS},
    }
    return [tally(rows, conditions[name]).label(name) for name in TOTALS]
