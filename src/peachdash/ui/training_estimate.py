"""How long a training will take, by what was measured on this machine; else the button that measures it."""

from __future__ import annotations

import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs import training
from peachdash.jobs.training_speed import count_own_tokens, count_tokens, find_training_speed
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import remember
from peachdash.ui.guard import guard
from peachdash.ui.training_words import long_time
from peachdash.workflows.trainings import TrainingPlan

POLL_SECONDS = 1.0


def render_estimate(session: Session, plan: TrainingPlan, trainings: int = 1) -> None:
    """How long it will take by what was measured here; else the button that measures it."""
    settings = session.service.settings
    speed = find_training_speed(settings, plan.size)
    if speed is None:
        _render_trial(session, plan)
        return
    key = (plan.data_set["data_set_id"], plan.size, plan.settings.cut)
    own = remember(
        session, "own_tokens", lambda: count_own_tokens(settings, plan.size, plan.rows, plan.settings), *key
    )
    tokens = count_tokens(own, int((plan.rows["split"] == "train").sum()), plan.settings) * trainings
    seconds = tokens / speed.tokens_per_second
    st.write(
        f":material/timer: About {long_time(seconds)}: {_amount(tokens)} tokens at {speed.words}. "
        "The first training from a model also reads the general text once."
    )


def _render_trial(session: Session, plan: TrainingPlan) -> None:
    settings = session.service.settings
    if training.trial_runs(settings):
        st.fragment(_poll_trial, run_every=POLL_SECONDS)(plan.size)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(
            ":material/timer: How long it takes is not known: this machine has trained no such model yet."
        )
        if st.button("Measure its speed (about 30 seconds)", icon=":material/speed:", key="train_measure"):
            training.ask_trial(settings, plan)
            st.rerun()


def _poll_trial(size: str) -> None:
    with guard():
        settings = renew_session().service.settings
        if find_training_speed(settings, size) is not None or not training.trial_runs(settings):
            st.rerun()
        st.caption(":material/hourglass: The speed of this machine is being measured …")


def _amount(tokens: float) -> str:
    """ "5.2 million" or "7,300"."""
    return f"{tokens / 1e6:,.1f} million" if tokens >= 1e6 else formatting.count(round(tokens, -2))
