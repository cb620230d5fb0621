"""Data sets: what a freeze would hold now, the versions so far, and what is odd about them."""

from __future__ import annotations

from peachdash.queries.data_sets import fetch_data_sets
from peachdash.ui.access import open_session
from peachdash.ui.data import ask
from peachdash.ui.data_set_preview import load_preview, render_preview
from peachdash.ui.data_set_versions import render_versions
from peachdash.ui.data_set_words import data_sets_sentence, stop_if_unlabelled_anywhere
from peachdash.ui.headline import render_headline

session = open_session()
versions = ask(session, fetch_data_sets)
preview = load_preview(session)
stop_if_unlabelled_anywhere(versions, preview)

render_headline(data_sets_sentence(versions, preview))
render_preview(session, preview)
render_versions(session, versions)
