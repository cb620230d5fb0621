"""Reviews that people have labelled, to show beside one that a model has read."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import fetch_frame, not_retracted, within
from peachdash.records import EXCLUDING_VERDICTS, LABELS, Scope
from peachdash.storage import schema as t
from peachdash.storage.feedback import latest_decisions


def fetch_labelled_reviews(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Every review in scope with a label by people, one row for each text, by review number.

    Columns: review_id, business, text_sha256, title, text, review_date, date_precision, label (the decision
    that stands, else the gold label). Reviews that people left out of all counts are not among them.
    """
    decision, gold = latest_decisions(), t.gold_labels
    demo = sa.select(t.imports.c.import_id).where(t.imports.c.origin == "demo")
    decided = sa.case((decision.c.verdict.in_(LABELS), decision.c.verdict), else_=None)
    known = sa.case((t.reviews.c.import_id.in_(demo), gold.c.label), else_=None)
    label = sa.func.coalesce(decided, known)
    names = ("text_sha256", "title", "text", "review_date", "date_precision")
    statement = (
        sa.select(
            t.reviews.c.review_id,
            t.businesses.c.name.label("business"),
            *[t.reviews.c[name] for name in names],
            label.label("label"),
        )
        .join(t.businesses, t.businesses.c.business_id == t.reviews.c.business_id)
        .outerjoin(decision, decision.c.review_id == t.reviews.c.review_id)
        .outerjoin(gold, gold.c.review_key == t.reviews.c.platform_id)
        .where(
            within(scope, t.reviews.c.business_id),
            not_retracted(),
            label.is_not(None),
            sa.func.coalesce(decision.c.verdict, "").not_in(EXCLUDING_VERDICTS),
            t.reviews.c.text != "",
        )
        .order_by(t.reviews.c.review_id)
    )
    return fetch_frame(connection, statement).drop_duplicates("text_sha256", ignore_index=True)
