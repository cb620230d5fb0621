"""The random sample: what it says of the model for each client, and the readings that it asks people for."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.insights.sampled_accuracy import OVERALL, estimate_accuracy
from peachdash.queries.catalogue import fetch_clients
from peachdash.queries.samples import fetch_sample_answers, fetch_unchecked
from peachdash.records import ReviewFilter, Verdict
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import ask, remember
from peachdash.ui.formatting import VERDICT_WORDS, plain
from peachdash.ui.guard import guard
from peachdash.ui.notices import done, leave_notice
from peachdash.ui.review_card import render_facts, render_words
from peachdash.workflows.checking import MOST_SAMPLED, SAMPLE_SIZE, check_reading, draw_sample

WHY_A_SAMPLE = (
    "Measured on readings that were drawn at random and then confirmed or corrected by people. Reported "
    "readings are left out on purpose: people report what is wrong, so they would make the model look worse "
    "than it is. What the model left undecided is not asked for."
)
_SKIP = "sample_skip"


def render_sample(session: Session, criteria: ReviewFilter) -> None:
    """Accuracy by client, the next reading to check, and the drawing of more."""
    sampled = ask(session, fetch_sample_answers, criteria)
    _render_accuracy(session, sampled)
    unchecked = ask(session, fetch_unchecked, criteria)
    if len(unchecked):
        _render_next(unchecked, len(sampled))
    elif len(sampled):
        st.success("Every reading of the sample is checked.", icon=":material/task_alt:")
    if session.scope.may_decide:
        _render_drawing(session, criteria)


def accuracy_sentence(client: str, rows: pd.DataFrame) -> str:
    """How often the model that was sampled last reads a client right; "too few" where nobody knows yet."""
    whole = rows[rows["month"] == OVERALL].iloc[0]
    if formatting.is_missing(whole["share"]):
        checked = formatting.counted(int(whole["n"]), "sampled reading")
        return f"{client}: too few checked to say how often it is read right ({checked} so far)."
    words = formatting.estimate(whole["share"], whole["low"], whole["high"], whole["n"])
    return f"{client}: {words} of readings are right."


def accuracy_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What the table of a client's accuracy shows of `estimate_accuracy`."""
    shown = pd.DataFrame(
        {
            "Model": rows["revision"],
            "Drawn in": [_month(month) for month in rows["month"]],
            "Read right": [_share(row) for row in rows.itertuples()],
            "Checked": [f"{row.answered} of {row.drawn}" for row in rows.itertuples()],
            "No review of theirs": rows["left_out"],
        }
    )
    return shown if rows["left_out"].any() else shown.drop(columns="No review of theirs")


def _month(month: str) -> str:
    return "all months" if month == OVERALL else formatting.period(pd.Timestamp(f"{month}-01"), "month")


def _share(row: Any) -> str:
    if formatting.is_missing(row.share):
        return f"too few (n = {row.n})"
    return formatting.estimate(row.share, row.low, row.high, row.n)


def _render_accuracy(session: Session, sampled: pd.DataFrame) -> None:
    if sampled.empty:
        st.info("No sample has been drawn yet, so how often readings are right is not known.")
        return
    minimum = session.service.settings.minimum_n
    for client, own in sampled.groupby("client_id"):
        rows = remember(
            session, "accuracy", partial(estimate_accuracy, own, minimum_n=minimum), client, len(own)
        )
        name = str(own["client"].iloc[0])
        st.subheader(plain(accuracy_sentence(name, rows)), anchor=False)
        st.dataframe(accuracy_rows(rows), hide_index=True, width="stretch", key=f"accuracy_{client}")
    st.caption(WHY_A_SAMPLE)


def _render_next(unchecked: pd.DataFrame, drawn: int) -> None:
    """One sampled reading at a time; the order is that of the drawing, so that a part of it is random too."""
    skipped = st.session_state.get(_SKIP, set())
    waiting = unchecked[~unchecked["sampled_id"].isin(skipped)]
    row = (waiting if len(waiting) else unchecked).iloc[0]
    st.subheader(f"Is this read right? {len(unchecked)} of {drawn} to check", anchor=False)
    with st.container(border=True):
        render_facts(row)
        render_words(row)
        st.markdown(f"The model read it as **{row['label']}**.")
        others = [verdict.value for verdict in Verdict if verdict.value != row["label"]]
        with st.container(horizontal=True):
            _answer_button(row, row["label"], "Right", "y", "primary")
            for key, verdict in enumerate(others, start=1):
                _answer_button(row, verdict, f"No: {VERDICT_WORDS[verdict]}", str(key), "secondary")
            st.button(
                "Later", key="sample_later", icon=":material/skip_next:", shortcut="n", type="tertiary",
                on_click=_skip, args=(row["sampled_id"],),
            )  # fmt: skip


def _answer_button(row: pd.Series, answer: str, words: str, shortcut: str, kind: Any) -> None:
    taken = (int(row["review_id"]), str(row["sampled_id"]), answer, str(row["label"]))
    st.button(
        words, key=f"check_{row['sampled_id']}_{answer}", shortcut=shortcut, type=kind,
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
