"""Reports on readings, corrections, confirmations, and answers to complaints."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import ActiveModels, Outcome, Scope, Verdict
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.feedback import (
    append_answer,
    append_decision,
    append_outcome,
    append_report,
    load_latest_decision,
    load_own_open_reports,
    load_reading,
    load_same_open_report,
    load_visible_review,
)

NOTE_LIMIT = 2_000


def report_reading(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    review_id: int,
    suggestion: str,
    note: str = "",
) -> str:
    """Report that a reading is wrong. From a manager, analyst or admin it is decided at once.

    Saying the very same again while it is open, or while it stands, adds nothing.

    Returns:
        The id of the report.

    Raises:
        BadInput: the suggestion is no verdict, or the note is longer than `NOTE_LIMIT`.
        NotFound: the viewer has no such review.
    """
    return report_readings(database, scope, models, [review_id], suggestion, note)[0]


def report_readings(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    review_ids: Iterable[int],
    suggestion: str,
    note: str = "",
) -> list[str]:
    """Report several readings at once, all or none; the ids of the reports, in the order of the reviews.

    Raises:
        BadInput: the suggestion is no verdict, or the note is longer than `NOTE_LIMIT`.
        NotFound: one of the reviews is not the viewer's.
    """
    verdict, note = known_verdict(suggestion), clean_note(note)
    with database.write() as connection:
        chosen = list(dict.fromkeys(int(review_id) for review_id in review_ids))
        return [store_report(connection, scope, models, number, verdict, note) for number in chosen]


def store_report(
    connection: sa.Connection, scope: Scope, models: ActiveModels, review_id: int, verdict: str, note: str
) -> str:
    """Append one report within the caller's transaction; see `report_reading`."""
    text_sha256 = visible_text(connection, scope, review_id)
    known = _known_report(connection, scope, review_id, verdict, note)
    if known is not None:
        return known
    label = load_reading(connection, text_sha256, models.champion)
    report_id = append_report(
        connection, review_id, verdict, note, scope.viewer, models.champion if label else None, label
    )
    if scope.may_decide:
        decision_id = append_decision(
            connection, review_id, verdict, "correction", scope.viewer, note, report_id
        )
        append_outcome(connection, report_id, review_id, Outcome.ACCEPTED, scope.viewer, note, decision_id)
    action = "correct" if scope.may_decide else "report"
    append_audit(connection, scope.viewer, action, "review", review_id, {"verdict": verdict})
    return report_id


def _known_report(
    connection: sa.Connection, scope: Scope, review_id: int, verdict: str, note: str
) -> str | None:
    """The report of the same person that says the same and still holds, as after a second click."""
    if not scope.may_decide:
        return load_same_open_report(connection, review_id, verdict, note, scope.viewer)
    standing = load_latest_decision(connection, review_id)
    if standing is None or (standing.verdict, standing.decided_by, standing.reason) != (
        verdict,
        scope.viewer,
        note,
    ):
        return None
    return str(standing.report_id) if standing.report_id else None


def withdraw_reports(database: Database, scope: Scope, review_id: int) -> int:
    """Let the viewer take their own open reports on a review back; how many there were.

    Raises:
        NotFound: the viewer has no such review.
    """
    with database.write() as connection:
        visible_text(connection, scope, review_id)
        return store_withdrawals(connection, scope, review_id)


def store_withdrawals(connection: sa.Connection, scope: Scope, review_id: int, but: str = "") -> int:
    """Withdraw the viewer's open reports on a review, those that suggest `but` excepted."""
    own = [row for row in load_own_open_reports(connection, review_id, scope.viewer) if row.suggestion != but]
    for row in own:
        append_outcome(connection, row.report_id, review_id, Outcome.WITHDRAWN, scope.viewer, "")
        append_audit(connection, scope.viewer, "withdraw", "report", row.report_id)
    return len(own)


def take_back_decision(database: Database, scope: Scope, review_id: int, reason: str = "") -> None:
    """Let the model's reading count again. The decision and its withdrawal both stay on record.

    Where no decision stands, nothing is written.

    Raises:
        NotFound: the viewer has no such review, or may not decide.
    """
    if not scope.may_decide:
        raise NotFound("Decisions are for managers and analysts.")
    reason = clean_note(reason)
    with database.write() as connection:
        visible_text(connection, scope, review_id)
        standing = load_latest_decision(connection, review_id)
        if standing is None or standing.verdict is None:
            return
        append_decision(connection, review_id, None, "correction", scope.viewer, reason)
        append_audit(connection, scope.viewer, "take_back", "review", review_id)


def mark_answered(
    database: Database, scope: Scope, review_ids: Iterable[int], *, answered: bool = True, note: str = ""
) -> int:
    """Mark complaints as answered, or (answered=False) take that back; how many rows were written.

    Raises:
        NotFound: one of the reviews is not the viewer's (then none is marked), or they may not answer.
    """
    if not scope.may_answer:
        raise NotFound("Answers are marked by managers.")
    note = clean_note(note)
    with database.write() as connection:
        chosen = list(dict.fromkeys(int(review_id) for review_id in review_ids))
        for review_id in chosen:
            visible_text(connection, scope, review_id)
            append_answer(connection, review_id, answered, scope.viewer, note)
            append_audit(connection, scope.viewer, "answer" if answered else "unanswer", "review", review_id)
    return len(chosen)


def visible_text(connection: sa.Connection, scope: Scope, review_id: int) -> str:
    """The text hash of a review that the viewer may see.

    Raises:
        NotFound: there is none with this number, or it is outside the viewer's scope.
    """
    text_sha256 = load_visible_review(connection, scope, review_id)
    if text_sha256 is None:
        raise NotFound(f"There is no review {review_id}.")
    return text_sha256


def known_verdict(suggestion: str) -> str:
    """The suggestion, if it is a verdict.

    Raises:
        BadInput: it is none.
    """
    try:
        return Verdict(suggestion).value
    except ValueError as error:
        known = ", ".join(verdict.value for verdict in Verdict)
        raise BadInput(f"A suggestion is one of {known}, not {suggestion!r}.") from error


def clean_note(note: str) -> str:
    """A note without NUL characters and blank ends.

    Raises:
        BadInput: it is longer than `NOTE_LIMIT`.
    """
    note = note.replace("\0", "").strip()
    if len(note) > NOTE_LIMIT:
        raise BadInput(f"A note has at most {NOTE_LIMIT:,} characters, this one {len(note):,}.")
    return note
