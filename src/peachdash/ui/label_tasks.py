"""All labelling tasks: how far each is, closing one and opening it again."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.storage.labelling import IMPORTED
from peachdash.ui.access import renew_session
from peachdash.ui.formatting import moment, plain
from peachdash.ui.guard import guard
from peachdash.ui.label_desk import Desk
from peachdash.ui.label_words import POOL_WORDS
from peachdash.ui.notices import leave_notice
from peachdash.workflows.labelling import set_task_open


def render_tasks(desk: Desk) -> None:
    """The table of tasks, and below it the way to close one."""
    if desk.tasks.empty:
        return
    st.subheader("All labelling tasks", anchor=False)
    st.dataframe(
        _table(desk.tasks),
        hide_index=True,
        key="label_tasks",
        alt="Labelling tasks with pool, annotators and how far each is",
        column_config={"Task": st.column_config.TextColumn("Task", width=220)},
    )
    _render_closing(desk.tasks[desk.tasks["pool"] != IMPORTED])


def _table(tasks: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(tasks["names"], tasks["labelled"], strict=True)
    return pd.DataFrame(
        {
            "Task": list(tasks["name"]),
            "Labelled": [
                ", ".join(f"{name} {formatting.count(n)}" for name, n in zip(names, counts, strict=True))
                for names, counts in pairs
            ],
            "Reviews": list(tasks["reviews"]),
            "State": ["open" if is_open else "closed" for is_open in tasks["open"]],
            "Pool": [POOL_WORDS.get(pool, pool) for pool in tasks["pool"]],
            "Made": [
                f"{moment(utc)} by {who}"
                for utc, who in zip(tasks["made_utc"], tasks["made_by"], strict=True)
            ],
        }
    )


def _render_closing(tasks: pd.DataFrame) -> None:
    if tasks.empty:
        return
    rows = tasks.set_index("task_id")
    with st.popover("Close or reopen a task", icon=":material/lock:"):
        task_id = st.selectbox(
            "Task",
            list(rows.index),
            format_func=lambda key: str(rows.loc[key, "name"]),
            key="close_task_choice",
        )
        is_open = bool(rows.loc[task_id, "open"])
        st.caption(
            "A closed task takes no more labels. What both have labelled stays, and can be adjudicated."
            if is_open
            else "This task is closed. Opened again, it goes on where it was left."
        )
        st.button(
            "Close the task" if is_open else "Open the task again", key="close_task",
            on_click=_set_open, args=(task_id, not is_open, str(rows.loc[task_id, "name"])),
        )  # fmt: skip


def _set_open(task_id: str, is_open: bool, name: str) -> None:
    with guard():
        session = renew_session()
        change = partial(set_task_open, session.service.database, session.scope, task_id)
        change(is_open)
        words = "open again" if is_open else "closed"
        leave_notice(f"“{plain(name, 80)}” is {words}.", partial(change, not is_open))
