"""Upload: from a file of reviews to readings, and the history of what came in."""

from __future__ import annotations

from peachdash.queries.imports import fetch_imports
from peachdash.queries.overview import fetch_totals
from peachdash.records import ReviewFilter
from peachdash.ui.access import open_session
from peachdash.ui.data import ask
from peachdash.ui.headline import render_headline
from peachdash.ui.progress import render_scoring_progress
from peachdash.ui.upload_files import render_upload
from peachdash.ui.upload_history import history_sentence, render_history, render_inbox, render_profiles
from peachdash.ui.upload_jobs import render_background

session = open_session()
totals = ask(session, fetch_totals, ReviewFilter(), session.models)

render_headline(history_sentence(ask(session, fetch_imports)))
render_scoring_progress(session, totals["waiting"])
render_background(session)
render_inbox(session)
render_upload(session)
render_profiles(session)
render_history(session)
