"""Review queue: readings that the model is unsure of, the most useful first, decided by keyboard."""

from __future__ import annotations

import streamlit as st

from peachdash.insights.queue_worth import queue_sentence
from peachdash.ui.access import open_session
from peachdash.ui.data import chosen_businesses
from peachdash.ui.empty import stop_if_empty
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import render_demo_note, render_headline
from peachdash.ui.issue_words import place_name
from peachdash.ui.review_queue import load_counts, render_review_queue, render_worth

session = open_session()
stop_if_empty(session, "readings that need a person")
view = use_filters(session)
counts = load_counts(session, view.criteria)
businesses = chosen_businesses(session, view.criteria)

render_headline(queue_sentence(counts, place_name(businesses, view)))
st.caption(f"Filter: {view.words}. Keys 1 to 6 decide, n goes on; every decision can be undone.")
if businesses["is_demo"].any():
    render_demo_note()
render_review_queue(session, view.criteria)
render_worth(session, view.criteria, counts)
