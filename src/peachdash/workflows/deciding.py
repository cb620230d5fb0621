"""Deciding on reports: accept, reject with a reason, send to labelling, open again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import Outcome, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.feedback import (
    OPEN_OUTCOMES,
    append_decision,
    append_outcome,
    load_latest_decision,
    load_reports,
    load_verdict_before,
)
from peachdash.storage.samples import settle_answered_samples
from peachdash.workflows.feedback import clean_note, known_verdict
from peachdash.workflows.labelled_reports import settle_reports


def accept_reports(
    database: Database, scope: Scope, report_ids: Iterable[str], verdict: str, reason: str = ""
) -> int:
    """Let a review count as some of its reports suggest; those that suggest something else are rejected.

    Reports that were decided on meanwhile stay as they are.

    Returns:
        How many reports were open; 0 where somebody else was faster, and nothing is written.

    Raises:
        BadInput: no open report suggests the verdict, they are on several reviews, or the reason is too long.
        NotFound: one of the reports is not the viewer's, or they may not decide.
    """
    verdict, reason = known_verdict(verdict), clean_note(reason)
    with database.write() as connection:
        waiting = _waiting(connection, scope, report_ids)
        if not waiting:
            return 0
        agreeing = [row for row in waiting if row.suggestion == verdict]
        if not agreeing:
            raise BadInput(f"No open report suggests {verdict!r}.")
        review_id = _one_review(waiting)
        decision_id = append_decision(
            connection, review_id, verdict, "report", scope.viewer, reason, agreeing[0].report_id
        )
        for row in waiting:
            if row.suggestion == verdict:
                outcome, told, led_to = Outcome.ACCEPTED, reason, decision_id
            else:
                outcome, told, led_to = Outcome.REJECTED, reason or OTHER_ACCEPTED, None
            append_outcome(connection, row.report_id, review_id, outcome, scope.viewer, told, led_to)
        _settle_sample(connection, scope, waiting, verdict)
        _log(connection, scope, "accept_report", waiting, {"verdict": verdict})
    return len(waiting)


OTHER_ACCEPTED = "Another suggestion for this review was accepted."


def reject_reports(database: Database, scope: Scope, report_ids: Iterable[str], reason: str) -> int:
    """Leave the reading as it is, with a reason that the reporters read; how many reports were open.

    Raises:
        BadInput: there is no reason, or it is too long.
        NotFound: one of the reports is not the viewer's, or they may not decide.
    """
    reason = clean_note(reason)
    if not reason:
        raise BadInput("A rejection needs a reason: whoever reported it reads it.")
    with database.write() as connection:
        waiting = _waiting(connection, scope, report_ids)
        for row in waiting:
            append_outcome(connection, row.report_id, row.review_id, Outcome.REJECTED, scope.viewer, reason)
        _settle_sample(connection, scope, waiting, None)
        _log(connection, scope, "reject_report", waiting)
    return len(waiting)


def send_to_labelling(database: Database, scope: Scope, report_ids: Iterable[str], reason: str = "") -> int:
    """Leave it to those who label; the reading stays as it is meanwhile. How many reports were open.

    Where two people have labelled the text before, that settles it at once.

    Raises:
        BadInput: the reason is too long.
        NotFound: one of the reports is not the viewer's, or they may not decide.
    """
    reason = clean_note(reason)
    with database.write() as connection:
        waiting = _waiting(connection, scope, report_ids)
        for row in waiting:
            append_outcome(connection, row.report_id, row.review_id, Outcome.LABELLING, scope.viewer, reason)
        _log(connection, scope, "send_to_labelling", waiting)
        settle_reports(connection, scope, {int(row.review_id) for row in waiting})
    return len(waiting)


def reopen_reports(database: Database, scope: Scope, report_ids: Iterable[str]) -> int:
    """Put decided reports back into the queue; how many there were.

    A decision that they led to, where it still stands, gives way to what stood before it.

    Raises:
        NotFound: one of the reports is not the viewer's, or they may not decide.
    """
    settled = {Outcome.ACCEPTED.value, Outcome.REJECTED.value, Outcome.LABELLING.value}
    with database.write() as connection:
        rows = [row for row in _visible(connection, scope, report_ids) if row.outcome in settled]
        for decision_id, row in {row.decision_id: row for row in rows if row.decision_id}.items():
            standing = load_latest_decision(connection, row.review_id)
            if standing is not None and standing.decision_id == decision_id:
                before = load_verdict_before(connection, row.review_id, decision_id)
                append_decision(connection, row.review_id, before, "queue", scope.viewer, "")
        for row in rows:
            append_outcome(connection, row.report_id, row.review_id, Outcome.REOPENED, scope.viewer, "")
        _log(connection, scope, "reopen_report", rows)
    return len(rows)


def _visible(connection: sa.Connection, scope: Scope, report_ids: Iterable[str]) -> list[sa.Row[Any]]:
    if not scope.may_decide:
        raise NotFound("Decisions are for managers and analysts.")
    wanted = set(report_ids)
    rows = load_reports(connection, scope, wanted)
    missing = wanted - {row.report_id for row in rows}
    if missing:
        raise NotFound(f"There is no report {min(missing)}.")
    return rows


def _waiting(connection: sa.Connection, scope: Scope, report_ids: Iterable[str]) -> list[sa.Row[Any]]:
    return [row for row in _visible(connection, scope, report_ids) if row.outcome in OPEN_OUTCOMES]


def _one_review(rows: Sequence[sa.Row[Any]]) -> int:
    numbers = {int(row.review_id) for row in rows}
    if len(numbers) != 1:
        raise BadInput(f"Reports of one review are accepted together, these are on {len(numbers)}.")
    return numbers.pop()


def _settle_sample(
    connection: sa.Connection, scope: Scope, rows: Sequence[sa.Row[Any]], verdict: str | None
) -> None:
    """Where a report was the answer to a sampled reading, let what was decided be the answer.

    Only samples that their reporters had answered: were complaints to answer others, the sample would no
    longer be random. A verdict of None means that the reading stands.
    """
    for row in rows:
        settle_answered_samples(connection, scope, row.review_id, row.reported_by, verdict)


def _log(
    connection: sa.Connection,
    scope: Scope,
    action: str,
    rows: Sequence[sa.Row[Any]],
    details: dict[str, Any] | None = None,
) -> None:
    for row in rows:
        told = {"review": int(row.review_id), "suggestion": row.suggestion, **(details or {})}
        append_audit(connection, scope.viewer, action, "report", row.report_id, told)
