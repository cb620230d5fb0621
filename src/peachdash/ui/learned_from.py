"""On a review: which data set versions hold it, and which revisions learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.review_learning import fetch_review_learning
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import plain

_SPLIT_WORDS = {
    "train": "train",
    "validation": "validation, by which settings are chosen",
    "test": "test, kept out of all training",
}


def render_learned(session: Session, review: Mapping[str, Any]) -> None:
    """Where the review went as a labelled one; for those who decide. Of one without a label nothing."""
    if not session.scope.may_decide:
        return
    sets = ask(session, fetch_review_learning, int(review["review_id"]))
    lines = [learned_words(row) for row in sets.to_dict("records")]
    if not lines and review["verdict"] is None:
        return
    st.markdown("**What models learned from it**")
    with st.container(gap="xxsmall"):
        for line in lines or ["It is in no data set yet; the next one that is frozen can take it up."]:
            st.caption(line)


def learned_words(row: Mapping[Any, Any]) -> str:
    """One data set that holds the review, and who learned from it, as Markdown."""
    number = row["number"]
    where = "the shipped labels" if formatting.is_missing(number) else f"data set {int(number)}"
    when = "" if formatting.is_missing(row["made_utc"]) else f", frozen {formatting.date(row['made_utc'])}"
    split = _SPLIT_WORDS.get(str(row["split"]), str(row["split"]))
    origin = str(row["label_origin"]).replace("_", " ")
    start = f"In {where} ({plain(split)}{when}) as {plain(row['label'])}, {plain(origin)}"
    if row["split"] != "train":
        return f"{start}: no model learned from it there."
    learned = [str(name) for name in row["learned"]]
    if not learned:
        return f"{start}: no model was trained on it yet."
    return f"{start}: {plain(formatting.listing(learned, most=4))} learned from it."
