"""What people did to a review, and what came of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.names import AGENCY, shown_name, shown_note
from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import Outcome, Scope
from peachdash.storage import schema as t


def fetch_review_trail(connection: sa.Connection, scope: Scope, review_id: int) -> pd.DataFrame:
    """What people did to a review, oldest first: at_utc, who, what, detail, note.

    `what` is reported, decided, answered, checked, or an outcome of a report but accepted (which the
    decision tells of): rejected, labelling, withdrawn, reopened. `detail` is the suggestion, verdict or
    answer, "yes" or "no" where a complaint was answered. Empty where the review is outside the viewer's
    scope. A client reads neither the names nor the notes of others, but the reasons of decisions.
    """
    visible = sa.select(t.reviews.c.review_id).where(
        t.reviews.c.review_id == review_id, within(scope, t.reviews.c.business_id), not_retracted()
    )
    parts = [part.where(part.selected_columns.review_id.in_(visible)) for part in _parts(scope)]
    every = sa.union_all(*parts).subquery()
    columns = [every.c[name] for name in ("at_utc", "who", "what", "detail", "note")]
    return fetch_frame(connection, sa.select(*columns).order_by(every.c.at_utc, every.c.id))


def _parts(scope: Scope) -> list[sa.Select[Any]]:
    reports, decisions, answers = t.reports.c, t.decisions.c, t.complaint_answers.c
    outcomes, checks = t.report_outcomes.c, t.reading_checks.c
    told = [outcome.value for outcome in Outcome if outcome is not Outcome.ACCEPTED]
    suggestion = (
        sa.select(reports.suggestion).where(reports.report_id == outcomes.report_id).scalar_subquery()
    )
    return [
        sa.select(
            reports.report_id.label("id"),
            reports.review_id,
            reports.reported_utc.label("at_utc"),
            shown_name(scope, reports.reported_by).label("who"),
            sa.literal("reported").label("what"),
            reports.suggestion.label("detail"),
            shown_note(scope, reports.note, reports.reported_by).label("note"),
        ),
        sa.select(
            decisions.decision_id,
            decisions.review_id,
            decisions.decided_utc,
            shown_name(scope, decisions.decided_by, AGENCY),
            sa.literal("decided"),
            sa.func.coalesce(decisions.verdict, "taken back"),
            decisions.reason,
        ),
        sa.select(
            outcomes.outcome_id,
            outcomes.review_id,
            outcomes.decided_utc,
            shown_name(scope, outcomes.decided_by, AGENCY),
            outcomes.outcome,
            suggestion,
            outcomes.reason,
        ).where(outcomes.outcome.in_(told)),
        sa.select(
            checks.check_id,
            checks.review_id,
            checks.checked_utc,
            shown_name(scope, checks.checked_by),
            sa.literal("checked"),
            checks.answer,
            sa.literal(""),
        ).where(checks.answer == checks.label),
        sa.select(
            answers.answer_id,
            answers.review_id,
            answers.answered_utc,
            shown_name(scope, answers.answered_by, AGENCY),
            sa.literal("answered"),
            sa.case((answers.answered, "yes"), else_="no"),
            shown_note(scope, answers.note, answers.answered_by),
        ),
    ]
