"""Reports that labelling is to settle, or has settled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from peachdash.records import Outcome, Scope
from peachdash.storage import schema as t
from peachdash.storage.feedback import latest_outcomes
from peachdash.storage.standing import stands

LABELLED = "labelling"
"""Origin of a decision that labelling led to."""


def load_labelled_reports(
    connection: sa.Connection, scope: Scope, review_ids: Iterable[int]
) -> list[sa.Row[Any]]:
    """The reports in the viewer's scope that were sent to labelling and wait, or that it has settled.

    Args:
        review_ids: reviews of which the text is meant; another one of the business may say the same.

    Returns:
        Rows of report_id, review_id, text_sha256, business_id, suggestion, reported_by, decision_id and
        settled_as (a label; None while it waits), by review and report.
    """
    outcome, decision = latest_outcomes(), t.decisions
    meant = t.reviews.alias("meant")
    says_the_same = sa.exists().where(
        meant.c.review_id.in_(list(review_ids)),
        meant.c.text_sha256 == t.reviews.c.text_sha256,
        meant.c.business_id == t.reviews.c.business_id,
    )
    by_labelling = decision.c.origin == LABELLED
    statement = (
        sa.select(
            t.reports.c.report_id,
            t.reports.c.review_id,
            t.reviews.c.text_sha256,
            t.reviews.c.business_id,
            t.reports.c.suggestion,
            t.reports.c.reported_by,
            outcome.c.decision_id,
            decision.c.verdict.label("settled_as"),
        )
        .join(t.reviews, t.reviews.c.review_id == t.reports.c.review_id)
        .join(outcome, outcome.c.report_id == t.reports.c.report_id)
        .outerjoin(decision, sa.and_(decision.c.decision_id == outcome.c.decision_id, by_labelling))
        .where(
            says_the_same,
            stands(),
            sa.or_(outcome.c.outcome == Outcome.LABELLING.value, decision.c.decision_id.is_not(None)),
        )
        .order_by(t.reports.c.review_id, t.reports.c.report_id)
    )
    if scope.business_ids is not None:
        statement = statement.where(t.reviews.c.business_id.in_(sorted(scope.business_ids)))
    return list(connection.execute(statement))
