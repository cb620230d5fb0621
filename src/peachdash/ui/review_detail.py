"""One review in full: text, both readings, what people did, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.reviews import fetch_review, fetch_twins
from peachdash.queries.trail import fetch_review_trail
from peachdash.records import Scope, Verdict
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import ask
from peachdash.ui.formatting import VERDICT_WORDS, moment, person, plain, reading_words
from peachdash.ui.guard import guard
from peachdash.ui.learned_from import render_learned
from peachdash.ui.reading_bars import WIDTH, reading_bars, reading_rows
from peachdash.ui.review_actions import (
    change_answers,
    close_review,
    correct_readings,
    opened_review,
    report_forgotten,
    take_back,
)
from peachdash.ui.review_card import render_facts, render_twins, render_words
from peachdash.ui.why import render_why
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
        if review["possible_duplicate"]:
            render_twins(ask(session, fetch_twins, number))
        render_why(session, review)
        if review["complaint"]:
            _render_complaint(session, review)
        _render_correction(session, review)
        _render_trail(review, ask(session, fetch_review_trail, number))
        render_learned(session, review)


def _render_review(review: Mapping[str, Any]) -> None:
    render_facts(review)
    render_words(review)
    if review["owner_reply"]:
        with st.expander("Reply by the owner", expanded=True, icon=":material/reply:"):
            st.text(review["owner_reply"], width="stretch")


def _render_readings(review: Mapping[str, Any]) -> None:
    st.markdown(counts_as(review))
    with st.container(horizontal=True):
        for _, rows in reading_rows(review).groupby("model", sort=False):
            st.altair_chart(reading_bars(rows), width=WIDTH)


def counts_as(review: Mapping[str, Any]) -> str:
    """What the review counts as and why, as Markdown."""
    if review["excluded"]:
        why = f"decided by {plain(person(review['decided_by']))}: {VERDICT_WORDS[review['verdict']]}"
        return f"**Left out of all counts**, {why}."
    band = str(review["band"])
    if band == "unscored" and review["unscored_reason"] == "language":
        return "**Not scored: language.** It is in a language that the models were not trained for."
    if review["human"]:
        who, when = plain(person(review["decided_by"])), moment(review["decided_utc"])
        return f"**Counts as {band}**, decided by {who}, {when}."
    return _BAND_WORDS.get(band, f"**Counts as {band}**, as the fine-tuned model reads it.")


def _render_complaint(session: Session, review: Mapping[str, Any]) -> None:
    number = int(review["review_id"])
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        if not review["answered"]:
            st.markdown(":material/mark_email_unread: **A complaint that needs an answer.**", width="stretch")
            if session.scope.may_answer and st.button("Mark as answered", type="primary", key="answer_one"):
                change_answers(session, [number], answered=True)
            return
        st.markdown(f":material/mark_email_read: {answered_words(review)}", width="stretch")
        if session.scope.may_answer and st.button("Open again", icon=":material/undo:", key="reopen_one"):
            change_answers(session, [number], answered=False)


def answered_words(review: Mapping[str, Any]) -> str:
    """Who answered a complaint, and when, as Markdown."""
    if not isinstance(review["answered_by"], str):
        return "Answered: the owner's reply was imported."
    return f"Answered by {plain(review['answered_by'])}, {moment(review['answered_utc'])}."


def _render_correction(session: Session, review: Mapping[str, Any]) -> None:
    number = int(review["review_id"])
    standing = review["verdict"] is not None and session.scope.may_decide
    if standing and st.button("Take the decision back", icon=":material/undo:", key="take_back_one"):
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
        st.caption(_what_follows(session.scope))
        if st.form_submit_button("Report", icon=":material/flag:"):
            if suggestion is None:
                st.warning("Choose what the review should count as.")
            else:
                correct_readings(session, [number], suggestion, note)


def _what_follows(scope: Scope) -> str:
    if scope.may_decide:
        return "Your report decides at once. Clients of this business can read the note."
    return "The agency looks at every report; the Feedback page says what came of it."


def _render_trail(review: Mapping[str, Any], trail: pd.DataFrame) -> None:
    if trail.empty:
        return
    st.markdown("**What was done**")
    with st.container(gap="xxsmall"):
        for step in trail.itertuples():
            st.caption(trail_words(step))
    if review["verdict"] is not None:
        st.markdown(f":material/smart_toy: {model_now(review)}")


def model_now(review: Mapping[str, Any]) -> str:
    """What the model says by itself of a review that people decided on."""
    label = review["champion_label"]
    if not isinstance(label, str):
        return "The model has not read it."
    words = f"The model now reads it as {reading_words(label, review, 'champion')} by itself"
    if review["verdict"] == label:
        return f"{words}, as it was decided."
    return f"{words}."


_STEPS = {
    "rejected": "rejected the report",
    "labelling": "sent the report to labelling",
    "withdrawn": "withdrew the report",
    "reopened": "opened the report again",
    "checked": "confirmed the reading",
}


def trail_words(step: Any) -> str:
    """One step of a review's trail, as Markdown."""
    detail = VERDICT_WORDS.get(step.detail, plain(step.detail))
    if step.what == "answered":
        what = "marked the complaint as " + ("answered" if step.detail == "yes" else "open")
    elif step.detail == "taken back":
        what = "took the decision back"
    else:
        what = f"{_STEPS.get(step.what, step.what)}: {detail}"
    note = f" “{plain(step.note)}”" if not formatting.is_missing(step.note) and step.note else ""
    return f"{moment(step.at_utc)} UTC · {plain(person(step.who))} {what}.{note}"
