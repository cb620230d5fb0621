"""Counts for the Overview page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import UNSCORED, WAITING, counting, fetch_frame, readings, tally
from peachdash.records import BANDS, ActiveModels, ReviewFilter, Scope


def fetch_totals(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels
) -> dict[str, int]:
    """Counts over all reviews that match.

    Keys: reviews (all stored, less those left out by decision), read (that count towards shares),
    waiting (not scored yet), unscored, undecided (waiting for a person), human, complaints,
    complaints_open, undated, and one for each band.
    """
    rows = readings(scope, criteria, models)
    kept = ~rows.c.excluded
    statement = sa.select(
        tally(rows, kept).label("reviews"),
        tally(rows, counting(rows)).label("read"),
        tally(rows, sa.and_(kept, rows.c.band == WAITING)).label("waiting"),
        tally(rows, sa.and_(kept, rows.c.band == UNSCORED)).label("unscored"),
        tally(rows, sa.and_(kept, rows.c.human)).label("human"),
        tally(rows, rows.c.complaint).label("complaints"),
        tally(rows, sa.and_(rows.c.complaint, ~rows.c.answered)).label("complaints_open"),
        tally(rows, sa.and_(kept, rows.c.review_date.is_(None))).label("undated"),
        *_bands(rows),
    )
    return {name: int(value) for name, value in connection.execute(statement).mappings().one().items()}


def fetch_business_counts(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels
) -> pd.DataFrame:
    """One row a business with a review that matches.

    Columns: business_id, business, reviews (stored, less those left out), n (that count), one count
    for each band, waiting, complaints, complaints_open, first_date, latest_date.
    """
    rows = readings(scope, criteria, models)
    statement = (
        sa.select(
            rows.c.business_id,
            rows.c.business,
            tally(rows, ~rows.c.excluded).label("reviews"),
            tally(rows, counting(rows)).label("n"),
            *_bands(rows),
            tally(rows, rows.c.band == WAITING).label("waiting"),
            tally(rows, rows.c.complaint).label("complaints"),
            tally(rows, sa.and_(rows.c.complaint, ~rows.c.answered)).label("complaints_open"),
            sa.func.min(rows.c.review_date).label("first_date"),
            sa.func.max(rows.c.review_date).label("latest_date"),
        )
        .group_by(rows.c.business_id, rows.c.business)
        .order_by(rows.c.business)
    )
    return fetch_frame(connection, statement)


def fetch_latest_date(connection: sa.Connection, scope: Scope, criteria: ReviewFilter) -> dt.date | None:
    """The date of the latest review that matches, on which periods are anchored."""
    rows = readings(scope, criteria, ActiveModels("", ""))
    value: dt.date | None = connection.execute(sa.select(sa.func.max(rows.c.review_date))).scalar()
    return value


def fetch_monthly_counts(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels
) -> pd.DataFrame:
    """Counts for sparklines: business_id, period_start (first of month), n, positive, negative."""
    rows = readings(scope, criteria, models)
    month = sa.cast(sa.func.date_trunc("month", rows.c.review_date), sa.Date).label("period_start")
    statement = (
        sa.select(
            rows.c.business_id,
            month,
            sa.func.count().label("n"),
            tally(rows, rows.c.band == "positive").label("positive"),
            tally(rows, rows.c.band == "negative").label("negative"),
        )
        .where(
            counting(rows),
            rows.c.review_date.is_not(None),
            rows.c.date_precision.in_(["day", "week", "month"]),
        )
        .group_by(rows.c.business_id, month)
        .order_by(rows.c.business_id, month)
    )
    return fetch_frame(connection, statement)


def _bands(rows: sa.CTE) -> list[sa.Label[Any]]:
    return [tally(rows, sa.and_(~rows.c.excluded, rows.c.band == band)).label(band) for band in BANDS]
