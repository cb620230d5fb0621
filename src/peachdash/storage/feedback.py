"""Writing reports, decisions and answers. Every call appends; nothing is changed."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from peachdash.records import Outcome, Scope
from peachdash.storage import schema as t
from peachdash.storage.standing import stands

OPEN_OUTCOMES: tuple[str | None, ...] = (None, Outcome.REOPENED.value)
"""Latest outcomes of a report that still waits for a decision."""


def new_id() -> str:
    """An identifier that sorts by the time of its making, so that the latest of equal times is known."""
    return f"{time.time_ns():020d}-{secrets.token_hex(6)}"


def load_visible_review(connection: sa.Connection, scope: Scope, review_id: int) -> str | None:
    """The text hash of a review, or None where there is no such review in the viewer's scope.

    Reviews of an import that was undone are not there.
    """
    statement = sa.select(t.reviews.c.text_sha256).where(
        t.reviews.c.review_id == review_id,
        stands(),
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


def latest_outcomes() -> sa.Subquery:
    """The latest outcome of each report, one row each with the columns of `report_outcomes`."""
    table = t.report_outcomes
    rank = sa.func.row_number().over(
        partition_by=table.c.report_id, order_by=[table.c.decided_utc.desc(), table.c.outcome_id.desc()]
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1).subquery("latest_outcome")


def latest_decisions() -> sa.Subquery:
    """The latest decision on each review, one row each with the columns of `decisions`."""
    table = t.decisions
    rank = sa.func.row_number().over(
        partition_by=table.c.review_id, order_by=[table.c.decided_utc.desc(), table.c.decision_id.desc()]
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1).subquery("latest_decision")


def load_standing(connection: sa.Connection, review_id: int, text_sha256: str, revision: str) -> str | None:
    """What a review counts as: the latest verdict, else a sure reading; None where neither is there."""
    decision = load_latest_decision(connection, review_id)
    if decision is not None and decision.verdict is not None:
        return str(decision.verdict)
    statement = sa.select(t.predictions.c.label).where(
        t.predictions.c.text_sha256 == text_sha256,
        t.predictions.c.revision == revision,
        ~t.predictions.c.needs_review,
    )
    return connection.execute(statement).scalars().first()


def is_open(outcome: sa.Subquery) -> sa.ColumnElement[bool]:
    """The condition that a report, outer joined with `latest_outcomes`, waits for a decision."""
    return sa.or_(outcome.c.outcome.is_(None), outcome.c.outcome == Outcome.REOPENED.value)


def load_reports(connection: sa.Connection, scope: Scope, report_ids: Iterable[str]) -> list[sa.Row[Any]]:
    """Reports in the viewer's scope with their latest outcome: report_id, review_id, suggestion,
    reported_by, outcome (None or "reopened" where open), decision_id; in the order of their making.
    """
    latest = latest_outcomes()
    statement = (
        sa.select(
            t.reports.c.report_id,
            t.reports.c.review_id,
            t.reports.c.suggestion,
            t.reports.c.reported_by,
            latest.c.outcome,
            latest.c.decision_id,
        )
        .join(t.reviews, t.reviews.c.review_id == t.reports.c.review_id)
        .outerjoin(latest, latest.c.report_id == t.reports.c.report_id)
        .where(
            t.reports.c.report_id.in_(list(report_ids)),
            stands(),
        )
        .order_by(t.reports.c.report_id)
    )
    if scope.business_ids is not None:
        statement = statement.where(t.reviews.c.business_id.in_(sorted(scope.business_ids)))
    return list(connection.execute(statement))


def load_same_open_report(
    connection: sa.Connection, review_id: int, suggestion: str, note: str, who: str
) -> str | None:
    """The open report by which a person said the very same before; None where there is none."""
    latest = latest_outcomes()
    statement = (
        sa.select(t.reports.c.report_id)
        .outerjoin(latest, latest.c.report_id == t.reports.c.report_id)
        .where(
            t.reports.c.review_id == review_id,
            t.reports.c.suggestion == suggestion,
            t.reports.c.note == note,
            t.reports.c.reported_by == who,
            is_open(latest),
        )
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def load_latest_decision(connection: sa.Connection, review_id: int) -> sa.Row[Any] | None:
    """The decision that stands on a review: decision_id, verdict, report_id, decided_by, reason."""
    table = t.decisions
    statement = (
        sa.select(table.c.decision_id, table.c.verdict, table.c.report_id, table.c.decided_by, table.c.reason)
        .where(table.c.review_id == review_id)
        .order_by(table.c.decided_utc.desc(), table.c.decision_id.desc())
        .limit(1)
    )
    found: sa.Row[Any] | None = connection.execute(statement).one_or_none()  # type: ignore[assignment]
    return found


def load_verdict_before(connection: sa.Connection, review_id: int, decision_id: str) -> str | None:
    """The verdict that stood on a review before a decision; None where the model's reading counted."""
    table = t.decisions
    statement = (
        sa.select(table.c.verdict)
        .where(table.c.review_id == review_id, table.c.decision_id < decision_id)
        .order_by(table.c.decision_id.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def append_outcome(
    connection: sa.Connection,
    report_id: str,
    review_id: int,
    outcome: Outcome,
    who: str,
    reason: str,
    decision_id: str | None = None,
) -> None:
    """Append what came of a report."""
    connection.execute(
        sa.insert(t.report_outcomes).values(
            outcome_id=new_id(),
            report_id=report_id,
            review_id=review_id,
            outcome=outcome.value,
            reason=reason,
            decision_id=decision_id,
            decided_by=who,
            decided_utc=dt.datetime.now(dt.UTC),
        )
    )


def load_own_open_reports(connection: sa.Connection, review_id: int, who: str) -> list[sa.Row[Any]]:
    """The open reports of one person on a review: report_id, suggestion."""
    latest = latest_outcomes()
    statement = (
        sa.select(t.reports.c.report_id, t.reports.c.suggestion)
        .outerjoin(latest, latest.c.report_id == t.reports.c.report_id)
        .where(t.reports.c.review_id == review_id, t.reports.c.reported_by == who, is_open(latest))
        .order_by(t.reports.c.report_id)
    )
    return list(connection.execute(statement))
