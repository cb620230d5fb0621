"""What there is to choose from: clients, businesses, sources, dates."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage.catalogue import UNASSIGNED_CLIENT
from peachdash.storage.standing import undone


def fetch_businesses(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """The businesses in scope, by name; without those that nothing but undone imports brought.

    Columns: business_id, business, kind, neighbourhood, client_id, client, is_demo.
    """
    statement = (
        sa.select(
            t.businesses.c.business_id,
            t.businesses.c.name.label("business"),
            t.businesses.c.kind,
            t.businesses.c.neighbourhood,
            t.businesses.c.client_id,
            t.clients.c.name.label("client"),
            t.businesses.c.is_demo,
        )
        .join(t.clients, t.clients.c.client_id == t.businesses.c.client_id)
        .where(within(scope, t.businesses.c.business_id), ~_left_behind())
        .order_by(t.businesses.c.name)
    )
    return fetch_frame(connection, statement)


def _left_behind() -> sa.ColumnElement[bool]:
    """The condition that a business has no client, and that every import which names it is undone."""
    named = sa.select(t.import_businesses.c.business_id)
    standing = named.where(t.import_businesses.c.import_id.not_in(undone()))
    return sa.and_(
        t.businesses.c.client_id == UNASSIGNED_CLIENT,
        t.businesses.c.business_id.in_(named),
        t.businesses.c.business_id.not_in(standing),
    )


def fetch_sources(connection: sa.Connection, scope: Scope) -> list[str]:
    """The sources that reviews in scope come from, most reviews first."""
    statement = (
        sa.select(t.reviews.c.source)
        .where(within(scope, t.reviews.c.business_id), not_retracted())
        .group_by(t.reviews.c.source)
        .order_by(sa.func.count().desc(), t.reviews.c.source)
    )
    return list(connection.execute(statement).scalars())


def fetch_date_range(connection: sa.Connection, scope: Scope) -> tuple[dt.date, dt.date] | None:
    """The first and the last dated review in scope; None where no review has a date."""
    statement = sa.select(sa.func.min(t.reviews.c.review_date), sa.func.max(t.reviews.c.review_date)).where(
        within(scope, t.reviews.c.business_id), not_retracted()
    )
    first, last = connection.execute(statement).one()
    return (first, last) if first is not None else None


def fetch_clients(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """The clients with a business in scope, by name: client_id, client."""
    statement = (
        sa.select(t.clients.c.client_id, t.clients.c.name.label("client"))
        .where(
            t.clients.c.client_id.in_(
                sa.select(t.businesses.c.client_id).where(within(scope, t.businesses.c.business_id))
            )
        )
        .order_by(t.clients.c.name)
    )
    return fetch_frame(connection, statement)
