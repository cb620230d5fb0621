"""Settled labels that can be looked at again, and what the last search for label errors found."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.label_pairs import fetch_pairs
from peachdash.queries.readings import fetch_frame, within
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage import schema_training as training
from peachdash.storage.labelling import SECOND_LOOK, adjudicated
from peachdash.storage.standing import stands

SHIPPED, AGREED, ADJUDICATED = "shipped", "agreed", "adjudicated"
HELD_OUT = ("validation", "test")
COLUMNS = ["review_id", "title", "text", "text_sha256", "label", "slices", "origin"]


def fetch_settled(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Labels that can be checked, one row for each review, by review number.

    Columns: review_id, title, text, text_sha256, label, slices (list), origin (shipped, agreed or
    adjudicated; adjudicated too where it was looked at again), looked_again (whether it was).

    These are the labels of the shipped training split and of reviews that were settled here. Held-out ones
    are left out, with all that say the same: their labels follow from reading only, never from what a model
    makes of them.

    Raises:
        NotFound: the viewer may not label.
    """
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
    shipped, here = _fetch_shipped(connection, scope), _settled_here(fetch_pairs(connection, scope))
    rows = pd.concat([shipped, here], ignore_index=True).drop_duplicates("review_id", keep="last")
    rows = rows[~rows["text_sha256"].isin(_held_out_texts(connection))].set_index("review_id")
    again = _fetch_second_looks(connection).set_index("review_id")
    again = again[again.index.isin(rows.index)]
    for name in ("label", "slices"):
        rows.loc[again.index, name] = again[name]
    rows.loc[again.index, "origin"] = ADJUDICATED
    rows = rows.assign(looked_again=rows.index.isin(again.index))
    return rows.sort_index().reset_index()


def _fetch_shipped(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    gold = t.gold_labels
    demo = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    names = ("review_id", "title", "text", "text_sha256")
    statement = (
        sa.select(*[t.reviews.c[name] for name in names], gold.c.label, gold.c.slices)
        .join(gold, gold.c.review_key == t.reviews.c.platform_id)
        .where(
            gold.c.split.not_in(HELD_OUT),
            t.reviews.c.import_id.in_(demo),
            within(scope, t.reviews.c.business_id),
            stands(),
        )
        .order_by(t.reviews.c.review_id)
    )
    return fetch_frame(connection, statement).assign(origin=SHIPPED)


def _settled_here(pairs: pd.DataFrame) -> pd.DataFrame:
    """The label of each pair that is settled, in the columns of `fetch_settled`."""
    rows: list[dict[str, Any]] = []
    for pair in pairs.to_dict("records"):
        agreed = pair["label_a"] == pair["label_b"] and not (pair["unsure_a"] or pair["unsure_b"])
        if isinstance(pair["ruled_label"], str):
            told = {"label": pair["ruled_label"], "slices": pair["ruled_slices"], "origin": ADJUDICATED}
        elif agreed:
            slices = sorted({*pair["slices_a"], *pair["slices_b"]})
            told = {"label": pair["label_a"], "slices": slices, "origin": AGREED}
        else:
            continue
        rows.append({**{name: pair[name] for name in COLUMNS[:4]}, **told})
    return pd.DataFrame(rows, columns=COLUMNS)


def _fetch_second_looks(connection: sa.Connection) -> pd.DataFrame:
    ruling = adjudicated()
    statement = sa.select(ruling.c.review_id, ruling.c.label, ruling.c.slices)
    return fetch_frame(connection, statement.where(ruling.c.task_id == SECOND_LOOK))


def _held_out_texts(connection: sa.Connection) -> set[str]:
    """Texts of validation and test reviews, of the shipped corpus and of data sets."""
    demo = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    keys = sa.select(t.gold_labels.c.review_key).where(t.gold_labels.c.split.in_(HELD_OUT))
    shipped = sa.select(t.reviews.c.text_sha256).where(
        t.reviews.c.platform_id.in_(keys), t.reviews.c.import_id.in_(demo)
    )
    frozen = training.data_set_reviews
    others = sa.select(frozen.c.text_sha256).where(frozen.c.split.in_(HELD_OUT))
    return set(connection.execute(sa.union(shipped, others)).scalars())


def fetch_last_check(connection: sa.Connection, scope: Scope) -> dict[str, Any] | None:
    """The last search for label errors, as a row of `label_checks`; None where there was none.

    Raises:
        NotFound: the viewer may not label.
    """
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
    table = s.label_checks
    statement = sa.select(table).order_by(table.c.check_id.desc()).limit(1)
    row = connection.execute(statement).mappings().one_or_none()
    return dict(row) if row is not None else None


def fetch_suspects(connection: sa.Connection, scope: Scope, check_id: str) -> pd.DataFrame:
    """The likely label errors of a search, the likeliest first: review_id, label (as it was checked),
    p_negative, p_neutral, p_positive (by a classifier that had not learned the review), quality.

    Raises:
        NotFound: the viewer may not label.
    """
    if not scope.may_label:
        raise NotFound("Labels are for analysts.")
    table = s.checked_labels
    names = ("review_id", "label", "p_negative", "p_neutral", "p_positive", "quality")
    statement = (
        sa.select(*[table.c[name] for name in names])
        .where(table.c.check_id == check_id, table.c.suspected)
        .order_by(table.c.quality, table.c.review_id)
    )
    return fetch_frame(connection, statement)
