"""Adjudicate: what two annotators left open, how well they agree, likely label errors, files."""

from __future__ import annotations

import streamlit as st

from peachdash.ui.access import open_session
from peachdash.ui.adjudicate_views import (
    AGREEMENT,
    DISAGREEMENTS,
    ERRORS,
    FILES,
    load_pairs,
    render_agreement_view,
    render_disagreements_view,
    render_errors_view,
    render_files_view,
    use_view,
)
from peachdash.ui.empty import stop_if_empty

session = open_session()
stop_if_empty(session, "where two annotators differ")
pairs = load_pairs(session)

head = st.container()
chosen = use_view()
if chosen == DISAGREEMENTS:
    render_disagreements_view(session, pairs, head)
elif chosen == AGREEMENT:
    render_agreement_view(session, pairs, head)
elif chosen == ERRORS:
    render_errors_view(session, head)
elif chosen == FILES:
    render_files_view(session, pairs, head)
