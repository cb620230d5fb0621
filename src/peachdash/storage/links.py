"""Writing shared links: their making, revoking, and every attempt that was refused or limited."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.feedback import new_id


def insert_link(connection: sa.Connection, record: dict[str, Any]) -> None:
    """Store a new link; see `schema.share_links` for the keys but made_utc."""
    connection.execute(sa.insert(t.share_links).values(**record, made_utc=dt.datetime.now(dt.UTC)))


def load_link(connection: sa.Connection, link_id: str) -> sa.Row[Any] | None:
    """A link with all its columns, `client` (the name), `revoked` and `answers` (how many it took)."""
    revoked = sa.exists().where(t.share_link_revocations.c.link_id == t.share_links.c.link_id)
    answers = (
        sa.select(sa.func.count())
        .where(t.reading_checks.c.checked_by == link_viewer(link_id))
        .scalar_subquery()
    )
    statement = (
        sa.select(
            t.share_links,
            t.clients.c.name.label("client"),
            revoked.label("revoked"),
            answers.label("answers"),
        )
        .join(t.clients, t.clients.c.client_id == t.share_links.c.client_id)
        .where(t.share_links.c.link_id == link_id)
    )
    return connection.execute(statement).one_or_none()


def link_viewer(link_id: str) -> str:
    """Who acts through a link, as it is stored with what they do."""
    return f"link:{link_id}"


def load_client_businesses(connection: sa.Connection, client_id: str) -> list[str]:
    """The ids of a client's businesses."""
    statement = (
        sa.select(t.businesses.c.business_id)
        .where(t.businesses.c.client_id == client_id)
        .order_by(t.businesses.c.business_id)
    )
    return list(connection.execute(statement).scalars())


def append_revocation(connection: sa.Connection, link_id: str, who: str) -> None:
    """End a link for good."""
    connection.execute(
        sa.insert(t.share_link_revocations).values(
            link_id=link_id, revoked_by=who, revoked_utc=dt.datetime.now(dt.UTC)
        )
    )


def append_attempt(connection: sa.Connection, link_id: str, kind: str) -> None:
    """Store an attempt; see `schema.share_link_attempts`."""
    connection.execute(
        sa.insert(t.share_link_attempts).values(
            attempt_id=new_id(), link_id=link_id, kind=kind, attempted_utc=dt.datetime.now(dt.UTC)
        )
    )


def count_attempts(
    connection: sa.Connection, kind: str, since_utc: dt.datetime, link_id: str | None = None
) -> int:
    """How many attempts of a kind there were since a moment; at one link, or at all of them."""
    table = t.share_link_attempts
    statement = sa.select(sa.func.count()).where(table.c.kind == kind, table.c.attempted_utc >= since_utc)
    if link_id is not None:
        statement = statement.where(table.c.link_id == link_id)
    return int(connection.execute(statement).scalar_one())
