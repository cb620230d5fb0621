"""One review in full: text, both readings, what people did, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.reviews import fetch_review, fetch_review_trail
from peachdash.records import Verdict
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import ask
from peachdash.ui.formatting import VERDICT_WORDS, moment, plain, review_date, stars_words
from peachdash.ui.guard import guard
from peachdash.ui.reading_bars import WIDTH, reading_bars, reading_rows
from peachdash.ui.review_actions import (
    change_answers,
    close_review,
    correct_reading,
    opened_review,
    report_forgotten,
    take_back,
)
from peachdash.workflows.feedback import NOTE_LIMIT

_SUGGESTION, _NOTE = "report_suggestion", "report_note"
_BAND_WORDS = {
    "undecided": "Undecided: the model is not sure enough, a person can settle it below.",
    "waiting": "No model has read it yet.",
    "unscored": "It holds no text, so no model reads it.",
}


def render_opened_review() -> None:
    """Open the review that the address asks for, if it does."""
    number = opened_review()
    if number is not None:
        _show(number)


@st.dialog("Review", width="medium", position="right", on_dismiss=close_review, icon=":material/rate_review:")
def _show(number: int) -> None:
    with guard():
        session = renew_session()
        review = ask(session, fetch_review, session.models, number)
        _render_review(review)
        _render_readings(review)
        if review["complaint"]:
            _render_complaint(session, review)
        _render_correction(session, review)
        _render_trail(ask(session, fetch_review_trail, number))


def _render_review(review: Mapping[str, Any]) -> None:
    st.markdown(f"**{plain(review['business'])}**")
    stars = [] if formatting.is_missing(review["stars"]) else [stars_words(review["stars"])]
    day = review_date(review["review_date"], review["date_precision"])
    facts = [*stars, day, review["source"], f"review {review['review_id']}"]
    st.caption(" · ".join(map(plain, facts)))
    with st.container(border=True):
        if review["title"]:
            st.text(review["title"], width="stretch")
        st.text(review["text"] or "(stars only, no text)", width="stretch")
    if review["owner_reply"]:
        with st.expander("Reply by the owner", expanded=True, icon=":material/reply:"):
            st.text(review["owner_reply"], width="stretch")


def _render_readings(review: Mapping[str, Any]) -> None:
    st.markdown(counts_as(review))
    with st.container(horizontal=True):
        for _, rows in reading_rows(review).groupby("model", sort=False):
            st.altair_chart(reading_bars(rows), width=WIDTH)
    if review["possible_duplicate"]:
        st.caption(":material/content_copy: Another review of this business has the same text.")


def counts_as(review: Mapping[str, Any]) -> str:
    """What the review counts as and why, as Markdown."""
    if review["excluded"]:
        why = f"decided by {plain(review['decided_by'])}: {VERDICT_WORDS[review['verdict']]}"
        return f"**Left out of all counts**, {why}."
    band = str(review["band"])
    if review["human"]:
        who, when = plain(review["decided_by"]), moment(review["decided_utc"])
        return f"**Counts as {band}**, decided by {who}, {when}."
    return _BAND_WORDS.get(band, f"**Counts as {band}**, as the fine-tuned model reads it.")


def _render_complaint(session: Session, review: Mapping[str, Any]) -> None:
    number = int(review["review_id"])
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        if not review["answered"]:
            st.markdown(":material/mark_email_unread: **A complaint that needs an answer.**", width="stretch")
            if st.button("Mark as answered", type="primary", key="answer_one"):
                change_answers(session, [number], answered=True)
            return
        st.markdown(f":material/mark_email_read: {answered_words(review)}", width="stretch")
        if st.button("Open again", icon=":material/undo:", key="reopen_one"):
            change_answers(session, [number], answered=False)


def answered_words(review: Mapping[str, Any]) -> str:
    """Who answered a complaint, and when, as Markdown."""
    if not isinstance(review["answered_by"], str):
        return "Answered: the owner's reply came with the review."
    return f"Answered by {plain(review['answered_by'])}, {moment(review['answered_utc'])}."


def _render_correction(session: Session, review: Mapping[str, Any]) -> None:
    number = int(review["review_id"])
    if review["verdict"] is not None and st.button(
        "Take the decision back", icon=":material/undo:", key="take_back_one"
    ):
        take_back(session, [number])
    if report_forgotten():
        st.session_state[_SUGGESTION], st.session_state[_NOTE] = None, ""
    with st.form("report", border=True):
        st.markdown("**This reading is wrong**")
        verdicts = [verdict.value for verdict in Verdict]
        suggestion = st.pills(
            "It should count as", verdicts, format_func=VERDICT_WORDS.__getitem__, key=_SUGGESTION
        )
        note = st.text_area("Note (optional)", max_chars=NOTE_LIMIT, height=80, key=_NOTE)
        if st.form_submit_button("Report", icon=":material/flag:"):
            if suggestion is None:
                st.warning("Choose what the review should count as.")
            else:
                correct_reading(session, number, suggestion, note)


def _render_trail(trail: pd.DataFrame) -> None:
    if trail.empty:
        return
    st.markdown("**What was done**")
    for step in trail.itertuples():
        st.caption(trail_words(step))


def trail_words(step: Any) -> str:
    """One step of a review's trail, as Markdown."""
    if step.what == "answered":
        what = "marked the complaint as " + ("answered" if step.detail == "yes" else "open")
    else:
        what = f"{step.what}: {VERDICT_WORDS.get(step.detail, plain(step.detail))}"
    if step.detail == "taken back":
        what = "took the decision back"
    note = f" “{plain(step.note)}”" if not formatting.is_missing(step.note) and step.note else ""
    return f"{moment(step.at_utc)} UTC · {plain(step.who)} {what}.{note}"
