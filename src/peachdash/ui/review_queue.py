"""The review queue: one reading at a time, decided by keyboard, and what the queue is worth."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.insights.queue_worth import (
    DEFAULT_SECONDS,
    arrival_words,
    error_words,
    reason_words,
    reasons,
    saved_words,
)
from peachdash.queries.overview import fetch_latest_date
from peachdash.queries.review_queue import (
    ARRIVAL_DAYS,
    fetch_queue_counts,
    fetch_review_queue,
    fetch_unsent_answers,
)
from peachdash.records import ReviewFilter, Verdict
from peachdash.ui.access import Session, renew_session
from peachdash.ui.click_table import forget_click, render_click_table
from peachdash.ui.data import ask
from peachdash.ui.formatting import VERDICT_WORDS, preview, reading_words
from peachdash.ui.guard import guard
from peachdash.ui.notices import leave_notice
from peachdash.ui.report_queue import readings_words
from peachdash.ui.review_card import NO_TEXT, render_facts, render_words
from peachdash.workflows.feedback import take_back_decision
from peachdash.workflows.queue_deciding import decide_queued

_FOCUS = "queued_reading"
_KEYS = {
    "negative": "1", "neutral": "2", "positive": "3", "not_about_us": "4", "spam": "5", "duplicate": "6",
}  # fmt: skip
_MEANWHILE = "Somebody else decided on this meanwhile; nothing was changed."


def load_counts(session: Session, criteria: ReviewFilter) -> dict[str, int]:
    """What waits, arrives and is left to the model, under a filter."""
    latest = ask(session, fetch_latest_date, criteria)
    return ask(session, fetch_queue_counts, criteria, session.models, latest)


def render_worth(session: Session, criteria: ReviewFilter, counts: dict[str, int]) -> None:
    """Arrivals, the measured error of what is not sent, and the time saved with its assumption."""
    answers = ask(session, fetch_unsent_answers, criteria, session.models)
    with st.grid("auto", min_column_width=260):
        with st.container(border=True, height="stretch"):
            st.markdown("**Arriving**")
            st.caption(arrival_words(counts["arrived"], ARRIVAL_DAYS))
        with st.container(border=True, height="stretch"):
            st.markdown("**Wrong among the rest**")
            st.caption(error_words(answers, session.service.settings.minimum_n))
            st.page_link(
                "pages/feedback.py", label="Check a random sample", icon=":material/casino:",
                query_params={"view": "Random sample"},
            )  # fmt: skip
        with st.container(border=True, height="stretch"):
            st.markdown("**Reading time saved**")
            seconds = st.number_input(
                "Seconds to read a review", 1, 600, DEFAULT_SECONDS, key="read_seconds", bind="query-params"
            )
            st.caption(saved_words(counts["unsent"], float(seconds)))


def render_review_queue(session: Session, criteria: ReviewFilter) -> None:
    """The reading in focus with what it can count as, and those that come next."""
    queue = ask(session, fetch_review_queue, criteria, session.models)
    if queue.empty:
        st.success("No reading waits for a person.", icon=":material/task_alt:")
        return
    place = _focus(queue)
    with st.container(border=True):
        _render_reading(queue, place)
    if len(queue) > 1:
        _render_next(queue.drop(index=queue.index[place]))


def _focus(queue: pd.DataFrame) -> int:
    numbers = [int(number) for number in queue["review_id"]]
    wanted = st.session_state.get(_FOCUS)
    return numbers.index(wanted) if wanted in numbers else 0


def _render_reading(queue: pd.DataFrame, place: int) -> None:
    review = queue.iloc[place]
    number = int(review["review_id"])
    following = int(queue.iloc[(place + 1) % len(queue)]["review_id"])
    with st.container(horizontal=True, vertical_alignment="top"):
        with st.container():
            render_facts(review)
        for reason in reasons(review):
            st.badge(reason, icon=":material/help:", color="orange")
    render_words(review)
    st.caption(readings_words(review))
    with st.container(horizontal=True):
        for verdict in Verdict:
            label = verdict.value in ("negative", "neutral", "positive")
            st.button(
                VERDICT_WORDS[verdict.value].capitalize(),
                key=f"queued_{number}_{verdict.value}",
                type="primary" if label else "secondary",
                shortcut=_KEYS[verdict.value],
                on_click=_decide,
                args=(number, following, verdict.value),
            )
        st.button(
            "Next", key=f"queued_{number}_next", icon=":material/skip_next:", shortcut="n", type="tertiary",
            on_click=_set_focus, args=(following,),
        )  # fmt: skip


def _decide(number: int, following: int, verdict: str) -> None:
    """Store a decision with the rights of this moment, go on, and leave the way back."""
    with guard():
        session = renew_session()
        database, scope = session.service.database, session.scope
        stored = decide_queued(database, scope, session.models, number, verdict)
        _set_focus(following)
        if not stored:
            leave_notice(_MEANWHILE)
            return
        words = f"Review {number} counts as {VERDICT_WORDS[verdict]}."
        leave_notice(words, partial(take_back_decision, database, scope, number))


def _set_focus(number: int) -> None:
    st.session_state[_FOCUS] = number


def _render_next(rest: pd.DataFrame) -> None:
    st.subheader("Next in the queue", anchor=False)
    st.caption(
        "Where the model is least sure, and several signs of a hard review meet, comes first. "
        f"{formatting.counted(len(rest), 'reading')} shown."
    )
    numbers = [int(number) for number in rest["review_id"]]
    rows = pd.DataFrame(
        {
            "Review": [preview(row["title"], row["text"]) or NO_TEXT for _, row in rest.iterrows()],
            "Why": [reason_words(row) for _, row in rest.iterrows()],
            "Model reads": [
                reading_words(row["champion_label"], row, "champion") for _, row in rest.iterrows()
            ],
            "Business": list(rest["business"]),
        }
    )
    render_click_table(
        rows, "queued_table", opened=lambda row: _open(numbers[row]), ticks=False,
        columns={
            "Review": st.column_config.TextColumn("Review", width=330),
            "Why": st.column_config.TextColumn("Why", width=275),
            "Model reads": st.column_config.TextColumn("Model reads", width=115),
            "Business": st.column_config.TextColumn("Business", width=165),
        },
        alt="Readings that wait for a person", most_rows=8,
    )  # fmt: skip


def _open(number: int) -> None:
    _set_focus(number)
    forget_click()
