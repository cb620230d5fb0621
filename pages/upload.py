"""Upload: from a file of reviews to readings, and the history of what came in."""

from __future__ import annotations

from peachdash.queries.imports import fetch_imports
from peachdash.queries.overview import fetch_totals
from peachdash.records import ReviewFilter
from peachdash.ui.access import open_session
from peachdash.ui.data import ask
from peachdash.ui.headline import render_headline
from peachdash.ui.progress import render_scoring_progress
from peachdash.ui.upload_history import history_sentence, render_history, render_inbox
from peachdash.ui.upload_plan import render_upload

session = open_session()
totals = ask(session, fetch_totals, ReviewFilter(), session.models)

render_headline(history_sentence(ask(session, fetch_imports)))
render_scoring_progress(session, totals["waiting"])
render_upload(session)
render_inbox(session)
render_history(session)
