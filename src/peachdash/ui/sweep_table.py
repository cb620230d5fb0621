"""Sweeps on the page: how far each is, and its trainings, the best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs.training_state import TrainingState
from peachdash.ui.access import Session
from peachdash.ui.formatting import moment, plain
from peachdash.ui.guard import guard
from peachdash.ui.notices import done
from peachdash.ui.training_words import long_time
from peachdash.workflows.sweeps import describe_sweep, end_sweep, read_space


def render_sweeps(session: Session, sweeps: pd.DataFrame, states: Sequence[TrainingState]) -> None:
    """Nothing where there never was one."""
    if sweeps.empty:
        return
    st.subheader("Sweeps", anchor=False)
    for place, sweep_id in enumerate(sweeps["sweep_id"]):
        members = [state for state in states if state.sweep_id == sweep_id]
        state = describe_sweep(session.service.database, session.scope, sweep_id)
        words = sweep_sentence(state.row, members, state.over)
        with st.expander(plain(words), expanded=place == 0, key=f"sweep_{sweep_id}"):
            st.dataframe(
                sweep_rows(state.row, members), hide_index=True, placeholder=formatting.MISSING,
                alt="Trainings of the sweep",
            )  # fmt: skip
            if not state.over and st.button("End", icon=":material/stop:", key=f"sweep_end_{sweep_id}"):
                with guard():
                    end_sweep(session.service.database, session.scope, sweep_id)
                    done("The sweep asks for no further training.")


def sweep_sentence(row: dict[str, Any], members: Sequence[TrainingState], over: str) -> str:
    """ "Sweep of 3 Mar 2026, 14:05: 4 of 12 trainings done, best macro F1 0.81; all 12 runs are done"."""
    ended = [state for state in members if not state.is_active]
    scores = [state.best_macro_f1 for state in ended if state.best_macro_f1 is not None]
    space = read_space(row)
    most = min(space.max_runs, space.cells or space.max_runs) if space.sampler == "grid" else space.max_runs
    best = f", best macro F1 {max(scores):.3f}" if scores else ""
    done_words = f"{formatting.count(len(ended))} of {formatting.counted(most, 'training')} done{best}"
    return f"Sweep of {moment(row['requested_utc'])} UTC: {done_words}" + (f"; {over}" if over else "")


def sweep_rows(row: dict[str, Any], members: Sequence[TrainingState]) -> pd.DataFrame:
    """The swept settings of each training with what came of it, the best first."""
    swept = list(read_space(row).axes)
    rows = [
        {
            "Macro F1": state.best_macro_f1,
            **{name.replace("_", " ").capitalize(): state.settings[name] for name in swept},
            "Epoch": state.figures.get("best_epoch"),
            "Loss": state.figures.get("validation_loss"),
            "Time": long_time(state.seconds),
            "State": state.state,
            "Model": state.revision or formatting.MISSING,
        }
        for state in members
    ]
    frame = pd.DataFrame(rows)
    return frame if frame.empty else frame.sort_values("Macro F1", ascending=False, na_position="last")
