"""Counts for the Business page: trends, splits and the dates on which the champion changed."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import counting, fetch_frame, readings
from peachdash.records import ActiveModels, ReviewFilter, Scope
from peachdash.storage import schema as t

Grain = Literal["week", "month"]

_SHARP_ENOUGH: dict[Grain, list[str]] = {"week": ["day", "week"], "month": ["day", "week", "month"]}


def fetch_trend_counts(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    grain: Grain = "month",
) -> pd.DataFrame:
    """Counts by period and band: period_start (Monday or first of month), band, n.

    Undated reviews, and those whose date is coarser than the grain, are not in it.
    """
    rows = readings(scope, criteria, models, generic_too=False)
    period = sa.cast(sa.func.date_trunc(grain, rows.c.review_date), sa.Date).label("period_start")
    statement = (
        sa.select(period, rows.c.band, sa.func.count().label("n"))
        .where(
            counting(rows),
            rows.c.review_date.is_not(None),
            rows.c.date_precision.in_(_SHARP_ENOUGH[grain]),
        )
        .group_by(period, rows.c.band)
        .order_by(period, rows.c.band)
    )
    return fetch_frame(connection, statement)


def fetch_split_counts(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    by: Literal["source", "stars"],
) -> pd.DataFrame:
    """Counts by source or by whole stars, and band: group (text; "no stars" where missing), band, n."""
    rows = readings(scope, criteria, models, generic_too=False)
    whole_stars = sa.cast(sa.cast(sa.func.floor(rows.c.stars + 0.5), sa.Integer), sa.Text)
    stars = sa.func.coalesce(whole_stars, "no stars")
    group = rows.c.source.label("group") if by == "source" else stars.label("group")
    statement = (
        sa.select(group, rows.c.band, sa.func.count().label("n"))
        .where(counting(rows))
        .group_by(group, rows.c.band)
        .order_by(group, rows.c.band)
    )
    return fetch_frame(connection, statement)


def fetch_champion_changes(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """When the champion changed, oldest first: promoted_utc, revision, promoted_by, reason.

    Promotions name no business, so the scope restricts nothing here.
    """
    statement = sa.select(
        t.promotions.c.promoted_utc,
        t.promotions.c.revision,
        t.promotions.c.promoted_by,
        t.promotions.c.reason,
    ).order_by(t.promotions.c.promoted_utc)
    return fetch_frame(connection, statement)
