"""What a client sees behind a shared link: their recent reviews as we read them, each to confirm or correct.

The page is made for a phone: one column, large buttons, two taps for an answer. Every run examines the link
anew, so that a revoked one ends at the next tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.errors import BadInput, NotFound
from peachdash.insights import formatting
from peachdash.jobs.service import Service, get_service
from peachdash.queries.feedback import fetch_feedback_counts, fetch_last_answers
from peachdash.queries.reviews import ReviewSelection, fetch_reviews
from peachdash.queries.samples import fetch_unchecked
from peachdash.queries.version import fetch_data_version
from peachdash.records import BANDS, LABELS, UNDECIDED, ActiveModels, ReviewFilter, Scope, Verdict
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.feedback_table import feedback_sentence
from peachdash.ui.formatting import VERDICT_WORDS, plain
from peachdash.ui.frame import require_frame
from peachdash.ui.guard import render_failure
from peachdash.ui.headline import render_headline
from peachdash.ui.review_card import render_facts, render_words
from peachdash.ui.share_links import LINK_PARAMETER
from peachdash.workflows.feedback import NOTE_LIMIT
from peachdash.workflows.links import (
    LinkRefused,
    LinkVisit,
    answer_through_link,
    open_link,
    unlock_link,
)

RECENT, MOST_RECENT, SAMPLED = 10, 50, 5
"""How many reviews the page shows at first and at most, and how many sampled ones before them."""

_COLUMN = 720
"""Pixels at most, so that lines stay short on a wide screen."""

_MORE = "link_more"
_KEY, _SEEN, _WRONG, _FAILED, _LAST = "link_key", "link_seen", "link_wrong", "link_failed", "link_last"
_NOTE = "link_note_{}"


@dataclass(frozen=True)
class Visit:
    """An opened link with what the page needs to work on.

    Attributes:
        session: the session of the client's own scope.
        link: what the link still allows.
        token: the address's secret part.
        key: what the pass phrase gave; empty where there is none.
    """

    session: Session
    link: LinkVisit
    token: str
    key: bytes


def link_in_address() -> bool:
    """Whether the address holds a shared link, to which no navigation belongs."""
    return LINK_PARAMETER in st.query_params


def render_link_page() -> None:
    """The page behind a shared link, whatever state the link is in: one column, wide screens too."""
    require_frame()
    with st.container(horizontal_alignment="center"), st.container(width=_COLUMN):
        _render_visit()


def _render_visit() -> None:
    service, token = get_service(), st.query_params.get(LINK_PARAMETER, "")
    held = st.session_state.get(_KEY, ("", b""))
    key = held[1] if held[0] == token else b""
    first = st.session_state.get(_SEEN) != (token, bool(key))
    try:
        link = open_link(service.database, token, key, first=first)
    except LinkRefused as error:
        _render_refusal(error)
        return
    st.session_state[_SEEN] = (token, bool(key))
    if link.scope is None:
        _render_lock(service, token)
        return
    _render_reviews(Visit(_open_session(service, link.scope), link, token, key))


def _open_session(service: Service, scope: Scope) -> Session:
    with service.database.read() as connection:
        version = fetch_data_version(connection, scope)
    return Session(service, scope, service.active_models(), version)


def _render_refusal(error: LinkRefused) -> None:
    if st.session_state.pop(_LAST, False):
        st.title("Thank you.", anchor=False)
        st.write("That was the last answer that this link takes. All of them have arrived.")
        return
    st.title("This link does not work.", anchor=False)
    st.write(str(error).partition(". ")[2])


def _render_lock(service: Service, token: str) -> None:
    st.title("Welcome.", anchor=False)
    st.write("This page opens with the pass phrase that whoever sent the link told you.")
    with st.form("unlock"):
        phrase = st.text_input("Pass phrase", type="password", key="link_phrase_given", autocomplete="off")
        if st.form_submit_button("Open", type="primary", width="stretch"):
            try:
                st.session_state[_KEY] = (token, unlock_link(service.database, token, phrase or ""))
            except BadInput as error:
                st.error(str(error), icon=":material/lock:")
            else:
                st.rerun()


def _render_reviews(visit: Visit) -> None:
    session, models = visit.session, visit.session.models
    selection = ReviewSelection(bands=BANDS)
    most = min(st.session_state.get(_MORE, RECENT), MOST_RECENT)
    recent = ask(session, fetch_reviews, ReviewFilter(), models, selection, limit=most)
    sampled = ask(session, fetch_unchecked, ReviewFilter(), limit=SAMPLED)
    render_headline(f"Do we read the reviews of {visit.link.client} right?")
    st.write("Tell us with two taps. What you correct, we look at; what we accept counts at once.")
    _render_progress(visit)
    failed = st.session_state.pop(_FAILED, None)
    if failed is not None:
        render_failure(failed)
    several = pd.concat([recent["business_id"], sampled["business_id"]]).nunique() > 1
    for row in sampled.to_dict("records"):
        _render_card(visit, row, str(row["label"]), None, sampled_id=str(row["sampled_id"]), several=several)
    shown = recent[~recent["review_id"].isin(sampled["review_id"])]
    answers = ask(session, fetch_last_answers, [int(number) for number in shown["review_id"]])
    for row in shown.to_dict("records"):
        _render_card(visit, row, _reading(row), answers.get(int(row["review_id"])), several=several)
    if not len(recent) and not len(sampled):
        st.info("There is no review yet that we could show.", icon=":material/reviews:")
    if len(recent) == most < MOST_RECENT:
        st.button("Show more", key="show_more", width="stretch", on_click=_show_more)
    st.caption(
        f"This page works until {formatting.date(visit.link.expires_utc)}. Reviews are read by "
        f"{plain(models.champion)}."
    )


def _render_progress(visit: Visit) -> None:
    counts = ask(visit.session, fetch_feedback_counts, ReviewFilter(), visit.session.models, own=True)
    if counts["reported"]:
        st.caption(feedback_sentence(counts, "You"))
    if visit.link.answers_left <= 10:
        st.caption(f"This link takes {formatting.counted(visit.link.answers_left, 'more answer')}.")


def _reading(row: dict[str, Any]) -> str:
    """What the review counts as now: a verdict, or "undecided"."""
    return str(row["verdict"]) if row["excluded"] else str(row["band"])


def _render_card(
    visit: Visit,
    row: dict[str, Any],
    reading: str,
    answer: str | None,
    *,
    several: bool,
    sampled_id: str | None = None,
) -> None:
    number = int(row["review_id"])
    with st.container(border=True):
        render_facts(row, number=False, business=several)
        render_words(row)
        st.markdown(_reading_words(reading, human=bool(row.get("human"))))
        if answer is not None and st.session_state.get(_WRONG) != number:
            _render_answered(number, answer, reading)
        elif reading == UNDECIDED or st.session_state.get(_WRONG) == number:
            _render_choice(visit, number, reading, sampled_id)
        else:
            _render_question(visit, number, reading, sampled_id)


def _reading_words(reading: str, *, human: bool) -> str:
    if reading == UNDECIDED:
        return "We are **not sure** how to read it. What is it?"
    if reading not in LABELS:
        return f"Left out of all counts: **{VERDICT_WORDS[reading]}**."
    return f"Corrected by a person to **{reading}**." if human else f"We read it as **{reading}**."


def _render_question(visit: Visit, number: int, reading: str, sampled_id: str | None) -> None:
    with st.container(horizontal=True):
        st.button(
            "Right", key=f"right_{number}", icon=":material/check:", width="stretch",
            on_click=partial(_answer, visit, number, reading, sampled_id),
        )  # fmt: skip
        st.button(
            "Wrong", key=f"wrong_{number}", icon=":material/close:", width="stretch",
            on_click=_choose_for, args=(number,),
        )  # fmt: skip


def _render_choice(visit: Visit, number: int, reading: str, sampled_id: str | None) -> None:
    """What it should be, in a tap; a note can stand before it."""
    if reading != UNDECIDED:
        st.markdown("What is it?")
    with st.container(horizontal=True, key=f"choices_{number}"):
        for verdict in Verdict:
            if verdict.value != reading:
                st.button(
                    VERDICT_WORDS[verdict.value].capitalize(), key=f"say_{number}_{verdict.value}",
                    on_click=partial(_answer, visit, number, verdict.value, sampled_id),
                )  # fmt: skip
    st.text_input("Note (optional; write it before you tap)", key=_NOTE.format(number), max_chars=NOTE_LIMIT)
    if reading != UNDECIDED:
        st.button("Back", key=f"back_{number}", type="tertiary", on_click=_choose_for, args=(None,))


def _render_answered(number: int, answer: str, reading: str) -> None:
    said = "right" if answer == reading else VERDICT_WORDS[answer]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/check: You said: **{said}**. Thank you.", width="stretch")
        st.button("Change", key=f"change_{number}", type="tertiary", on_click=_choose_for, args=(number,))


def _show_more() -> None:
    st.session_state[_MORE] = st.session_state.get(_MORE, RECENT) + RECENT


def _choose_for(number: int | None) -> None:
    st.session_state[_WRONG] = number


def _answer(visit: Visit, number: int, answer: str, sampled_id: str | None) -> None:
    """Store an answer before the page is drawn again; a refusal is told on the page."""
    models: ActiveModels = visit.session.models
    note = st.session_state.get(_NOTE.format(number)) or ""
    st.session_state[_WRONG] = None
    try:
        left = answer_through_link(
            visit.session.service.database, models, visit.token, visit.key, number, answer, note, sampled_id
        )
    except LinkRefused:
        return
    except (BadInput, NotFound) as error:
        st.session_state[_FAILED] = error
        return
    if not left:
        st.session_state[_LAST] = True
