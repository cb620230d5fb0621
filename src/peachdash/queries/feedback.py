"""What was reported, what waits for a decision, what came of it, and what it helped."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.names import AGENCY, shown_name, shown_note
from peachdash.queries.readings import fetch_frame, matching, not_retracted, readings, within
from peachdash.records import LABELS, ActiveModels, Outcome, ReviewFilter, Scope
from peachdash.storage import schema as t
from peachdash.storage.feedback import is_open, latest_decisions, latest_outcomes


def fetch_reports(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, *, own: bool = False, limit: int = 500
) -> pd.DataFrame:
    """Reports on reviews that match, newest first; withdrawn ones are left out.

    Columns: report_id, review_id, business_id, business, title, text, reported_utc, reported_by, label
    (what the champion had read), suggestion, note, outcome (see `records.Outcome`; None while it is open),
    reason, decided_by, decided_utc, in_force (it was accepted, and the decision still stands).

    Args:
        connection: to read from.
        scope: who asks. A client reads neither the names nor the notes of others.
        criteria: which reviews.
        own: only what the viewer reported.
        limit: most rows.
    """
    outcome, standing = latest_outcomes(), latest_decisions()
    reports = t.reports
    open_now = is_open(outcome)
    statement = (
        sa.select(
            reports.c.report_id,
            reports.c.review_id,
            t.reviews.c.business_id,
            t.businesses.c.name.label("business"),
            t.reviews.c.title,
            t.reviews.c.text,
            reports.c.reported_utc,
            shown_name(scope, reports.c.reported_by).label("reported_by"),
            reports.c.label,
            reports.c.suggestion,
            shown_note(scope, reports.c.note, reports.c.reported_by).label("note"),
            sa.case((open_now, None), else_=outcome.c.outcome).label("outcome"),
            sa.case((open_now, None), else_=outcome.c.reason).label("reason"),
            sa.case((open_now, None), else_=shown_name(scope, outcome.c.decided_by, AGENCY)).label(
                "decided_by"
            ),
            sa.case((open_now, None), else_=outcome.c.decided_utc).label("decided_utc"),
            _in_force(outcome, standing).label("in_force"),
        )
        .join(t.reviews, t.reviews.c.review_id == reports.c.review_id)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .outerjoin(outcome, outcome.c.report_id == reports.c.report_id)
        .outerjoin(standing, standing.c.review_id == reports.c.review_id)
        .where(*_reported(scope, criteria, outcome, own=own))
        .order_by(reports.c.reported_utc.desc(), reports.c.report_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def _in_force(outcome: sa.Subquery, standing: sa.Subquery) -> sa.ColumnElement[bool]:
    """Whether a report was accepted, and the review still counts as it suggests."""
    accepted = outcome.c.outcome == Outcome.ACCEPTED.value
    return sa.func.coalesce(sa.and_(accepted, standing.c.verdict == t.reports.c.suggestion), False)


def _reported(
    scope: Scope, criteria: ReviewFilter, outcome: sa.Subquery, *, own: bool
) -> list[sa.ColumnElement[bool]]:
    kept = sa.func.coalesce(outcome.c.outcome, "") != Outcome.WITHDRAWN.value
    mine = t.reports.c.reported_by == scope.viewer if own else sa.true()
    return [within(scope, t.reviews.c.business_id), matching(criteria), not_retracted(), kept, mine]


def fetch_report_queue(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    *,
    limit: int = 500,
) -> pd.DataFrame:
    """Open reports on reviews that match; those of one review stand together, the longest waiting first.

    Columns: all of `readings`, and report_id, suggestion, note, reported_by, reported_utc, shown_label
    (what the champion had read when it was reported).

    Raises:
        NotFound: the viewer may not decide.
    """
    if not scope.may_decide:
        raise NotFound("The queue is for managers and analysts.")
    outcome, reports = latest_outcomes(), t.reports
    reported = t.reviews.c.review_id.in_(sa.select(reports.c.review_id))
    rows = readings(scope, criteria, models, only=reported)
    first = sa.func.min(reports.c.reported_utc).over(partition_by=reports.c.review_id)
    statement = (
        sa.select(
            rows,
            reports.c.report_id,
            reports.c.suggestion,
            reports.c.note,
            reports.c.reported_by,
            reports.c.reported_utc,
            reports.c.label.label("shown_label"),
        )
        .join(reports, reports.c.review_id == rows.c.review_id)
        .outerjoin(outcome, outcome.c.report_id == reports.c.report_id)
        .where(is_open(outcome))
        .order_by(first, rows.c.review_id, reports.c.reported_utc, reports.c.report_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def fetch_feedback_counts(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    *,
    own: bool = False,
) -> dict[str, int]:
    """What came of reports on reviews that match, and what the champion reads now.

    Returns:
        reported, open, accepted, rejected, labelling; in_force (accepted, and the decision stands);
        accepted_labels (of those in force, the ones with a class, not spam and the like); read_right (of
        those, how many the champion reads so by itself, surely enough to count without the correction).

    Args:
        connection: to read from.
        scope: who asks.
        criteria: which reviews.
        models: whose readings count now.
        own: only what the viewer reported.
    """
    outcome, standing, reports = latest_outcomes(), latest_decisions(), t.reports
    champion = (
        sa.select(t.predictions).where(t.predictions.c.revision == models.champion).subquery("champion")
    )
    accepted = outcome.c.outcome == Outcome.ACCEPTED.value
    in_force = _in_force(outcome, standing)
    labelled = sa.and_(in_force, reports.c.suggestion.in_(LABELS))
    right = sa.and_(labelled, champion.c.label == reports.c.suggestion, ~champion.c.needs_review)
    conditions: dict[str, sa.ColumnElement[bool]] = {
        "reported": sa.true(),
        "open": is_open(outcome),
        "accepted": accepted,
        "rejected": outcome.c.outcome == Outcome.REJECTED.value,
        "labelling": outcome.c.outcome == Outcome.LABELLING.value,
        "in_force": in_force,
        "accepted_labels": labelled,
        "read_right": right,
    }
    statement = (
        sa.select(*[_count(condition).label(name) for name, condition in conditions.items()])
        .select_from(reports)
        .join(t.reviews, t.reviews.c.review_id == reports.c.review_id)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .outerjoin(outcome, outcome.c.report_id == reports.c.report_id)
        .outerjoin(standing, standing.c.review_id == reports.c.review_id)
        .outerjoin(champion, champion.c.text_sha256 == t.reviews.c.text_sha256)
        .where(*_reported(scope, criteria, outcome, own=own))
    )
    return {name: int(n) for name, n in connection.execute(statement).mappings().one().items()}


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def fetch_last_answers(connection: sa.Connection, scope: Scope, review_ids: list[int]) -> dict[int, str]:
    """What the viewer answered last on each of some reviews, those in scope only: a verdict by review."""
    table = t.reading_checks
    rank = sa.func.row_number().over(
        partition_by=table.c.review_id, order_by=[table.c.checked_utc.desc(), table.c.check_id.desc()]
    )
    ranked = (
        sa.select(table.c.review_id, table.c.answer, rank.label("rank"))
        .join(t.reviews, t.reviews.c.review_id == table.c.review_id)
        .where(
            table.c.checked_by == scope.viewer,
            table.c.review_id.in_(review_ids),
            within(scope, t.reviews.c.business_id),
        )
        .subquery()
    )
    rows = connection.execute(sa.select(ranked.c.review_id, ranked.c.answer).where(ranked.c.rank == 1))
    return {int(review_id): str(answer) for review_id, answer in rows}
