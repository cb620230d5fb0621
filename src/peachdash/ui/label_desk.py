"""The desk of whoever labels: who they are, which tasks are theirs, and which one lies open."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.labelling import fetch_annotators, fetch_tasks
from peachdash.storage.annotators import looks_like_user_id
from peachdash.ui.access import Session
from peachdash.ui.data import ask

_PERSON, _TASK = "labelling_as", "labelling_task"
NOBODY = "Choose your name"
TURNS = "Nobody signs in on this machine: two people take turns, and whoever labels says who they are."


@dataclass(frozen=True)
class Desk:
    """What the Label page works with.

    Attributes:
        at_machine: whether nobody signs in, and people take turns here under a name.
        people: whom a task can be given to: names by id; empty at the machine.
        annotator: who labels, by id or name; None where nobody said so or may.
        tasks: all tasks, columns of `fetch_tasks`.
        mine: the open ones of the annotator, with mine and left (reviews).
        chosen: the task that lies open; None where there is none.
    """

    at_machine: bool
    people: dict[str, str]
    annotator: str | None
    tasks: pd.DataFrame
    mine: pd.DataFrame
    chosen: str | None

    @property
    def task(self) -> pd.Series:
        """The row of the task that lies open."""
        row: pd.Series = self.mine[self.mine["task_id"] == self.chosen].iloc[0]
        return row


def open_desk(session: Session) -> Desk:
    """The desk of the viewer, or at the machine of whoever was chosen there."""
    who, tasks = ask(session, fetch_annotators), ask(session, fetch_tasks)
    at_machine = bool(who["at_machine"])
    annotator = st.session_state.get(_PERSON) if at_machine else who["own"]
    known = {one for both in tasks["annotators"] for one in both}
    annotator = str(annotator) if annotator in known else None
    mine = own_tasks(tasks, annotator)
    wanted, own = st.session_state.get(_TASK), list(mine["task_id"])
    waiting = list(mine.loc[mine["left"] > 0, "task_id"])
    first = next(iter([*waiting[::-1], *own]), None)
    people: dict[str, str] = who["people"]  # type: ignore[assignment]
    return Desk(at_machine, people, annotator, tasks, mine, wanted if wanted in own else first)


def own_tasks(tasks: pd.DataFrame, annotator: str | None) -> pd.DataFrame:
    """The open tasks of an annotator, with mine (reviews they have labelled) and left.

    Args:
        tasks: columns of `fetch_tasks`.
        annotator: an id or name.
    """
    chosen = [bool(row.open) and annotator in row.annotators for row in tasks.itertuples()]
    rows = tasks[pd.Series(chosen, index=tasks.index, dtype=bool)]
    counts = zip(rows["annotators"], rows["labelled"], strict=True)
    mine = [done[both.index(annotator)] for both, done in counts]
    return rows.assign(mine=mine, left=[n - done for n, done in zip(rows["reviews"], mine, strict=True)])


def open_task(task_id: str) -> None:
    """Let a task lie open from the next run on."""
    st.session_state[_TASK] = task_id


def desk_sentence(desk: Desk) -> str:
    """The answer of the Label page."""
    if desk.tasks.empty:
        return "No labelling task yet."
    if desk.at_machine and desk.annotator is None:
        names = machine_names(desk.tasks)
        return "Say who you are, and label." if names else "No labelling task is open."
    left = int(desk.mine["left"].sum())
    if desk.mine.empty:
        return "No labelling task is yours."
    if not left:
        return "You have labelled everything that was asked of you."
    tasks = int((desk.mine["left"] > 0).sum())
    words = "" if tasks == 1 else f", in {formatting.counted(tasks, 'task')}"
    return f"{formatting.counted(left, 'review')} to label{words}."


def machine_names(tasks: pd.DataFrame) -> list[str]:
    """The names of those who label at this machine, by the open tasks."""
    open_ = tasks[tasks["open"].astype(bool)]
    return sorted({one for both in open_["annotators"] for one in both if not looks_like_user_id(one)})


def render_turns(desk: Desk) -> None:
    """At the machine: how two people label on it without seeing each other's labels."""
    if desk.at_machine:
        st.caption(f":material/group: {TURNS}")


def render_who(desk: Desk) -> None:
    """At the machine: who sits there. Elsewhere the sign-in says it."""
    names = machine_names(desk.tasks)
    if not desk.at_machine or not names:
        return
    place = names.index(desk.annotator) if desk.annotator in names else None
    chosen = st.selectbox("I am", names, index=place, placeholder=NOBODY, width=260, key="label_person")
    if chosen != desk.annotator:
        st.session_state[_PERSON] = chosen
        st.rerun()


def render_task_choice(desk: Desk) -> None:
    """Which task to work on, where there are several."""
    if len(desk.mine) < 2:
        return
    names = {
        row.task_id: f"{row.name_}: {row.left} of {row.reviews} left"
        for row in desk.mine.rename(columns={"name": "name_"}).itertuples()
    }
    ids = list(names)
    chosen = st.selectbox(
        "Task", ids, index=ids.index(str(desk.chosen)), format_func=lambda key: names[key], width=420,
        key="label_task",
    )  # fmt: skip
    if chosen != desk.chosen:
        open_task(str(chosen))
        st.rerun()
