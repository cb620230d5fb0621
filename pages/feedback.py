"""Feedback: readings that people found wrong, what came of them, and how often readings are right."""

from __future__ import annotations

import streamlit as st

from peachdash.ui.access import open_session
from peachdash.ui.empty import stop_if_empty
from peachdash.ui.feedback_views import (
    LINKS,
    QUEUE,
    REPORTS,
    SAMPLE,
    load_feedback,
    render_feedback_head,
    render_queue_view,
    render_reports_view,
    use_view,
)
from peachdash.ui.filters import use_filters
from peachdash.ui.sample_check import render_sample
from peachdash.ui.share_links import render_links

session = open_session()
stop_if_empty(session, "which readings people found wrong")
view = use_filters(session)
feedback = load_feedback(session, view.criteria)

head = st.container()
chosen = use_view(session)
with head:
    render_feedback_head(session, feedback, chosen)
if chosen == QUEUE:
    render_queue_view(session, feedback)
elif chosen == REPORTS:
    render_reports_view(session, feedback, view)
elif chosen == SAMPLE:
    render_sample(session, feedback.criteria)
elif chosen == LINKS:
    render_links(session)
