"""The plain way to what the pages count: every figure by a look of its own at all readings, in full.

The queries take shorter ways to the same answers; tests compare them with these.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import sqlalchemy as sa

from peachdash.insights.trends import share_trend
from peachdash.queries.issue_evidence import _FIGURES, _places, complaint_sentences
from peachdash.queries.readings import UNSCORED, WAITING, counting, fetch_frame, readings
from peachdash.queries.review_queue import SURE, VERY_SURE
from peachdash.queries.reviews import _conditions, _ordering
from peachdash.records import BANDS, LABELS
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t


def add_up(condition):
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _bands(rows):
    return [add_up(sa.and_(~rows.c.excluded, rows.c.band == band)).label(band) for band in BANDS]


def plain_totals(connection, scope, criteria, models):
    rows = readings(scope, criteria, models)
    kept = ~rows.c.excluded
    statement = sa.select(
        add_up(kept).label("reviews"),
        add_up(counting(rows)).label("read"),
        add_up(sa.and_(kept, rows.c.band == WAITING)).label("waiting"),
        add_up(sa.and_(kept, rows.c.band == UNSCORED)).label("unscored"),
        add_up(sa.and_(kept, rows.c.human)).label("human"),
        add_up(rows.c.complaint).label("complaints"),
        add_up(sa.and_(rows.c.complaint, ~rows.c.answered)).label("complaints_open"),
        add_up(sa.and_(kept, rows.c.review_date.is_(None))).label("undated"),
        *_bands(rows),
    )
    return {name: int(value) for name, value in connection.execute(statement).mappings().one().items()}


def plain_business_counts(connection, scope, criteria, models):
    """By business: reviews, n, complaints, complaints_open and one for each band."""
    rows = readings(scope, criteria, models)
    statement = sa.select(
        rows.c.business_id,
        add_up(~rows.c.excluded).label("reviews"),
        add_up(counting(rows)).label("read"),
        *_bands(rows),
        add_up(rows.c.complaint).label("complaints"),
        add_up(sa.and_(rows.c.complaint, ~rows.c.answered)).label("complaints_open"),
    ).group_by(rows.c.business_id)
    return fetch_frame(connection, statement).set_index("business_id").sort_index().astype(int)


def plain_lines(connection, scope, criteria, models, before_since):
    """The course of each business over both windows, one business after the other."""
    wider = replace(criteria, since=before_since) if before_since else criteria
    rows = readings(scope, wider, models)
    month = sa.cast(sa.func.date_trunc("month", rows.c.review_date), sa.Date).label("period_start")
    statement = (
        sa.select(rows.c.business_id, month, rows.c.band, sa.func.count().label("n"))
        .where(
            counting(rows),
            rows.c.review_date.is_not(None),
            rows.c.date_precision.in_(["day", "week", "month"]),
        )
        .group_by(rows.c.business_id, month, rows.c.band)
    )
    counts = fetch_frame(connection, statement)
    if counts.empty:
        return {}
    ends = counts["period_start"].agg(["min", "max"])
    frame = pd.DataFrame({"period_start": ends.to_numpy(), "band": "positive", "n": 0})
    lines = {}
    for business, rows in counts.groupby("business_id"):
        trend = share_trend(pd.concat([frame, rows[["period_start", "band", "n"]]]), 1)
        shares = trend.loc[trend["band"] == "positive", "share"].astype(float).reset_index(drop=True)
        lines[business] = shares.interpolate(limit_area="inside").dropna().tolist()
    return lines


def plain_reviews(connection, scope, criteria, models, selection):
    """The first hundred rows of a table of reviews."""
    rows = readings(scope, criteria, models)
    statement = sa.select(rows).where(*_conditions(rows, selection))
    return fetch_frame(connection, statement.order_by(*_ordering(rows, selection.order)).limit(100))


def plain_volumes(connection, scope, criteria, models):
    rows = readings(scope, criteria, models)
    groups = [rows.c.business_id, rows.c.review_date, rows.c.band]
    texts = sa.func.count(sa.distinct(rows.c.text_sha256)).label("texts")
    statement = sa.select(*groups, sa.func.count().label("n"), texts).where(counting(rows))
    return fetch_frame(connection, statement.group_by(*groups).order_by(*groups))


def plain_evidence(connection, scope, criteria, models):
    found, placed = complaint_sentences(scope, criteria, models), _places()
    same = [placed.c[name] == found.c[name] for name in ("business_id", "text_sha256", "position")]
    statement = (
        sa.select(
            placed.c.issue_id, *[found.c[name] for name in _FIGURES], placed.c.similarity, placed.c.origin
        )
        .join(placed, sa.and_(*same))
        .order_by(found.c.review_date.desc().nulls_last(), found.c.review_id.desc(), found.c.position)
    )
    return fetch_frame(connection, statement)


def plain_queue(connection, scope, criteria, models):
    """All readings that would be sent to people, decided on or not: review_id and why."""
    rows, places, read = readings(scope, criteria, models), i.review_sentences, t.predictions.alias("read")
    both = (
        sa.select(
            places.c.text_sha256,
            sa.func.max(read.c.p_negative).label("most_negative"),
            sa.func.max(read.c.p_positive).label("most_positive"),
        )
        .join(read, read.c.text_sha256 == places.c.sentence_sha256)
        .where(read.c.revision == models.champion)
        .group_by(places.c.text_sha256)
        .subquery("both")
    )
    statement = (
        sa.select(rows, both.c.most_negative, both.c.most_positive)
        .outerjoin(both, both.c.text_sha256 == rows.c.text_sha256)
        .where(rows.c.champion_label.is_not(None), rows.c.unscored_reason.is_(None), ~rows.c.excluded)
        .order_by(rows.c.review_id)
    )
    frame = fetch_frame(connection, statement)
    champion, generic = frame["champion_label"], frame["generic_label"]
    top = frame[[f"champion_p_{label}" for label in LABELS]].astype(float).max(axis=1)
    generic_top = frame[[f"generic_p_{label}" for label in LABELS]].astype(float).max(axis=1)
    doubt, known = top < VERY_SURE, generic.notna()
    opposite = ((champion == "positive") & (generic == "negative")) | (
        (champion == "neutral") & known & (generic != "neutral")
    )
    praise = (champion == "negative") & (generic == "positive") & (generic_top >= SURE)
    contradicted = (frame["stars"].astype(float) >= 4) & (champion == "negative")
    torn = (frame["most_negative"].astype(float) >= SURE) & (frame["most_positive"].astype(float) >= SURE)
    return pd.DataFrame(
        {
            "review_id": frame["review_id"],
            "human": frame["human"].astype(bool),
            "unsure": frame["champion_needs_review"].astype(bool),
            "disagree": doubt & (generic_top >= SURE) & opposite,
            "sarcasm": doubt & (praise | contradicted),
            "mixed": doubt & torn,
        }
    )
