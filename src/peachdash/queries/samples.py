"""Random samples of readings: what is still to be asked, and what people answered."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, matching, not_retracted, within
from peachdash.records import EXCLUDING_VERDICTS, ReviewFilter, Scope
from peachdash.storage import schema as t
from peachdash.storage.feedback import latest_decisions
from peachdash.storage.standing import scored


def fetch_unchecked(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, *, limit: int = 50
) -> pd.DataFrame:
    """Sampled readings that nobody has answered, in the order in which they were drawn.

    Columns: sampled_id, review_id, revision, label (as drawn), business_id, business, title, text,
    review_date, date_precision, stars, source. Reviews left out of all counts are not asked for.
    """
    answer, standing, sampled = counting_answers(), latest_decisions(), t.sampled_readings
    names = ("review_date", "date_precision", "stars", "source", "title", "text", "business_id")
    statement = (
        sa.select(
            sampled.c.sampled_id,
            sampled.c.review_id,
            sampled.c.revision,
            sampled.c.label,
            t.businesses.c.name.label("business"),
            *[t.reviews.c[name] for name in names],
        )
        .join(t.reviews, t.reviews.c.review_id == sampled.c.review_id)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .outerjoin(answer, answer.c.sampled_id == sampled.c.sampled_id)
        .outerjoin(standing, standing.c.review_id == sampled.c.review_id)
        .where(
            within(scope, t.reviews.c.business_id),
            matching(criteria),
            not_retracted(),
            scored(),
            answer.c.sampled_id.is_(None),
            sa.func.coalesce(standing.c.verdict, "").not_in(EXCLUDING_VERDICTS),
        )
        .order_by(sampled.c.sampled_id)
        .limit(limit)
    )
    return fetch_frame(connection, statement)


def fetch_sample_answers(connection: sa.Connection, scope: Scope, criteria: ReviewFilter) -> pd.DataFrame:
    """Every sampled reading of reviews that match, answered or not, in the order of drawing.

    Columns: sampled_id, sample_id, client_id, client, review_id, revision, label, drawn_utc, answer (None
    where nobody answered; the answer of somebody who may decide goes before a client's, then the later one
    before the earlier), excluded (whether people left the review out of all counts, so that nobody is asked).
    """
    answer, standing, sampled = counting_answers(), latest_decisions(), t.sampled_readings
    names = ("sampled_id", "sample_id", "client_id", "review_id", "revision", "label", "drawn_utc")
    statement = (
        sa.select(
            *[sampled.c[name] for name in names],
            t.clients.c.name.label("client"),
            answer.c.answer,
            sa.func.coalesce(standing.c.verdict, "").in_(EXCLUDING_VERDICTS).label("excluded"),
        )
        .join(t.reviews, t.reviews.c.review_id == sampled.c.review_id)
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .join(t.clients, t.clients.c.client_id == sampled.c.client_id)
        .outerjoin(answer, answer.c.sampled_id == sampled.c.sampled_id)
        .outerjoin(standing, standing.c.review_id == sampled.c.review_id)
        .where(within(scope, t.reviews.c.business_id), matching(criteria), not_retracted(), scored())
        .order_by(sampled.c.sampled_id)
    )
    return fetch_frame(connection, statement)


def counting_answers() -> sa.Subquery[Any]:
    """The one answer to each sampled reading that counts: sampled_id, answer."""
    table = t.reading_checks
    order = [table.c.deciding.desc(), table.c.checked_utc.desc(), table.c.check_id.desc()]
    rank = sa.func.row_number().over(partition_by=table.c.sampled_id, order_by=order)
    ranked = sa.select(table, rank.label("rank")).where(table.c.sampled_id.is_not(None)).subquery()
    kept = sa.select(ranked.c.sampled_id, ranked.c.answer).where(ranked.c.rank == 1)
    return kept.subquery("counting_answer")
