"""The held-out reviews that the two models read differently, with who was right."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts import BAND_COLOURS
from peachdash.evaluation import Comparison
from peachdash.insights import formatting
from peachdash.records import LABELS, ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.click_table import render_click_table
from peachdash.ui.data import CHAMPION, GENERIC, chosen_businesses
from peachdash.ui.formatting import preview
from peachdash.ui.review_actions import open_labelled

PAIR = (GENERIC, CHAMPION)
"""What the two models are called, first and second of the comparison."""


def right_words(names: tuple[str, str] = PAIR) -> dict[str, str]:
    """Who was right, in words."""
    return {"a": f"{names[0]} right", "b": f"{names[1]} right", "neither": "neither right"}


def differing_reviews(comparison: Comparison, readings: pd.DataFrame) -> pd.DataFrame:
    """The reviews on which the models differ, with text and business.

    Args:
        comparison: the fine-tuned model (b) against the generic one (a).
        readings: labelled reviews that the viewer may see, from `fetch_labelled`.

    Returns:
        The columns of `Comparison.disagreement_frame`, and business, title, text, review_date, slices;
        in the order of `readings`.
    """
    shown = readings[["review_id", "business", "title", "text", "review_date", "slices"]]
    return shown.merge(comparison.disagreement_frame(), on="review_id")


def matching_reviews(
    differing: pd.DataFrame,
    businesses: set[str],
    since: dt.date | None,
    until: dt.date | None,
    search: str = "",
    right: str | None = None,
    kind: str | None = None,
) -> pd.DataFrame:
    """The rows of some businesses and dates that hold all words of the search, in any case."""
    keep = differing["business_id"].isin(businesses)
    days = pd.to_datetime(differing["review_date"])
    if since is not None:
        keep &= days >= pd.Timestamp(since)
    if until is not None:
        keep &= days <= pd.Timestamp(until)
    texts = (differing["title"].fillna("") + " " + differing["text"].fillna("")).str.casefold()
    for word in search.casefold().split():
        keep &= texts.str.contains(word, regex=False)
    if right is not None:
        keep &= differing["right"] == right
    if kind is not None:
        keep &= differing["slices"].map(lambda slices: kind in (slices or ())).astype(bool)
    return differing[keep]


def differing_rows(differing: pd.DataFrame, names: tuple[str, str] = PAIR) -> pd.DataFrame:
    """What the table shows."""
    words = right_words(names)
    return pd.DataFrame(
        {
            "Review": [preview(*pair) for pair in zip(differing["title"], differing["text"], strict=True)],
            "Labelled": [[label] for label in differing["gold"]],
            names[0]: [[label] for label in differing["label_a"]],
            names[1]: [[label] for label in differing["label_b"]],
            "Right": [words[right] for right in differing["right"]],
            "Business": list(differing["business"]),
        }
    )


def render_differing(
    session: Session, differing: pd.DataFrame, criteria: ReviewFilter, names: tuple[str, str] = PAIR
) -> None:
    """Search and choices, then the reviews; a click opens one. `names` are what the models are called."""
    words = right_words(names)
    st.subheader("Where the two differ", anchor=False)
    kinds = sorted({kind for slices in differing["slices"] for kind in slices or ()})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search these reviews",
            key="differ_search",
            type="search",
            bind="query-params",
            max_chars=200,
            width=440,
        )
        right = st.selectbox(
            "Who was right",
            list(words),
            index=None,
            format_func=words.__getitem__,
            placeholder="Any",
            key="right",
            bind="query-params",
            width=200,
        )
        kind = st.selectbox(
            "Kind of review",
            kinds,
            index=None,
            format_func=lambda name: name.replace("_", " "),
            placeholder="Any",
            key="kind",
            bind="query-params",
            width=200,
        )
    mine = set(chosen_businesses(session, criteria)["business_id"])
    rows = matching_reviews(differing, mine, criteria.since, criteria.until, search or "", right, kind)
    st.caption(
        f"{formatting.count(len(rows))} of {formatting.counted(len(differing), 'review')} "
        "that the models read differently match. Click a review to open it."
    )
    if rows.empty:
        return
    keys = [str(key) for key in rows["review_id"]]
    render_click_table(
        differing_rows(rows, names),
        "differing_table",
        opened=lambda row: open_labelled(session, keys[row]),
        ticks=False,
        columns=_column_config(names),
        alt="Reviews that the two models read differently",
        most_rows=10,
    )


def _column_config(names: tuple[str, str]) -> dict[str, Any]:
    column = st.column_config
    colours = [BAND_COLOURS[label] for label in LABELS]

    def labels(name: str, meaning: str) -> Any:
        return column.MultiselectColumn(name, width=105, options=LABELS, color=colours, help=meaning)

    return {
        "Review": column.TextColumn("Review", width=350),
        "Labelled": labels("Labelled", "The gold label of the review."),
        **{name: labels(name.capitalize(), f"What the {name} model reads.") for name in names},
        "Right": column.TextColumn("Right", width=115),
    }
