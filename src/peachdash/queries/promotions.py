"""Promotions with what stood behind them, previews of what they would change, and past champions."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame
from peachdash.queries.status import count_waiting
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_promotion as p


def fetch_promotions(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Every change of the champion, the newest first.

    Columns: promotion_id, revision, promoted_by, promoted_utc, reason, kind (promotion, rollback, or None for
    a model that was not promoted on the page or by the command), previous_revision, data_set_id, gates (list
    of dicts), changes (dict).

    Raises:
        NotFound: the viewer is no analyst.
    """
    _require_analyst(scope)
    grounds = p.promotion_grounds
    names = ("kind", "previous_revision", "data_set_id", "gates", "changes")
    statement = (
        sa.select(t.promotions, *[grounds.c[name] for name in names])
        .outerjoin(grounds, grounds.c.promotion_id == t.promotions.c.promotion_id)
        .order_by(t.promotions.c.promoted_utc.desc(), t.promotions.c.promotion_id)
    )
    frame = fetch_frame(connection, statement)
    return frame.assign(
        **{name: frame[name].astype(object).where(frame[name].notna(), None) for name in names}
    )


def fetch_preview(
    connection: sa.Connection, scope: Scope, revision: str, against: str
) -> dict[str, Any] | None:
    """The latest preview of what a revision would change against a champion; None where there is none.

    Keys: those of the table: preview_id, revision, against, changes (dict), made_by, made_utc.

    Raises:
        NotFound: the viewer is no analyst.
    """
    _require_analyst(scope)
    table = p.promotion_previews
    statement = (
        sa.select(table)
        .where(table.c.revision == revision, table.c.against == against)
        .order_by(table.c.made_utc.desc())
        .limit(1)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else dict(row)


def fetch_past_champions(connection: sa.Connection, scope: Scope, champion: str) -> pd.DataFrame:
    """Earlier champions, the one that was replaced last first, with whether they read all that is in scope.

    Columns: revision, since_utc (of its last promotion), unread (texts in scope that it has not read).
    """
    statement = (
        sa.select(t.promotions.c.revision, sa.func.max(t.promotions.c.promoted_utc).label("since_utc"))
        .where(t.promotions.c.revision != champion)
        .group_by(t.promotions.c.revision)
        .order_by(sa.func.max(t.promotions.c.promoted_utc).desc())
    )
    frame = fetch_frame(connection, statement)
    unread = [count_waiting(connection, scope, str(revision)) for revision in frame["revision"]]
    return frame.assign(unread=pd.Series(unread, dtype="int64", index=frame.index))


def fetch_champion_since(connection: sa.Connection, scope: Scope, revision: str) -> Any:
    """When a revision became champion last, in UTC; None where that is not on record.

    Promotions name no business, so the scope restricts nothing here.
    """
    statement = sa.select(sa.func.max(t.promotions.c.promoted_utc)).where(t.promotions.c.revision == revision)
    return connection.execute(statement).scalar_one_or_none()


def _require_analyst(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Promotions are for analysts.")
