"""Writing promotions, what stood behind them, and previews of what they would change."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage import schema_promotion as p


@dataclass(frozen=True)
class StoredPromotion:
    """One change of the champion; kind is None where neither a promotion nor a rollback made it."""

    promotion_id: str
    revision: str
    promoted_by: str
    promoted_utc: dt.datetime
    kind: str | None


def append_promotion(
    connection: sa.Connection, revision: str, who: str, reason: str, promotion_id: str | None = None
) -> str:
    """Record that a revision became the champion; the id of the row."""
    row_id = promotion_id or new_promotion_id()
    connection.execute(
        sa.insert(t.promotions).values(
            promotion_id=row_id,
            revision=revision,
            promoted_by=who,
            promoted_utc=dt.datetime.now(dt.UTC),
            reason=reason,
        )
    )
    return row_id


def new_promotion_id() -> str:
    """An id that no promotion has."""
    return uuid.uuid4().hex


def append_grounds(
    connection: sa.Connection,
    promotion_id: str,
    kind: str,
    previous_revision: str,
    data_set_id: str | None,
    gates: list[dict[str, Any]],
    changes: dict[str, Any],
) -> None:
    """Record what stood behind a promotion; see `schema_promotion`."""
    connection.execute(
        sa.insert(p.promotion_grounds).values(
            promotion_id=promotion_id,
            kind=kind,
            previous_revision=previous_revision,
            data_set_id=data_set_id,
            gates=gates,
            changes=changes,
        )
    )


def append_preview(
    connection: sa.Connection, revision: str, against: str, changes: dict[str, Any], who: str
) -> str:
    """Record what a promotion would change; the id of the row."""
    preview_id = uuid.uuid4().hex
    connection.execute(
        sa.insert(p.promotion_previews).values(
            preview_id=preview_id,
            revision=revision,
            against=against,
            changes=changes,
            made_by=who,
            made_utc=dt.datetime.now(dt.UTC),
        )
    )
    return preview_id


def load_last_promotion(connection: sa.Connection) -> str | None:
    """The revision that was promoted last."""
    statement = sa.select(t.promotions.c.revision).order_by(t.promotions.c.promoted_utc.desc()).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def load_promotions(connection: sa.Connection) -> list[StoredPromotion]:
    """Every change of the champion, the oldest first."""
    rows, grounds = t.promotions, p.promotion_grounds
    statement = (
        sa.select(
            rows.c.promotion_id, rows.c.revision, rows.c.promoted_by, rows.c.promoted_utc, grounds.c.kind
        )
        .outerjoin(grounds, grounds.c.promotion_id == rows.c.promotion_id)
        .order_by(rows.c.promoted_utc, rows.c.promotion_id)
    )
    return [StoredPromotion(*row) for row in connection.execute(statement)]
