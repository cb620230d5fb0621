"""Complaints: what is wrong, since when, what is new or rising, and what still needs an answer."""

from __future__ import annotations

from peachdash.queries.overview import fetch_totals
from peachdash.ui.access import open_session
from peachdash.ui.data import ask, chosen_businesses
from peachdash.ui.empty import render_nothing_matches, stop_if_empty
from peachdash.ui.filters import use_filters
from peachdash.ui.headline import render_filter_line, render_headline, render_key_figures
from peachdash.ui.issue_data import load_issues
from peachdash.ui.issue_detail import render_issue
from peachdash.ui.issue_table import opened_issue, render_issues
from peachdash.ui.issue_words import complaints_headline, issue_figures, place_name, stop_if_unfound
from peachdash.ui.progress import render_scoring_progress
from peachdash.ui.wrongly_flagged import render_wrongly_flagged

session = open_session()
stop_if_empty(session, "what customers complain about")
view = use_filters(session)
totals = ask(session, fetch_totals, view.criteria, session.models)
table = load_issues(session, view.criteria)
businesses = chosen_businesses(session, view.criteria)

issue_id = opened_issue()
render_headline(complaints_headline(table, place_name(businesses, view), issue_id))
render_filter_line(view, totals["reviews"], is_demo=bool(businesses["is_demo"].any()))
render_scoring_progress(session, totals["waiting"])
if issue_id is not None:
    render_issue(session, table, view.criteria, issue_id)
elif not totals["reviews"]:
    render_nothing_matches(session)
else:
    render_key_figures(issue_figures(table, totals))
    stop_if_unfound(session, table, view.criteria)
    render_issues(session, table, view)
    render_wrongly_flagged(session, view.criteria)
