"""From which reviews a labelling task can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, tally, within
from peachdash.records import EXCLUDING_VERDICTS, LABELS, ActiveModels, Outcome, Pool, Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage import schema_training as training
from peachdash.storage.feedback import latest_decisions, latest_outcomes
from peachdash.storage.standing import scored, stands


def fetch_candidates(
    connection: sa.Connection, scope: Scope, models: ActiveModels, pool: Pool, words: Sequence[str] = ()
) -> pd.DataFrame:
    """The reviews of a pool, one for each text: review_id, text_sha256.

    In the order of their numbers, or where the pool is the least certain one by the champion's top
    probability, lowest first. Reviews that are labelled or being labelled are in no pool; nor are those
    that are not read, were left out of all counts, or say the same as one that is labelled.

    Args:
        connection: to read from.
        scope: who asks.
        models: whose champion is meant by "least certain".
        pool: which one.
        words: of which a review has one or more, in any case, as parts of words too; for `Pool.WORDS`.

    Raises:
        NotFound: the viewer may not label.
    """
    rows = _open_reviews(scope, models)
    order = rows.c.top if pool is Pool.LEAST_CERTAIN else rows.c.review_id
    statement = (
        sa.select(rows.c.review_id, rows.c.text_sha256)
        .where(_in_pool(rows, pool, words))
        .order_by(order, rows.c.review_id)
    )
    return fetch_frame(connection, statement)


def count_pools(
    connection: sa.Connection, scope: Scope, models: ActiveModels, words: Sequence[str] = ()
) -> dict[str, int]:
    """How many reviews each pool holds, by the values of `Pool`; see `fetch_candidates`.

    Raises:
        NotFound: the viewer may not label.
    """
    rows = _open_reviews(scope, models)
    counts = [tally(rows, _in_pool(rows, pool, words)).label(pool.name) for pool in Pool]
    found = connection.execute(sa.select(*counts)).mappings().one()
    return {pool.value: int(found[pool.name]) for pool in Pool}


def _open_reviews(scope: Scope, models: ActiveModels) -> sa.Subquery[Any]:
    """One review for each text that can be labelled, with what pools are made of."""
    if not scope.may_label:
        raise NotFound("Labelling is for analysts.")
    decision, champion = latest_decisions(), _champion(models)
    first = sa.func.row_number().over(partition_by=t.reviews.c.text_sha256, order_by=t.reviews.c.review_id)
    ranked = (
        sa.select(
            t.reviews.c.review_id,
            t.reviews.c.text_sha256,
            t.reviews.c.title,
            t.reviews.c.text,
            t.imports.c.imported_utc,
            champion.c.top,
            first.label("rank"),
        )
        .join(t.imports, t.imports.c.import_id == t.reviews.c.import_id)
        .outerjoin(decision, decision.c.review_id == t.reviews.c.review_id)
        .outerjoin(champion, champion.c.text_sha256 == t.reviews.c.text_sha256)
        .where(
            within(scope, t.reviews.c.business_id),
            stands(),
            scored(),
            sa.func.coalesce(decision.c.verdict, "").not_in(EXCLUDING_VERDICTS),
            t.reviews.c.text_sha256.not_in(_shipped_texts()),
            t.reviews.c.text_sha256.not_in(sa.select(s.labelling_items.c.text_sha256)),
        )
        .subquery()
    )
    return sa.select(ranked).where(ranked.c.rank == 1).subquery("open_review")


def _champion(models: ActiveModels) -> sa.Subquery[Any]:
    read = t.predictions
    top = sa.func.greatest(*[read.c[f"p_{label}"] for label in LABELS]).label("top")
    return sa.select(read.c.text_sha256, top).where(read.c.revision == models.champion).subquery("read")


def _shipped_texts() -> sa.Select[tuple[str]]:
    """Texts that the shipped corpus has labelled."""
    demo = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    return sa.select(t.reviews.c.text_sha256).where(
        t.reviews.c.platform_id.in_(sa.select(t.gold_labels.c.review_key)), t.reviews.c.import_id.in_(demo)
    )


def _in_pool(rows: sa.Subquery[Any], pool: Pool, words: Sequence[str]) -> sa.ColumnElement[bool]:
    learned = _last_training().scalar_subquery()
    conditions: dict[Pool, sa.ColumnElement[bool]] = {
        Pool.UNLABELLED: sa.true(),
        Pool.LEAST_CERTAIN: rows.c.top.is_not(None),
        Pool.WORDS: _mentions(rows, words),
        Pool.REPORTED: rows.c.review_id.in_(_reported()),
        Pool.NEW: sa.or_(learned.is_(None), rows.c.imported_utc > learned),
    }
    return conditions[pool]


def _mentions(rows: sa.Subquery[Any], words: Sequence[str]) -> sa.ColumnElement[bool]:
    places = (rows.c.title, rows.c.text)
    return sa.or_(sa.false(), *[place.icontains(word, autoescape=True) for word in words for place in places])


def _reported() -> sa.Select[tuple[int]]:
    """Reviews with a report that was not withdrawn."""
    outcome = latest_outcomes()
    return (
        sa.select(t.reports.c.review_id)
        .outerjoin(outcome, outcome.c.report_id == t.reports.c.report_id)
        .where(sa.func.coalesce(outcome.c.outcome, "") != Outcome.WITHDRAWN.value)
    )


def _last_training() -> sa.Select[tuple[Any]]:
    """When the newest data set was frozen that a finished training learned from."""
    runs, outcomes, sets = training.training_runs, training.training_outcomes, training.data_sets
    done = sa.select(outcomes.c.run_id).where(outcomes.c.state == "done")
    learned = sa.select(runs.c.data_set_id).where(runs.c.run_id.in_(done))
    return sa.select(sa.func.max(sets.c.made_utc)).where(sets.c.data_set_id.in_(learned))
