"""What a data set version is made of: shipped gold labels, single decisions, and the splits of before."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import EXCLUDING_VERDICTS, LABELS, Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training
from peachdash.storage.feedback import latest_decisions
from peachdash.storage.labelled_reports import LABELLED
from peachdash.storage.standing import scored

_REVIEW = ("review_id", "business_id", "source", "title", "text", "text_sha256")


def fetch_gold_reviews(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """The shipped labelled reviews that are stored and stand, by review key.

    Columns: review_key, review_id, business_id, source, title, text, text_sha256, split, label, slices (list
    of str), adjudicated.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_analyst(scope)
    gold = t.gold_labels
    shipped = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    names = ("review_key", "split", "label", "slices", "adjudicated")
    statement = (
        sa.select(*[gold.c[name] for name in names], *[t.reviews.c[name] for name in _REVIEW])
        .join(t.reviews, t.reviews.c.platform_id == gold.c.review_key)
        .where(
            t.reviews.c.import_id.in_(shipped),
            within(scope, t.reviews.c.business_id),
            not_retracted(),
        )
        .order_by(gold.c.review_key)
    )
    return fetch_frame(connection, statement)


def fetch_single_decisions(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Reviews whose standing decision is a label, from feedback or the queue, by review number.

    What labelling decided is left out: it comes with the labels of both annotators.

    Reviews that models do not read (without text, in another language) are left out.

    Columns: review_id, business_id, source, title, text, text_sha256, label, label_origin (correction, report
    or queue), decided_utc.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_analyst(scope)
    decision = latest_decisions()
    statement = (
        sa.select(
            *[t.reviews.c[name] for name in _REVIEW],
            decision.c.verdict.label("label"),
            decision.c.origin.label("label_origin"),
            decision.c.decided_utc,
        )
        .join(t.reviews, t.reviews.c.review_id == decision.c.review_id)
        .where(
            decision.c.verdict.in_(LABELS),
            decision.c.origin != LABELLED,
            within(scope, t.reviews.c.business_id),
            not_retracted(),
            scored(),
        )
        .order_by(t.reviews.c.review_id)
    )
    return fetch_frame(connection, statement)


def fetch_excluded_reviews(connection: sa.Connection, scope: Scope) -> list[int]:
    """Numbers of the reviews that people took out of all counts: spam, not about the business, duplicates.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_analyst(scope)
    decision = latest_decisions()
    statement = (
        sa.select(t.reviews.c.review_id)
        .join(decision, decision.c.review_id == t.reviews.c.review_id)
        .where(decision.c.verdict.in_(EXCLUDING_VERDICTS), within(scope, t.reviews.c.business_id))
        .order_by(t.reviews.c.review_id)
    )
    return [int(number) for number in connection.execute(statement).scalars()]


def fetch_earlier_splits(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Every text that an earlier data set version holds, with its split there; distinct rows.

    Columns: text_sha256, text (the scored one), split.

    Raises:
        NotFound: the viewer may not label.
    """
    _require_analyst(scope)
    table = training.data_set_reviews
    columns = [table.c.text_sha256, table.c.text, table.c.split]
    statement = sa.select(*columns).where(within(scope, table.c.business_id)).distinct().order_by(*columns)
    return fetch_frame(connection, statement)


def _require_analyst(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
