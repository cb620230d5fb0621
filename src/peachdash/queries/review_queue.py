"""Readings that a person should look at: which, why, in which order, and what the rest is worth.

A reading is sent to people where the champion is under its threshold; and, as long as it is not very sure,
where the generic model surely reads the opposite, where it takes praise for a complaint (which sarcasm looks
like), or where the sentences say both.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, numbered, readings, tally
from peachdash.queries.samples import counting_answers
from peachdash.records import LABELS, ActiveModels, ReviewFilter, Scope
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t

VERY_SURE, SURE = 0.9, 0.8
REASONS = ("unsure", "disagree", "sarcasm", "mixed")
ARRIVAL_DAYS = 28


def _judged(
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    only: sa.ColumnElement[bool] | None = None,
) -> sa.Subquery[Any]:
    """All readings (`only`: as of `readings`) with why they would be sent to people, decided on or not."""
    rows, torn = readings(scope, criteria, models, only=only), _torn_texts(models, only)
    champion, generic = rows.c.champion_label, rows.c.generic_label
    top = sa.func.greatest(*[rows.c[f"champion_p_{label}"] for label in LABELS])
    generic_top = sa.func.greatest(*[rows.c[f"generic_p_{label}"] for label in LABELS])
    open_to_doubt = top < VERY_SURE
    unsure = sa.func.coalesce(rows.c.champion_needs_review, False)
    opposite = sa.or_(
        sa.and_(champion == "positive", generic == "negative"),
        sa.and_(champion == "neutral", generic != "neutral"),
    )
    disagree = sa.and_(open_to_doubt, generic_top >= SURE, opposite)
    contradicted = sa.and_(rows.c.stars >= 4, champion == "negative")
    praise = sa.and_(champion == "negative", generic == "positive", generic_top >= SURE)
    sarcasm = sa.and_(open_to_doubt, sa.or_(praise, contradicted))
    mixed = sa.and_(open_to_doubt, torn.c.text_sha256.is_not(None))
    flags = dict(zip(REASONS, (unsure, disagree, sarcasm, mixed), strict=True))
    told = [sa.func.coalesce(flag, False).label(name) for name, flag in flags.items()]
    return (
        sa.select(rows, top.label("top"), *told)
        .outerjoin(torn, torn.c.text_sha256 == rows.c.text_sha256)
        .where(champion.is_not(None), rows.c.unscored_reason.is_(None), ~rows.c.excluded)
        .subquery("judged")
    )


def _torn_texts(models: ActiveModels, only: sa.ColumnElement[bool] | None) -> sa.Subquery[Any]:
    """Texts with a sentence that is surely negative, and one that is surely positive: text_sha256."""
    places, read = i.review_sentences, t.predictions.alias("sentence_reading")
    negative, positive = read.c.p_negative, read.c.p_positive
    wanted: sa.ColumnElement[bool] = sa.true()
    if only is not None:
        wanted = places.c.text_sha256.in_(sa.select(t.reviews.c.text_sha256).where(only))
    return (
        sa.select(places.c.text_sha256)
        .join(read, read.c.text_sha256 == places.c.sentence_sha256)
        .where(read.c.revision == models.champion, sa.or_(negative >= SURE, positive >= SURE), wanted)
        .group_by(places.c.text_sha256)
        .having(sa.func.max(negative) >= SURE, sa.func.max(positive) >= SURE)
        .subquery("torn")
    )


def _sent(rows: sa.Subquery[Any]) -> sa.ColumnElement[bool]:
    return sa.or_(*[rows.c[name] for name in REASONS])


def _usefulness(rows: sa.Subquery[Any]) -> sa.ColumnElement[Any]:
    """How much a decision helps: the doubt of the champion, and a tenth for each further sign."""
    signs = [sa.case((rows.c[name], 0.1), else_=0.0) for name in REASONS]
    doubt: sa.ColumnElement[Any] = 1 - rows.c.top
    for sign in signs:
        doubt = doubt + sign
    return doubt


def fetch_review_queue(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels, *, limit: int = 100
) -> pd.DataFrame:
    """Readings that wait for a person, the most useful first.

    Columns: those of `readings`, top (the champion's highest probability), and unsure, disagree, sarcasm,
    mixed: why it is here.

    Raises:
        NotFound: the viewer may not decide.
    """
    _require_deciding(scope)
    rows = _judged(scope, criteria, models)
    waiting = sa.and_(_sent(rows), ~rows.c.human)
    found = sa.select(rows.c.review_id).where(waiting).order_by(*_most_useful(rows)).limit(limit)
    shown = _judged(scope, criteria, models, numbered(connection.execute(found).scalars()))
    return fetch_frame(connection, sa.select(shown).order_by(*_most_useful(shown)))


def _most_useful(rows: sa.Subquery[Any]) -> list[sa.ColumnElement[Any]]:
    return [_usefulness(rows).desc(), rows.c.review_date.desc().nulls_last(), rows.c.review_id]


def fetch_queue_counts(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    latest: dt.date | None,
) -> dict[str, int]:
    """How much is sent to people.

    Returns:
        waiting (sent and not decided on), sent (in all), decided (of those sent), unsent (readings that
        count without a person), arrived (sent ones that were posted in the `ARRIVAL_DAYS` up to `latest`).

    Raises:
        NotFound: the viewer may not decide.
    """
    _require_deciding(scope)
    rows = _judged(scope, criteria, models)
    sent = _sent(rows)
    recent = sa.false()
    if latest is not None:
        recent = rows.c.review_date > latest - dt.timedelta(days=ARRIVAL_DAYS)
    statement = sa.select(
        tally(rows, sa.and_(sent, ~rows.c.human)).label("waiting"),
        tally(rows, sent).label("sent"),
        tally(rows, sa.and_(sent, rows.c.human)).label("decided"),
        tally(rows, ~sent).label("unsent"),
        tally(rows, sa.and_(sent, recent)).label("arrived"),
    )
    return {name: int(n) for name, n in connection.execute(statement).mappings().one().items()}


def fetch_unsent_answers(
    connection: sa.Connection, scope: Scope, criteria: ReviewFilter, models: ActiveModels
) -> dict[str, int]:
    """How often people found a reading wrong that was not sent to them, in random samples of this champion.

    Returns:
        n (readings drawn at random, not sent, that somebody has answered with a label) and wrong (of those).

    Raises:
        NotFound: the viewer may not decide.
    """
    _require_deciding(scope)
    answer, sampled = counting_answers(), t.sampled_readings
    drawn = sa.select(sampled.c.review_id).where(sampled.c.revision == models.champion)
    rows = _judged(scope, criteria, models, t.reviews.c.review_id.in_(drawn))
    statement = (
        sa.select(
            sa.func.count().label("n"),
            sa.func.coalesce(sa.func.sum(sa.case((answer.c.answer != sampled.c.label, 1), else_=0)), 0).label(
                "wrong"
            ),
        )
        .select_from(sampled)
        .join(answer, answer.c.sampled_id == sampled.c.sampled_id)
        .join(rows, rows.c.review_id == sampled.c.review_id)
        .where(sampled.c.revision == models.champion, answer.c.answer.in_(LABELS), ~_sent(rows))
    )
    return {name: int(n) for name, n in connection.execute(statement).mappings().one().items()}


def _require_deciding(scope: Scope) -> None:
    if not scope.may_decide:
        raise NotFound("The review queue is for managers and analysts.")
