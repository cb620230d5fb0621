"""Reports on readings, decisions, and answers to complaints."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import ActiveModels, Scope, Verdict
from peachdash.storage.database import Database
from peachdash.storage.feedback import (
    append_answer,
    append_decision,
    append_report,
    load_reading,
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

    Returns:
        The id of the report.

    Raises:
        BadInput: the suggestion is no verdict, or the note is longer than `NOTE_LIMIT`.
        NotFound: the viewer has no such review.
    """
    verdict, note = _verdict(suggestion), _note(note)
    with database.write() as connection:
        text_sha256 = _visible(connection, scope, review_id)
        label = load_reading(connection, text_sha256, models.champion)
        report_id = append_report(
            connection, review_id, verdict, note, scope.viewer, models.champion if label else None, label
        )
        if scope.may_decide:
            append_decision(connection, review_id, verdict, "correction", scope.viewer, note, report_id)
    return report_id


def take_back_decision(database: Database, scope: Scope, review_id: int, reason: str = "") -> None:
    """Let the model's reading count again. The decision and its withdrawal both stay on record.

    Raises:
        NotFound: the viewer has no such review, or may not decide.
    """
    if not scope.may_decide:
        raise NotFound("Decisions are for managers and analysts.")
    with database.write() as connection:
        _visible(connection, scope, review_id)
        append_decision(connection, review_id, None, "correction", scope.viewer, _note(reason))


def mark_answered(
    database: Database, scope: Scope, review_ids: Iterable[int], *, answered: bool = True, note: str = ""
) -> int:
    """Mark complaints as answered, or (answered=False) take that back; how many rows were written.

    Raises:
        NotFound: one of the reviews is not the viewer's (then none is marked), or they are a client.
    """
    if not scope.may_decide:
        raise NotFound("Answers are marked by managers.")
    note = _note(note)
    with database.write() as connection:
        chosen = list(dict.fromkeys(int(review_id) for review_id in review_ids))
        for review_id in chosen:
            _visible(connection, scope, review_id)
            append_answer(connection, review_id, answered, scope.viewer, note)
    return len(chosen)


def _visible(connection: sa.Connection, scope: Scope, review_id: int) -> str:
    text_sha256 = load_visible_review(connection, scope, review_id)
    if text_sha256 is None:
        raise NotFound(f"There is no review {review_id}.")
    return text_sha256


def _verdict(suggestion: str) -> str:
    try:
        return Verdict(suggestion).value
    except ValueError as error:
        known = ", ".join(verdict.value for verdict in Verdict)
        raise BadInput(f"A suggestion is one of {known}, not {suggestion!r}.") from error


def _note(note: str) -> str:
    note = note.replace("\0", "").strip()
    if len(note) > NOTE_LIMIT:
        raise BadInput(f"A note has at most {NOTE_LIMIT:,} characters, this one {len(note):,}.")
    return note
