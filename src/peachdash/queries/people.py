"""People and the audit log, for admins."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage.people import load_people


@dataclass(frozen=True)
class AuditSearch:
    """Which events of the audit log are wanted; what is blank or None restricts nothing.

    Attributes:
        words: each must be somewhere in actor, action, object or details, in any case.
        action: exactly this one.
        since, until: days, both inclusive, in UTC.
    """

    words: str = ""
    action: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None


def fetch_people(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Everybody, active or not, by e-mail.

    Columns: user_id, email, name, role, active, signed_in (whether their account at the provider is
    known), client_ids (list), latest_utc (of their last sign-in; missing where there was none).

    Raises:
        NotFound: the viewer is no admin.
    """
    _require_admin(scope)
    latest = dict(
        connection.execute(
            sa.select(t.audit_log.c.object_id, sa.func.max(t.audit_log.c.at_utc))
            .where(t.audit_log.c.action == "sign_in")
            .group_by(t.audit_log.c.object_id)
        ).fetchall()
    )
    rows = [
        {
            "user_id": person.user_id,
            "email": person.email,
            "name": person.name,
            "role": person.role.value,
            "active": person.active,
            "signed_in": person.subject is not None,
            "client_ids": sorted(person.client_ids),
            "latest_utc": latest.get(person.user_id),
        }
        for person in load_people(connection)
    ]
    names = ["user_id", "email", "name", "role", "active", "signed_in", "client_ids", "latest_utc"]
    return pd.DataFrame(rows, columns=names)


def fetch_all_clients(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """All clients by name, those without a business too: client_id, client, businesses (how many).

    Raises:
        NotFound: the viewer is no admin.
    """
    _require_admin(scope)
    statement = (
        sa.select(
            t.clients.c.client_id,
            t.clients.c.name.label("client"),
            sa.func.count(t.businesses.c.business_id).label("businesses"),
        )
        .outerjoin(t.businesses, t.businesses.c.client_id == t.clients.c.client_id)
        .group_by(t.clients.c.client_id, t.clients.c.name)
        .order_by(t.clients.c.name)
    )
    return fetch_frame(connection, statement)


def fetch_audit(
    connection: sa.Connection, scope: Scope, search: AuditSearch, *, limit: int = 50, offset: int = 0
) -> pd.DataFrame:
    """Events of the audit log, newest first: at_utc, actor, action, object_kind, object_id, details (JSON).

    Raises:
        NotFound: the viewer is no admin.
    """
    _require_admin(scope)
    log = t.audit_log
    statement = (
        sa.select(log.c.at_utc, log.c.actor, log.c.action, log.c.object_kind, log.c.object_id, log.c.details)
        .where(*_matching(search))
        .order_by(log.c.event_id.desc())
        .limit(limit)
        .offset(offset)
    )
    frame = fetch_frame(connection, statement)
    return frame.assign(details=[json.dumps(details, ensure_ascii=False) for details in frame["details"]])


def count_audit(connection: sa.Connection, scope: Scope, search: AuditSearch) -> int:
    """How many events a search finds.

    Raises:
        NotFound: the viewer is no admin.
    """
    _require_admin(scope)
    statement = sa.select(sa.func.count()).select_from(t.audit_log).where(*_matching(search))
    return int(connection.execute(statement).scalar_one())


def fetch_audit_actions(connection: sa.Connection, scope: Scope) -> list[str]:
    """The actions that the log knows, by name.

    Raises:
        NotFound: the viewer is no admin.
    """
    _require_admin(scope)
    statement = sa.select(t.audit_log.c.action).distinct().order_by(t.audit_log.c.action)
    return list(connection.execute(statement).scalars())


def _matching(search: AuditSearch) -> list[sa.ColumnElement[bool]]:
    log = t.audit_log
    places = (log.c.actor, log.c.action, log.c.object_kind, log.c.object_id, sa.cast(log.c.details, sa.Text))
    found: list[sa.ColumnElement[bool]] = [
        sa.or_(*[place.icontains(word, autoescape=True) for place in places]) for word in search.words.split()
    ]
    if search.action is not None:
        found.append(log.c.action == search.action)
    if search.since is not None:
        found.append(log.c.at_utc >= dt.datetime.combine(search.since, dt.time(), dt.UTC))
    if search.until is not None:
        day_after = search.until + dt.timedelta(days=1)
        found.append(log.c.at_utc < dt.datetime.combine(day_after, dt.time(), dt.UTC))
    return found


def _require_admin(scope: Scope) -> None:
    if not scope.may_manage_people:
        raise NotFound("This is for admins.")
