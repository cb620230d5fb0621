"""What trainings are called on the screen, and the page's empty state."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs.training_state import TrainingState
from peachdash.sentiment.hub_encoders import short_hub_name
from peachdash.sentiment.registry import HUB_PREFIX
from peachdash.ui.frame import end_page

STATE_ICONS = {
    "waiting": ":material/schedule:",
    "running": ":material/model_training:",
    "interrupted": ":material/restart_alt:",
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "diverged": ":material/trending_up:",
}
DATA_SETS = "pages/data_sets.py"


def stop_without_data_set(data_sets: pd.DataFrame, states: Sequence[TrainingState]) -> None:
    """End the page with the way to a first data set."""
    if len(data_sets) or states:
        return
    st.title("No data set yet.", anchor=False)
    st.write(
        "Here models are trained on labelled reviews, with their curves while they learn. A training needs a "
        "data set: labels of the moment, frozen under a number."
    )
    if st.button("To the data sets", icon=":material/dataset:", type="primary", key="to_data_sets"):
        st.switch_page(DATA_SETS)
    end_page()


def short_settings(state: TrainingState) -> str:
    """ "small from generic, rate 0.001, batch 32, 8 epochs, rank 16, replay 40%"."""
    chosen = state.settings
    start = f"from {_short(state.start_revision)}" if state.start_revision else "from the bare encoder"
    return (
        f"{state.size} {start}, rate {chosen['learning_rate']:g}, batch {chosen['batch_size']}, "
        f"{formatting.counted(int(chosen['epochs']), 'epoch')}, rank {chosen['lora_rank']}, "
        f"replay {chosen['replay_share']:.0%}"
    )


def _short(start: str) -> str:
    return short_hub_name(start) if start.startswith(HUB_PREFIX) else start


def long_time(seconds: float | None) -> str:
    """ "40 seconds", "12 minutes", "3.5 hours"; a dash where it is not known."""
    if seconds is None:
        return formatting.MISSING
    if seconds < 90:
        return formatting.counted(max(1, round(seconds)), "second")
    if seconds < 5400:
        return formatting.counted(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"
