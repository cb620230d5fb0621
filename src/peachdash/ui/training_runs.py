"""Trainings on the page: the one that runs with its curves, those that wait, and all that ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts.training import loss_chart, macro_f1_chart
from peachdash.insights import formatting
from peachdash.jobs import training
from peachdash.jobs.training_state import INTERRUPTED, RUNNING, WAITING, TrainingState, describe_training
from peachdash.queries.data_sets import fetch_training_runs
from peachdash.ui.access import Session, renew_session
from peachdash.ui.formatting import person, plain
from peachdash.ui.guard import guard
from peachdash.ui.notices import done
from peachdash.ui.training_words import STATE_ICONS, long_time, short_settings

POLL_SECONDS = 2.0
_TABLE = "training_runs"
MACRO_F1 = "On validation: of the calibrated model where there is one, else of the best epoch."


def load_states(session: Session) -> list[TrainingState]:
    """How every training stands now, the newest first; read anew each time."""
    with session.service.database.read() as connection:
        rows = fetch_training_runs(connection, session.scope)
    return [describe_training(session.service.settings, row) for row in rows.to_dict("records")]


def trainings_sentence(states: Sequence[TrainingState]) -> str:
    """What is trained now, else what came of the last training."""
    running = [state for state in states if state.state == RUNNING]
    waiting = sum(state.state in (WAITING, INTERRUPTED) for state in states)
    tail = f"; {formatting.count(waiting)} waiting" if waiting else ""
    if running:
        return f"A {running[0].size} model is being trained on data set {running[0].data_set}{tail}."
    if waiting:
        return f"{formatting.counted(waiting, 'training')} waiting to begin."
    ended = [state for state in states if state.state == "done"]
    if not ended:
        return "No model was trained here yet."
    best = max(ended, key=lambda state: state.figures.get("macro_f1", 0.0))
    return (
        f"{formatting.counted(len(ended), 'model')} trained here; {best.revision} reads validation best, "
        f"with macro F1 {best.figures['macro_f1']:.2f} (n = {formatting.count(best.figures['n'])})."
    )


def render_active(session: Session, states: Sequence[TrainingState]) -> None:
    """What runs and waits, moving by itself; nothing where nothing does."""
    shown = [(state.run_id, state.state) for state in states if state.is_active]
    if shown:
        st.fragment(_poll, run_every=POLL_SECONDS)(shown)


def _poll(shown: list[tuple[str, str]]) -> None:
    """The trainings under way; the page runs again when one begins or ends."""
    with guard():
        session = renew_session()
        active = [state for state in load_states(session) if state.is_active]
        if sorted((state.run_id, state.state) for state in active) != sorted(shown):
            st.rerun()
        for state in sorted(active, key=lambda state: (state.state != RUNNING, state.run_id)):
            _render_one(session, state)


def _render_one(session: Session, state: TrainingState) -> None:
    with st.container(border=True, key=f"training_{state.run_id}"):
        icon = STATE_ICONS[state.state]
        st.markdown(f"{icon} **{_heading(state)}** · {plain(short_settings(state))}")
        if state.note:
            st.caption(plain(state.note))
        if state.steps:
            share = min(state.step / state.steps, 1.0)
            st.progress(share, text=progress_words(state))
        elif state.state == RUNNING:
            st.progress(0.0, text=f"{(state.stage or 'starting').capitalize()} …")
        render_course(state)
        if st.button("Cancel", icon=":material/cancel:", key=f"cancel_{state.run_id}"):
            training.cancel(session.service.database, session.scope, session.service.settings, state.run_id)
            st.toast("It stops after its next steps.")


def _heading(state: TrainingState) -> str:
    words = {
        RUNNING: f"Training on data set {state.data_set}",
        WAITING: f"Waiting: data set {state.data_set}",
        INTERRUPTED: f"Interrupted, goes on by itself: data set {state.data_set}",
    }
    return words[state.state]


def progress_words(state: TrainingState) -> str:
    """ "Step 412 of 2,712, 3 minutes so far, 17 minutes left"."""
    words = [f"Step {formatting.count(state.step)} of {formatting.count(state.steps)}"]
    words.append(f"{long_time(state.seconds)} so far")
    if state.seconds_left is not None:
        words.append(f"{long_time(state.seconds_left)} left")
    return ", ".join(words)


def render_course(state: TrainingState) -> None:
    """Both charts, and in words how it goes."""
    if state.words:
        say = st.warning if "overfits" in state.words or state.state in ("failed", "diverged") else st.write
        say(plain(state.words))
    losses = loss_chart(state.curve, state.history, title="Loss by step", steps=state.steps)
    scores = macro_f1_chart(state.history, title="Macro F1 on validation by epoch")
    left, right = st.columns(2)
    if losses is not None:
        left.altair_chart(losses, key=f"loss_{state.run_id}")
        if state.settings["replay_share"]:
            left.caption(
                "Training loss is that of reviews and general text together, smoothed; it stands higher than "
                "that of validation, and its course is what counts."
            )
    if scores is not None:
        right.altair_chart(scores, key=f"macro_f1_{state.run_id}")
    elif losses is not None and state.is_active:
        right.caption(":material/hourglass: Macro F1 and loss on validation show after the first epoch.")


def render_runs(session: Session, states: Sequence[TrainingState]) -> None:
    """The trainings that ended; a ticked one opens with its curves and all that made it."""
    ended = [state for state in states if not state.is_active]
    if not ended:
        return
    st.subheader("Trainings", anchor=False)
    st.caption("Tick one to see its curves, its settings and what it was made of.")
    chosen: Any = st.dataframe(
        run_rows(ended),
        key=_TABLE,
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        column_config={
            "Macro F1": st.column_config.NumberColumn(format="%.3f", help=MACRO_F1),
            "Note": st.column_config.TextColumn(width=120),
            "Replay": st.column_config.NumberColumn(format="percent", help="Share of general text."),
        },
        placeholder=formatting.MISSING,
        alt="Trainings that ended, the newest first",
    )
    ticked = [row for row in chosen["selection"]["rows"] if row < len(ended)]
    if ticked:
        _render_ended(session, ended[ticked[0]])


def run_rows(states: Sequence[TrainingState]) -> pd.DataFrame:
    """What the table of trainings shows."""
    return pd.DataFrame(
        [
            {
                "State": state.state,
                "Macro F1": state.figures.get("macro_f1", state.best_macro_f1),
                "Model": state.revision or formatting.MISSING,
                "Note": state.note,
                "Data set": state.data_set,
                "Size": state.size,
                "Rate": state.settings["learning_rate"],
                "Batch": state.settings["batch_size"],
                "Epochs": state.settings["epochs"],
                "Rank": state.settings["lora_rank"],
                "Replay": state.settings["replay_share"],
                "Seed": state.settings["seed"],
                "Time": long_time(state.seconds),
                "By": person(state.requested_by),
            }
            for state in states
        ]
    )


def _render_ended(session: Session, state: TrainingState) -> None:
    st.markdown(f"{STATE_ICONS[state.state]} **{plain(state.revision or state.state)}**")
    st.caption(
        f"{plain(short_settings(state))}, seed {state.settings['seed']} · code {plain(state.code_version)} · "
        f"training {plain(state.run_id)}"
    )
    render_course(state)
    with st.expander("Settings and figures on validation", icon=":material/settings:"):
        left, right = st.columns(2)
        left.json(state.settings)
        right.json(state.figures)
    if state.resumable and st.button("Resume", icon=":material/restart_alt:", key=f"resume_{state.run_id}"):
        with guard():
            training.resume(session.service.database, session.scope, session.service.settings, state.run_id)
            done("It goes on from its checkpoint.")
