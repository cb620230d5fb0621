"""Writing reports, decisions and answers. Every call appends; nothing is changed."""

from __future__ import annotations

import datetime as dt
import secrets
import time

import sqlalchemy as sa

from peachdash.records import Scope
from peachdash.storage import schema as t


def new_id() -> str:
    """An identifier that sorts by the time of its making, so that the latest of equal times is known."""
    return f"{time.time_ns():020d}-{secrets.token_hex(6)}"


def load_visible_review(connection: sa.Connection, scope: Scope, review_id: int) -> str | None:
    """The text hash of a review, or None where there is no such review in the viewer's scope.

    Reviews of an import that was undone are not there.
    """
    statement = sa.select(t.reviews.c.text_sha256).where(
        t.reviews.c.review_id == review_id,
        t.reviews.c.import_id.not_in(sa.select(t.import_retractions.c.import_id)),
    )
    if scope.business_ids is not None:
        statement = statement.where(t.reviews.c.business_id.in_(sorted(scope.business_ids)))
    return connection.execute(statement).scalar_one_or_none()


def load_reading(connection: sa.Connection, text_sha256: str, revision: str) -> str | None:
    """The label that a revision gave a text; None where it has not read it."""
    statement = sa.select(t.predictions.c.label).where(
        t.predictions.c.text_sha256 == text_sha256, t.predictions.c.revision == revision
    )
    return connection.execute(statement).scalars().first()


def append_report(
    connection: sa.Connection,
    review_id: int,
    suggestion: str,
    note: str,
    who: str,
    revision: str | None,
    label: str | None,
) -> str:
    """Append a report and return its id."""
    report_id = new_id()
    connection.execute(
        sa.insert(t.reports).values(
            report_id=report_id,
            review_id=review_id,
            suggestion=suggestion,
            note=note,
            reported_by=who,
            reported_utc=dt.datetime.now(dt.UTC),
            revision=revision,
            label=label,
        )
    )
    return report_id


def append_decision(
    connection: sa.Connection,
    review_id: int,
    verdict: str | None,
    origin: str,
    who: str,
    reason: str,
    report_id: str | None = None,
) -> str:
    """Append a decision and return its id. A verdict of None takes the earlier one back."""
    decision_id = new_id()
    connection.execute(
        sa.insert(t.decisions).values(
            decision_id=decision_id,
            review_id=review_id,
            verdict=verdict,
            origin=origin,
            report_id=report_id,
            decided_by=who,
            decided_utc=dt.datetime.now(dt.UTC),
            reason=reason,
        )
    )
    return decision_id


def append_answer(connection: sa.Connection, review_id: int, answered: bool, who: str, note: str) -> None:
    """Append that a complaint was answered, or that it was not after all."""
    connection.execute(
        sa.insert(t.complaint_answers).values(
            answer_id=new_id(),
            review_id=review_id,
            answered=answered,
            answered_by=who,
            answered_utc=dt.datetime.now(dt.UTC),
            note=note,
        )
    )
