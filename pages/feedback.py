"""Feedback: readings that people found wrong, what came of them, and how often readings are right."""

from __future__ import annotations

import streamlit as st

from peachdash.ui.access import open_session
from peachdash.ui.data import chosen_businesses
from peachdash.ui.empty import stop_if_empty
from peachdash.ui.feedback_views import (
    LINKS,
    QUEUE,
    REPORTS,
    SAMPLE,
    load_feedback,
    render_queue_view,
    render_reports_view,
    use_view,
)
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import render_demo_note, render_headline
from peachdash.ui.sample_check import render_sample
from peachdash.ui.share_links import render_links

session = open_session()
stop_if_empty(session, "which readings people found wrong")
view = use_filters(session)
feedback = load_feedback(session, view.criteria)

render_headline(feedback.sentence)
st.caption(feedback.basis)
if chosen_businesses(session, view.criteria)["is_demo"].any():
    render_demo_note()
chosen = use_view(session)
if chosen == QUEUE:
    render_queue_view(session, feedback)
elif chosen == REPORTS:
    render_reports_view(session, feedback, view)
elif chosen == SAMPLE:
    render_sample(session, feedback.criteria)
elif chosen == LINKS:
    render_links(session)
