"""A review as people read it: where it stands, and its words, untouched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.ui.formatting import plain, preview, review_date, stars_words

NO_TEXT = "(stars only, no text)"


def render_facts(review: Mapping[str, Any], *, number: bool = True, business: bool = True) -> None:
    """Business, stars, date, source, and the review's number for those who look it up."""
    stars = [] if formatting.is_missing(review["stars"]) else [stars_words(review["stars"])]
    day = review_date(review["review_date"], review["date_precision"])
    facts = [*stars, day, review["source"], *([f"review {review['review_id']}"] if number else [])]
    with st.container(gap=None):
        if business:
            st.markdown(f"**{plain(review['business'])}**")
        st.caption(" · ".join(map(plain, facts)))


def render_words(review: Mapping[str, Any]) -> None:
    """Title and text of a review in a frame, letter by letter."""
    with st.container(border=True):
        if review["title"]:
            st.text(review["title"], width="stretch")
        st.text(review["text"] or NO_TEXT, width="stretch")


def render_twins(twins: pd.DataFrame) -> None:
    """The other reviews of the business that say the same or nearly the same."""
    if twins.empty:
        return
    words = f"Possible duplicate or campaign: {formatting.counted(len(twins), 'other review')} like it"
    with st.expander(words, icon=":material/content_copy:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Review": [preview(*pair) for pair in zip(twins["title"], twins["text"], strict=True)],
                    "Same words": [formatting.percent(share) for share in twins["similarity"]],
                    "Date": [
                        review_date(*pair)
                        for pair in zip(twins["review_date"], twins["date_precision"], strict=True)
                    ],
                    "Number": twins["review_id"],
                }
            ),
            hide_index=True,
            alt="Reviews with nearly the same text",
        )
