"""People, what they may see, and who they are to the sign-in provider. Rows are appended, never changed."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from peachdash.records import Role
from peachdash.storage import schema as t
from peachdash.storage.feedback import new_id


@dataclass(frozen=True)
class Person:
    """A user as they stand now.

    Attributes:
        user_id: made once; everything else may change.
        email: lower case; no two people have the same.
        issuer, subject: who they are to the sign-in provider; None until they signed in.
        client_ids: the clients assigned to them.
        signed_out_utc: sign-ins from before this moment no longer count; None where all do.
    """

    user_id: str
    email: str
    name: str
    role: Role
    active: bool
    issuer: str | None = None
    subject: str | None = None
    client_ids: frozenset[str] = field(default_factory=frozenset)
    signed_out_utc: dt.datetime | None = None


def _latest(connection: sa.Connection, table: sa.Table, by: str, *key: str) -> dict[Any, dict[str, Any]]:
    """The latest row of each key in an append-only table whose ids sort by time.

    There are few people, and this is asked at every run of a page: folding here takes a quarter of the
    time of a window function.
    """
    rows = connection.execute(sa.select(table).order_by(table.c[by])).mappings()
    return {tuple(row[name] for name in key): dict(row) for row in rows}


def load_people(connection: sa.Connection) -> list[Person]:
    """Everybody, active or not, by e-mail."""
    states = _latest(connection, t.user_states, "state_id", "user_id")
    links = _latest(connection, t.user_identities, "link_id", "user_id")
    ends = _latest(connection, t.session_ends, "ended_utc", "user_id")
    clients: dict[str, set[str]] = {}
    for row in _latest(connection, t.assignments, "assignment_id", "user_id", "client_id").values():
        if row["assigned"]:
            clients.setdefault(row["user_id"], set()).add(row["client_id"])
    people = [
        _person(state, links.get(key, {}), clients.get(key[0], set()), ends.get(key, {}))
        for key, state in states.items()
    ]
    return sorted(people, key=lambda person: person.email)


def _person(state: dict[str, Any], link: dict[str, Any], clients: set[str], end: dict[str, Any]) -> Person:
    subject = link.get("subject")
    return Person(
        user_id=state["user_id"],
        email=state["email"],
        name=state["name"],
        role=Role(state["role"]),
        active=state["active"],
        issuer=link["issuer"] if subject is not None else None,
        subject=subject,
        client_ids=frozenset(clients),
        signed_out_utc=end.get("ended_utc"),
    )


def load_businesses_of(connection: sa.Connection, client_ids: frozenset[str]) -> frozenset[str]:
    """The businesses of some clients."""
    statement = sa.select(t.businesses.c.business_id).where(t.businesses.c.client_id.in_(sorted(client_ids)))
    return frozenset(connection.execute(statement).scalars())


def insert_user(connection: sa.Connection, who: str) -> str:
    """Store a new user, whose first state is still to be appended; their id."""
    user_id = uuid.uuid4().hex
    now = dt.datetime.now(dt.UTC)
    connection.execute(sa.insert(t.users).values(user_id=user_id, created_by=who, created_utc=now))
    return user_id


def append_state(
    connection: sa.Connection, user_id: str, email: str, name: str, role: Role, active: bool, who: str
) -> None:
    """Append what a user is from now on."""
    connection.execute(
        sa.insert(t.user_states).values(
            state_id=new_id(),
            user_id=user_id,
            email=email,
            name=name,
            role=role.value,
            active=active,
            changed_by=who,
            changed_utc=dt.datetime.now(dt.UTC),
        )
    )


def append_identity(
    connection: sa.Connection, user_id: str, issuer: str, subject: str | None, who: str
) -> None:
    """Append who a user is to the provider; a subject of None lets their next sign-in say it anew."""
    connection.execute(
        sa.insert(t.user_identities).values(
            link_id=new_id(),
            user_id=user_id,
            issuer=issuer,
            subject=subject,
            changed_by=who,
            changed_utc=dt.datetime.now(dt.UTC),
        )
    )


def append_assignment(
    connection: sa.Connection, user_id: str, client_id: str, assigned: bool, who: str
) -> None:
    """Append that a client is a user's from now on, or no longer is."""
    connection.execute(
        sa.insert(t.assignments).values(
            assignment_id=new_id(),
            user_id=user_id,
            client_id=client_id,
            assigned=assigned,
            changed_by=who,
            changed_utc=dt.datetime.now(dt.UTC),
        )
    )


def append_session_end(connection: sa.Connection, user_id: str, who: str) -> None:
    """Append that the sign-ins of a user up to now no longer count."""
    now = dt.datetime.now(dt.UTC)
    connection.execute(sa.insert(t.session_ends).values(user_id=user_id, ended_by=who, ended_utc=now))
