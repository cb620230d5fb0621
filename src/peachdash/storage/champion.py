"""The champion on record and in its file: what each is called, and both made to agree."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from peachdash.sentiment.active import confirm_champion, proposed_champions, withdraw_champion
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.audit import append_audit
from peachdash.storage.predictions import register_revision
from peachdash.storage.promotions import append_promotion, load_last_promotion, load_promotions


def settle_proposals(connection: sa.Connection, home: Path) -> None:
    """Let the champion file of the latest promotion count, and take back those that were not recorded.

    It needs an open write transaction, which no other process has at the same time: what is proposed and
    not on record then is not about to be.
    """
    proposed = proposed_champions(home)
    stored = load_promotions(connection) if proposed else []
    latest = stored[-1].promotion_id if stored else ""
    for promotion_id in proposed:
        settle = confirm_champion if promotion_id == latest else withdraw_champion
        settle(home, promotion_id)


def record_active(connection: sa.Connection, who: str, champion: ModelReference, *, promoted: bool) -> None:
    """Put on record that a model is the champion which nobody promoted here; nothing where it is.

    Args:
        connection: an open write transaction.
        who: in whose name.
        champion: the model.
        promoted: whether a champion file names it; else it was shipped.
    """
    if load_last_promotion(connection) == champion.revision:
        return
    reason = "named by the champion file" if promoted else "shipped with this version"
    append_promotion(connection, champion.revision, who, reason)
    details = {"name": champion.name, "reason": reason}
    append_audit(connection, who, "promote", "revision", champion.revision, details)


def register_model(connection: sa.Connection, model: ModelReference) -> None:
    """Store what a revision is, once."""
    description = {"role": model.role, "temperature": model.temperature, "full": model.full_revision}
    register_revision(connection, model.revision, model.name, model.size, model.threshold, description)
