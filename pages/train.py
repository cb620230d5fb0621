"""Train: choose data set, start and settings, see how long it takes, and watch the curves."""

from __future__ import annotations

from peachdash.queries.data_sets import fetch_data_sets, fetch_sweeps
from peachdash.ui.access import open_session
from peachdash.ui.data import ask
from peachdash.ui.headline import render_headline
from peachdash.ui.sweep_table import render_sweeps
from peachdash.ui.training_form import render_forms
from peachdash.ui.training_runs import load_states, render_active, render_runs, trainings_sentence
from peachdash.ui.training_words import stop_without_data_set

session = open_session()
data_sets = ask(session, fetch_data_sets)
states = load_states(session)
stop_without_data_set(data_sets, states)

render_headline(trainings_sentence(states))
render_active(session, states)
render_forms(session, data_sets)
render_sweeps(session, ask(session, fetch_sweeps), states)
render_runs(session, states)
