"""Models: every candidate with what it buys and costs, and the way from one champion to the next and back."""

from __future__ import annotations

import streamlit as st

from peachdash.ui.access import open_session
from peachdash.ui.candidate_data import (
    all_candidates,
    candidate_case,
    candidate_preview,
    chosen_candidate,
    unread_reviews,
)
from peachdash.ui.candidate_measure import render_comparison, render_gates, render_measurement
from peachdash.ui.candidate_preview import render_preview
from peachdash.ui.candidate_promotion import render_history, render_promotion, render_rollback
from peachdash.ui.candidate_table import models_sentence, none_to_choose, render_candidates
from peachdash.ui.headline import render_headline

session = open_session()
candidates = all_candidates(session)

render_headline(models_sentence(candidates))
render_rollback(session)
render_candidates(session, candidates)

st.header("From candidate to champion", anchor=False, divider="grey")
candidate = chosen_candidate(candidates)
if candidate is None:
    st.info(none_to_choose(candidates), icon=":material/model_training:")
else:
    with st.skeleton(height=300):
        case = candidate_case(session, candidate)
    render_measurement(session, candidate, case)
    if case.is_measured:
        render_gates(case.gates)
        render_comparison(session, case)
    preview = candidate_preview(session, candidate)
    complete = render_preview(session, candidate, preview, unread_reviews(session, candidate))
    render_promotion(session, candidate, case.gates, complete=complete)

render_history(session)
