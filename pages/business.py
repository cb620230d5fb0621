"""Business: the course of one business (or of all in the filter), and its reviews."""

from __future__ import annotations

from peachdash.insights.overview import overview_sentence
from peachdash.ui.access import open_session
from peachdash.ui.business_charts import render_splits, render_trend
from peachdash.ui.data import business_summary, window_totals
from peachdash.ui.empty import render_nothing_matches, stop_if_empty
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import render_filter_line, render_headline, render_key_figures, totals_figures
from peachdash.ui.made_by import render_earlier, use_revision
from peachdash.ui.progress import render_scoring_progress
from peachdash.ui.review_table import render_review_table

session = open_session()
stop_if_empty(session, "the course of a business and its reviews")
view = use_filters(session)
now, session = session, use_revision(session)

summary = business_summary(session, view.criteria, view.previous, pooled=view.pooled_name)
totals = window_totals(session, view.criteria, view.previous)

render_headline(overview_sentence(summary, view.previous_words))
render_filter_line(view, totals["reviews"], is_demo=bool(summary["is_demo"].any()))
render_earlier(now, session, view.criteria)
render_scoring_progress(session, totals["waiting"])
render_key_figures(totals_figures(totals))
if totals["reviews"]:
    render_trend(session, view.criteria)
    render_splits(session, view.criteria)
    render_review_table(session, view.criteria)
else:
    render_nothing_matches(session)
