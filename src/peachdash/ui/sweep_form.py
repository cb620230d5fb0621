"""The form of a sweep: which settings, which values or ranges, and the budget."""

from __future__ import annotations

import streamlit as st

from peachdash.errors import PeachdashError
from peachdash.insights import formatting
from peachdash.sentiment.recipes import RECIPES
from peachdash.sentiment.sweep_space import SWEPT, Axis, SweepSpace, parse_axis
from peachdash.ui.access import Session
from peachdash.ui.guard import guard, render_failure
from peachdash.ui.notices import done
from peachdash.ui.training_estimate import render_encoder, render_estimate
from peachdash.workflows.sweeps import request_sweep
from peachdash.workflows.trainings import TrainingRequest, plan_training

NAMES = {
    "learning_rate": "Learning rate",
    "batch_size": "Batch size",
    "epochs": "Epochs",
    "lora_rank": "LoRA rank",
    "replay_share": "Replay share, 0 to 1",
}
USUAL = {
    "tpe": {"learning_rate": "3e-4:2e-3:log", "replay_share": "0.3:0.6"},
    "grid": {"learning_rate": "5e-4, 1e-3, 2e-3", "batch_size": "32, 64"},
}
SAMPLER_WORDS = {"tpe": "Optuna (TPE)", "grid": "Every combination (grid)"}


def render_sweep_form(session: Session, data_set: int, start: str, size: str) -> None:
    """Values or a range for each setting; what is left blank stays as the recipe has it."""
    sampler = st.segmented_control(
        "How",
        list(SAMPLER_WORDS),
        default="tpe",
        format_func=SAMPLER_WORDS.__getitem__,
        key="sweep_sampler",
        required=True,
    )
    st.caption(
        "Values such as 0.001, 0.002; for Optuna also a range such as 0.0003:0.002, with :log where factors "
        "matter rather than differences. What is blank stays as the recipe has it."
    )
    fields = dict(zip(SWEPT, st.columns(len(SWEPT)), strict=True))
    recipe = RECIPES[size].to_dict()
    words = {
        name: place.text_input(
            NAMES[name],
            USUAL[sampler].get(name, ""),
            key=f"sweep_{sampler}_{name}",
            placeholder=f"{recipe[name]:g}",
        )
        for name, place in fields.items()
    }
    left, right = st.columns(2)
    runs = left.number_input("At most so many trainings", 1, 200, 12, key="sweep_runs")
    minutes = right.number_input(
        "At most so many minutes (0: no limit)", min_value=0, value=0, step=30, key="sweep_minutes"
    )
    try:
        axes: dict[str, Axis] = {name: parse_axis(text) for name, text in words.items() if text.strip()}
        space = SweepSpace(axes, sampler, int(runs), float(minutes) or None)
        space.check(RECIPES[size])
        service, base = session.service, TrainingRequest(data_set, start)
        plan = plan_training(service.database, session.scope, service.settings, base)
    except PeachdashError as error:
        render_failure(error, "Nothing was started.")
        st.button("Sweep", type="primary", icon=":material/grid_on:", key="sweep_begin", disabled=True)
        return
    trainings = min(space.cells or space.max_runs, space.max_runs) if sampler == "grid" else space.max_runs
    st.write(f"{formatting.counted(trainings, 'training')} at most, one after the other.")
    render_encoder(plan)
    render_estimate(session, plan, trainings)
    if st.button("Sweep", type="primary", icon=":material/grid_on:", key="sweep_begin"):
        with guard("Nothing was started."):
            request_sweep(service.database, session.scope, service.settings, base, space)
            done("The sweep is queued; its trainings show one after the other.")
