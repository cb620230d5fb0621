"""Before and after: what fine-tuning bought, on labelled reviews that no model has learned from."""

from __future__ import annotations

import streamlit as st

from peachdash.queries.held_out import count_labelled
from peachdash.queries.overview import fetch_totals
from peachdash.records import ReviewFilter
from peachdash.ui.access import open_session
from peachdash.ui.data import CHAMPION, GENERIC, ask, held_out_results
from peachdash.ui.differing_table import differing_reviews, render_differing
from peachdash.ui.empty import stop_if_unlabelled
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import DEMO_FIGURES, render_demo_note, render_headline
from peachdash.ui.model_proof import (
    render_costs,
    render_learning_curve,
    render_real_sets,
    render_risk_coverage,
)
from peachdash.ui.model_scores import (
    basis_words,
    headline,
    render_confusion,
    render_peachy,
    render_scores,
    render_slices,
    render_test,
)
from peachdash.ui.progress import render_scoring_progress

session = open_session()
stop_if_unlabelled(session, ask(session, count_labelled))
view = use_filters(session, source=False)
everything = ask(session, fetch_totals, ReviewFilter(), session.models)
render_scoring_progress(session, everything["waiting"])

with st.skeleton(height=400):
    generic, champion, comparison = held_out_results(session)

figures = {GENERIC: generic.evaluation, CHAMPION: champion.evaluation}
render_headline(headline(generic.evaluation, champion.evaluation, comparison))
st.caption(basis_words(comparison))
if champion.readings["business_id"].isin(view.demo_businesses).any():
    render_demo_note(DEMO_FIGURES)
render_peachy(figures)
render_scores(figures)
render_test(comparison)
render_confusion(figures)
render_slices(figures)
render_risk_coverage(figures)
render_learning_curve(session)
render_real_sets(session)
render_costs(session)
render_differing(session, differing_reviews(comparison, champion.readings), view.criteria)
