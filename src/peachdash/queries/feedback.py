"""What was reported and decided."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, matching, not_retracted, within
from peachdash.records import ReviewFilter, Scope
from peachdash.storage import schema as t


def fetch_reports(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, *, limit: int = 500
) -> pd.DataFrame:
    """Reports on reviews that match, newest first.

    Columns: report_id, review_id, business_id, business, text, reported_utc, reported_by, label (what
    the champion had read), suggestion, note, outcome (the verdict that was decided on this report;
    None while it is open), decided_by, decided_utc, taken_back (a later decision withdrew it).
    """
    decision = t.decisions.alias("own")
    later = t.decisions.alias("later")
    taken_back = (
        sa.select(sa.literal(1))
        .where(
            later.c.review_id == t.reports.c.review_id,
            later.c.decided_utc > decision.c.decided_utc,
            later.c.verdict.is_(None),
        )
        .exists()
    )
    statement = (
        sa.select(
            t.reports.c.report_id,
            t.reports.c.review_id,
            t.reviews.c.business_id,
            t.businesses.c.name.label("business"),
            t.reviews.c.text,
            t.reports.c.reported_utc,
            t.reports.c.reported_by,
            t.reports.c.label,
            t.reports.c.suggestion,
            t.reports.c.note,
            decision.c.verdict.label("outcome"),
            decision.c.decided_by,
            decision.c.decided_utc,
            taken_back.label("taken_back"),
        )
        .join(t.reviews, t.reviews.c.review_id == t.reports.c.review_id)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .outerjoin(decision, decision.c.report_id == t.reports.c.report_id)
        .where(within(scope, t.reviews.c.business_id), matching(criteria), not_retracted())
        .order_by(t.reports.c.reported_utc.desc(), t.reports.c.report_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)
