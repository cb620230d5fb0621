"""The audit log: who did what to what, when. Rows are appended, never changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.feedback import new_id


def append_audit(
    connection: sa.Connection,
    actor: str,
    action: str,
    object_kind: str,
    object_id: str | int,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append one event, within the transaction of what it tells of, so that neither is without the other.

    Args:
        connection: an open write transaction.
        actor: `Scope.viewer`, or what a refused visitor called themselves.
        action: a verb in snake_case, such as "import", "decide", "sign_in_refused".
        object_kind: what it was done to: "review", "import", "user", "client", "business", "link", …
        object_id: its identifier.
        details: what else matters, JSON-like; never review text, notes, secrets or pass phrases.
    """
    connection.execute(
        sa.insert(t.audit_log).values(
            event_id=new_id(),
            at_utc=dt.datetime.now(dt.UTC),
            actor=actor,
            action=action,
            object_kind=object_kind,
            object_id=str(object_id),
            details=json.loads(json.dumps(dict(details or {}), default=str)),
        )
    )


def load_latest_audit(connection: sa.Connection, actor: str, action: str) -> dt.datetime | None:
    """When somebody did something last; None where they never did."""
    statement = sa.select(sa.func.max(t.audit_log.c.at_utc)).where(
        t.audit_log.c.actor == actor, t.audit_log.c.action == action
    )
    return connection.execute(statement).scalar_one_or_none()
