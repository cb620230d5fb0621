"""What the generic model would have put before a manager without need."""

from __future__ import annotations

import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.complaints import fetch_wrongly_flagged
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.click_table import render_click_table
from peachdash.ui.data import CHAMPION, GENERIC, ask
from peachdash.ui.formatting import preview, reading_words, review_date
from peachdash.ui.review_actions import open_review

MOST = 200


def render_wrongly_flagged(session: Session, criteria: ReviewFilter) -> None:
    """Reviews that the generic model takes for complaints and that count as neutral or positive."""
    found = ask(session, fetch_wrongly_flagged, criteria, session.models, limit=MOST)
    more = " or more" if len(found) == MOST else ""
    words = f"Flagged wrongly by the generic model: {formatting.counted(len(found), 'review')}{more}"
    with st.expander(words, icon=":material/compare_arrows:"):
        if found.empty:
            st.caption("No review of the filter is flagged by the generic model without need.")
            return
        st.caption("The generic model is sure that these complain; they count as neutral or positive.")
        numbers = [int(number) for number in found["review_id"]]
        rows = found.assign(
            Review=[preview(row["title"], row["text"]) for _, row in found.iterrows()],
            generic=[reading_words(row["generic_label"], row, "generic") for _, row in found.iterrows()],
            champion=[reading_words(row["champion_label"], row, "champion") for _, row in found.iterrows()],
            Posted=[review_date(row["review_date"], row["date_precision"]) for _, row in found.iterrows()],
        ).rename(columns={"generic": GENERIC, "champion": CHAMPION, "business": "Business"})
        render_click_table(
            rows[["Review", GENERIC, CHAMPION, "Posted", "Business"]],
            "wrongly_flagged",
            opened=lambda row: open_review(numbers[row]),
            ticks=False,
            columns={"Review": st.column_config.TextColumn("Review", width=380)},
            alt="Reviews that the generic model takes for complaints without need",
            most_rows=10,
        )
