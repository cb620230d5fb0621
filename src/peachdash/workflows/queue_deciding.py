"""Deciding on readings of the review queue: a single decision by one person, kept as such for training."""

from __future__ import annotations

from peachdash.errors import NotFound
from peachdash.records import ActiveModels, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.feedback import append_decision, load_latest_decision, load_reading
from peachdash.storage.samples import append_check
from peachdash.workflows.feedback import clean_note, known_verdict, visible_text

ORIGIN = "queue"
"""Origin of a decision that one person made on a reading that the model was unsure of: no double label."""


def decide_queued(
    database: Database, scope: Scope, models: ActiveModels, review_id: int, verdict: str, note: str = ""
) -> bool:
    """Let a reading of the queue count as a person says, at once and everywhere.

    Returns:
        Whether it was stored; False where somebody has decided on the review meanwhile.

    Raises:
        BadInput: there is no such verdict, or the note is too long.
        NotFound: the viewer has no such review, or may not decide.
    """
    verdict, note = known_verdict(verdict), clean_note(note)
    if not scope.may_decide:
        raise NotFound("The review queue is for managers and analysts.")
    with database.write() as connection:
        text_sha256 = visible_text(connection, scope, review_id)
        standing = load_latest_decision(connection, review_id)
        if standing is not None and standing.verdict is not None:
            return False
        label = load_reading(connection, text_sha256, models.champion)
        append_decision(connection, review_id, verdict, ORIGIN, scope.viewer, note)
        append_check(connection, review_id, models.champion if label else None, label, verdict, scope)
        told = {"verdict": verdict, "read_as": label}
        append_audit(connection, scope.viewer, "decide_queued", "review", review_id, told)
    return True
