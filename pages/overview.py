"""Overview: how every business stands, and what needs a person."""

from __future__ import annotations

from peachdash.insights.overview import overview_sentence
from peachdash.ui.access import open_session
from peachdash.ui.data import business_summary, positive_sparklines, window_totals
from peachdash.ui.empty import render_nothing_matches, stop_if_empty
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import render_filter_line, render_headline, render_key_figures, totals_figures
from peachdash.ui.made_by import render_earlier, use_revision
from peachdash.ui.overview_table import overview_rows, render_overview_table, render_way_to_all
from peachdash.ui.progress import render_scoring_progress

session = open_session()
stop_if_empty(session, "how customers see every business")
view = use_filters(session)
now, session = session, use_revision(session)

summary = business_summary(session, view.criteria, view.previous)
totals = window_totals(session, view.criteria, view.previous)

render_headline(overview_sentence(summary, view.previous_words))
render_filter_line(view, totals["reviews"], is_demo=bool(summary["is_demo"].any()))
render_earlier(now, session, view.criteria)
render_scoring_progress(session, totals["waiting"])
render_key_figures(totals_figures(totals))
if totals["reviews"]:
    lines = positive_sparklines(session, view.criteria, view.previous)
    render_overview_table(session, overview_rows(summary, lines), view.previous_words)
    render_way_to_all(view)
else:
    render_nothing_matches(session)
