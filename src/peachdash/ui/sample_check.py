"""The random sample: the readings that it asks people for, what their answers say, and drawing more."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.catalogue import fetch_clients
from peachdash.queries.samples import fetch_sample_answers, fetch_unchecked
from peachdash.records import ReviewFilter, Verdict
from peachdash.ui.access import Session, renew_session
from peachdash.ui.accuracy_table import render_accuracy
from peachdash.ui.data import ask
from peachdash.ui.formatting import VERDICT_WORDS
from peachdash.ui.guard import guard
from peachdash.ui.notices import done, leave_notice
from peachdash.ui.review_card import render_facts, render_words
from peachdash.workflows.checking import MOST_SAMPLED, SAMPLE_SIZE, check_reading, draw_sample

_SKIP = "sample_skip"


def render_sample(session: Session, criteria: ReviewFilter) -> None:
    """The next reading to check, what the answers say of each client, and the drawing of more."""
    sampled = ask(session, fetch_sample_answers, criteria)
    unchecked = ask(session, fetch_unchecked, criteria)
    if len(unchecked):
        waiting = sampled["answer"].isna() & ~sampled["excluded"].astype(bool)
        _render_next(unchecked, int(waiting.sum()), len(sampled))
    elif len(sampled):
        st.success("Every reading of the sample is checked.", icon=":material/task_alt:")
    render_accuracy(session, sampled)
    if session.scope.may_decide:
        _render_drawing(session, criteria)


def _render_next(unchecked: pd.DataFrame, waiting: int, drawn: int) -> None:
    """One sampled reading at a time; the order is that of the drawing, so that a part of it is random too.

    All answers look alike: a brighter "Right" would be pressed more often, and the share be too high.
    """
    skipped = st.session_state.get(_SKIP, set())
    left = unchecked[~unchecked["sampled_id"].isin(skipped)]
    row = (left if len(left) else unchecked).iloc[0]
    told = f"{formatting.count(waiting)} of {formatting.count(drawn)} to check"
    st.subheader(f"Is this read right? {told}", anchor=False)
    with st.container(border=True):
        render_facts(row)
        render_words(row)
        st.markdown(f"The model read it as **{row['label']}**.")
        others = [verdict.value for verdict in Verdict if verdict.value != row["label"]]
        with st.container(horizontal=True):
            _answer_button(row, row["label"], "Right", "y", ":material/check:")
            for key, verdict in enumerate(others, start=1):
                _answer_button(row, verdict, f"No: {VERDICT_WORDS[verdict]}", str(key))
            st.button(
                "Later", key="sample_later", icon=":material/skip_next:", shortcut="n", type="tertiary",
                on_click=_skip, args=(row["sampled_id"],),
            )  # fmt: skip


def _answer_button(row: pd.Series, answer: str, words: str, shortcut: str, icon: str | None = None) -> None:
    taken = (int(row["review_id"]), str(row["sampled_id"]), answer, str(row["label"]))
    st.button(
        words, key=f"check_{row['sampled_id']}_{answer}", shortcut=shortcut, icon=icon,
        on_click=_take_answer, args=taken,
    )  # fmt: skip


def _take_answer(number: int, sampled_id: str, answer: str, label: str) -> None:
    """Store an answer before the page is drawn anew, with the rights of this moment."""
    with guard():
        session = renew_session()
        database = session.service.database
        check_reading(database, session.scope, session.models, number, answer, sampled_id=sampled_id)
        right = answer == label
        words = "read right." if right else f"it is {VERDICT_WORDS[answer]}."
        leave_notice(f"Review {number} checked: {words}")


def _skip(sampled_id: str) -> None:
    st.session_state[_SKIP] = st.session_state.get(_SKIP, set()) | {sampled_id}


def _render_drawing(session: Session, criteria: ReviewFilter) -> None:
    clients = ask(session, fetch_clients)
    if criteria.client_id is not None:
        clients = clients[clients["client_id"] == criteria.client_id]
    names = dict(zip(clients["client_id"], clients["client"], strict=True))
    with st.form("draw_sample"), st.container(horizontal=True, vertical_alignment="bottom"):
        client = st.selectbox("Client", list(names), format_func=lambda key: str(names[key]), width=260)
        size = st.number_input(
            "Readings", min_value=1, max_value=MOST_SAMPLED, value=SAMPLE_SIZE, width=140, key="sample_size"
        )
        if st.form_submit_button("Draw a random sample", icon=":material/casino:") and client:
            drawn = draw_sample(
                session.service.database, session.scope, session.models, client, size=int(size)
            )
            done(f"{formatting.counted(drawn, 'reading')} drawn at random. Please check them below.")
