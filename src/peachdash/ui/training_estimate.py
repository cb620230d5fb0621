"""How long a training will take, by what was measured on this machine; else the button that measures it."""

from __future__ import annotations

import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs import training
from peachdash.jobs.training_speed import count_own_tokens, count_tokens, find_training_speed
from peachdash.sentiment.encoders import EncoderSpec, find_encoder
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import remember
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.ui.training_words import long_time
from peachdash.workflows.trainings import TrainingPlan

POLL_SECONDS = 1.0


def render_encoder(plan: TrainingPlan) -> None:
    """What an encoder of the hub is, and under which licence; nothing for ours."""
    if plan.hub is not None:
        st.write(f":material/hub: {plain(plan.hub.words)}")


def render_estimate(session: Session, plan: TrainingPlan, trainings: int = 1) -> None:
    """How long it will take by what was measured here; else the button that measures it."""
    settings = session.service.settings
    speed = find_training_speed(settings, plan.encoder)
    if speed is None:
        _render_trial(session, plan)
        return
    key = (plan.data_set["data_set_id"], plan.encoder.key, plan.settings.cut)
    own = remember(
        session,
        "own_tokens",
        lambda: count_own_tokens(settings, plan.encoder, plan.rows, plan.settings),
        *key,
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
        st.fragment(_poll_trial, run_every=POLL_SECONDS)(plan.encoder)
        return
    failed = training.failed_trial(settings, plan)
    if failed:
        st.warning(f"Its speed could not be measured: {plain(failed)}")
    label = "Measure its speed (about 30 seconds)"
    if find_encoder(plan.encoder, settings.encoders) is None:
        label = "Fetch the encoder and measure its speed"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(
            ":material/timer: How long it takes is not known: this machine has trained no such model yet."
        )
        if st.button(label, icon=":material/speed:", key="train_measure"):
            training.ask_trial(settings, plan)
            st.rerun()


def _poll_trial(encoder: EncoderSpec) -> None:
    with guard():
        settings = renew_session().service.settings
        if find_training_speed(settings, encoder) is not None or not training.trial_runs(settings):
            st.rerun()
        st.caption(":material/hourglass: The speed of this machine is being measured …")


def _amount(tokens: float) -> str:
    """ "5.2 million" or "7,300"."""
    return f"{tokens / 1e6:,.1f} million" if tokens >= 1e6 else formatting.count(round(tokens, -2))
