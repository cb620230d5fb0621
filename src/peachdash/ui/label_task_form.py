"""Making a labelling task: from which reviews, how many, and by whom."""

from __future__ import annotations

import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.label_pools import count_pools
from peachdash.records import Pool
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import ask
from peachdash.ui.guard import guard
from peachdash.ui.label_desk import Desk, open_task
from peachdash.ui.label_words import POOL_WORDS
from peachdash.ui.notices import leave_notice
from peachdash.workflows.labelling import MOST_REVIEWS, NAME_LIMIT, make_task

DEFAULT_SIZE = 50


def render_task_form(session: Session, desk: Desk) -> None:
    """The form, open where there is no task yet."""
    key = "first_task" if desk.tasks.empty else "new_task"
    with st.expander("New labelling task", icon=":material/add:", expanded=desk.tasks.empty, key=key):
        pool, words = _render_pool()
        found = ask(session, count_pools, session.models, tuple(words))[pool.value]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            size = st.number_input(
                "Reviews", 1, MOST_REVIEWS, DEFAULT_SIZE, key="task_size", width=140,
                help="At most so many; fewer where the pool has fewer.",
            )  # fmt: skip
            annotators = _render_annotators(desk)
            name = st.text_input(
                "Name (optional)", key="task_name", max_chars=NAME_LIMIT, placeholder="By its pool", width=240
            )
        st.caption(_pool_words(pool, words, found, int(size)))
        st.button(
            "Make the labelling task", type="primary", icon=":material/add_task:", key="make_task",
            disabled=not found, on_click=_make, args=(pool.value, int(size), annotators, words, name),
        )  # fmt: skip


def _render_pool() -> tuple[Pool, list[str]]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pool = st.selectbox(
            "From which reviews", list(Pool), format_func=lambda one: POOL_WORDS[one.value], key="task_pool",
            width=380,
        )  # fmt: skip
        if pool is not Pool.WORDS:
            return pool or Pool.UNLABELLED, []
        written = st.text_input(
            "Words, separated by commas", key="task_words", placeholder="peachy, bless", width=300
        )
    return Pool.WORDS, [word.strip() for word in written.split(",") if word.strip()]


def _pool_words(pool: Pool, words: list[str], found: int, size: int) -> str:
    if pool is Pool.WORDS and not words:
        return "Name one word or more; a review that has any of them is in the pool."
    told = f"{formatting.counted(found, 'review')} in this pool, each text once; labelled ones are left out."
    if not found:
        return f"{told} Choose another pool."
    drawn = min(found, size)
    how = "The least certain" if pool is Pool.LEAST_CERTAIN else "Drawn at random:"
    return f"{told} {how} {formatting.count(drawn)}, in random order, the same for both annotators."


def _render_annotators(desk: Desk) -> list[str]:
    """Two different people: chosen among those who may label, or named where nobody signs in."""
    if desk.at_machine:
        return [
            st.text_input(
                f"{place} annotator", key=f"task_annotator_{number}", placeholder="A name", width=180
            )
            for number, place in enumerate(("First", "Second"), start=1)
        ]
    ids = list(desk.people)
    return [
        str(
            st.selectbox(
                f"{place} annotator", ids, index=min(number, len(ids)) - 1 if ids else None,
                format_func=lambda key: desk.people[key], key=f"task_annotator_{number}", width=220,
            )
            or ""
        )
        for number, place in enumerate(("First", "Second"), start=1)
    ]  # fmt: skip


def _make(pool: str, size: int, annotators: list[str], words: list[str], name: str) -> None:
    with guard():
        session = renew_session()
        database, scope = session.service.database, session.scope
        task_id = make_task(
            database, scope, session.models, Pool(pool), size, annotators, words=words, name=name
        )
        open_task(task_id)
        leave_notice("The labelling task is made. Each annotator finds it on this page.")
