"""Feedback: readings that people found wrong, what came of them, and the way back."""

from __future__ import annotations

import streamlit as st

from peachdash.queries.feedback import fetch_reports
from peachdash.ui.access import open_session
from peachdash.ui.data import ask, chosen_businesses
from peachdash.ui.empty import BUSINESS, stop_if_empty
from peachdash.ui.feedback_table import feedback_sentence, render_feedback_table
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import render_filter_line, render_headline

session = open_session()
stop_if_empty(session, "which readings people found wrong")
view = use_filters(session)
reports = ask(session, fetch_reports, view.criteria)

render_headline(feedback_sentence(reports))
demo = bool(chosen_businesses(session, view.criteria)["is_demo"].any())
render_filter_line(view, reports["review_id"].nunique(), is_demo=demo)
if reports.empty:
    st.write("Open any review, choose what it should count as under “This reading is wrong”, and report it.")
    address = view.filters.to_query()
    st.page_link(
        BUSINESS, label="Look through the reviews", icon=":material/show_chart:", query_params=address
    )
else:
    render_feedback_table(session, reports)
