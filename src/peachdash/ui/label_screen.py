"""The blind labelling of one review a screen: its text, three labels, quick tags, undo, progress."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.labelling import fetch_label_work, fetch_own_labels
from peachdash.records import ASPECTS, LABELS, SLICES
from peachdash.storage.labelling import GivenLabel
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import ask
from peachdash.ui.formatting import plain, preview
from peachdash.ui.guard import guard
from peachdash.ui.label_desk import Desk
from peachdash.ui.label_words import (
    LABEL_KEYS,
    LATER_KEY,
    SLICE_KEYS,
    SLICE_MEANINGS,
    SLICE_WORDS,
    UNDO_KEY,
    UNSURE_KEY,
)
from peachdash.ui.review_card import render_words
from peachdash.workflows.labelling import WORDS_LIMIT, give_label, take_back_label

_TAGS, _UNSURE, _LATER = "label_tags", "label_unsure", "label_later"
FIXED = "Both of you have labelled it, so it stays. If yours was a slip, it is settled in the adjudication."
_WORDS, _ASPECT = "label_reason_words", "label_aspect"


def render_label_screen(session: Session, desk: Desk) -> None:
    """The next review of the open task, or that everything is labelled."""
    if desk.annotator is None or desk.chosen is None:
        return
    task = desk.task
    done, total = int(task["mine"]), int(task["reviews"])
    st.progress(
        done / total if total else 1.0,
        text=f"{plain(task['name'], 120)}: {formatting.count(done)} of {formatting.counted(total, 'review')}",
    )
    work = ask(session, fetch_label_work, desk.chosen, desk.annotator)
    if work.empty:
        _render_done(session, desk)
        return
    skipped = st.session_state.get(_LATER, [])
    rest = work[~work["review_id"].isin(skipped)]
    _render_review(session, desk, (rest if len(rest) else work).iloc[0])


def _render_review(session: Session, desk: Desk, review: pd.Series) -> None:
    number = int(review["review_id"])
    with st.container(border=True, key="label_screen"):
        render_words(review)
        _render_tags(number)
        _render_reasons(number)
        with st.container(horizontal=True, vertical_alignment="center", key="label_buttons"):
            for label in LABELS:
                st.button(
                    label.capitalize(), key=f"label_{label}", type="primary", shortcut=LABEL_KEYS[label],
                    on_click=_give, args=(desk.chosen, desk.annotator, number, label),
                )  # fmt: skip
            st.button(
                "Later", key="label_later_button", icon=":material/skip_next:", shortcut=LATER_KEY,
                type="tertiary", on_click=_skip, args=(number,),
            )  # fmt: skip
            _render_undo(session, desk)


def _render_tags(number: int) -> None:
    """Slices and `unsure` as buttons that stay pressed, since only buttons have keys."""
    chosen = _tags(number)
    st.caption("Tags, as many as fit, before the label:")
    with st.container(horizontal=True, gap="small", key="label_tags_row"):
        for name in SLICES:
            st.button(
                f"**{SLICE_WORDS[name]}**" if name in chosen else SLICE_WORDS[name], key=f"tag_{name}",
                help=SLICE_MEANINGS[name], shortcut=SLICE_KEYS[name],
                icon=":material/check_box:" if name in chosen else ":material/check_box_outline_blank:",
                on_click=_toggle, args=(number, name),
            )  # fmt: skip
        st.button(
            "**Unsure**" if _UNSURE in chosen else "Unsure", key="tag_unsure", shortcut=UNSURE_KEY,
            icon=":material/check_box:" if _UNSURE in chosen else ":material/check_box_outline_blank:",
            help="Two readings stay equally likely; the adjudicator decides. Choose the one you lean to.",
            on_click=_toggle, args=(number, _UNSURE),
        )  # fmt: skip


def _render_reasons(number: int) -> None:
    asked = st.expander("For a negative one: the words that say so, and what it is about (optional)")
    with asked, st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Words of the review that say so", key=f"{_WORDS}_{number}", max_chars=WORDS_LIMIT, width=380
        )
        st.selectbox(
            "What it is about", ASPECTS, index=None, key=f"{_ASPECT}_{number}", placeholder="Choose",
            width=260,
        )  # fmt: skip


def _render_undo(session: Session, desk: Desk) -> None:
    last = ask(session, fetch_own_labels, str(desk.chosen), str(desk.annotator), limit=1)
    if last.empty:
        return
    row = last.iloc[0]
    if not row["is_fixed"]:
        st.button(
            "Undo", key="label_undo", icon=":material/undo:", shortcut=UNDO_KEY, type="tertiary",
            on_click=_take_back,
            args=(desk.chosen, desk.annotator, int(row["review_id"])),
        )  # fmt: skip
    unsure = ", unsure" if row["unsure"] else ""
    st.caption(f"Your last: {row['label']}{unsure} · {plain(preview(row['title'], row['text'], 40))}")
    if row["is_fixed"]:
        st.caption(f":material/lock: {FIXED}")


def _render_done(session: Session, desk: Desk) -> None:
    with st.container(border=True, key="label_done"):
        st.success("You have labelled every review of this task.", icon=":material/task_alt:")
        names, counts = list(desk.task["names"]), list(desk.task["labelled"])
        others = [
            f"{plain(name, 80)}: {formatting.count(count)}" for name, count in zip(names, counts, strict=True)
        ]
        st.caption(f"Labelled so far: {', '.join(others)} of {formatting.count(desk.task['reviews'])}.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link("pages/adjudicate.py", label="Adjudicate", icon=":material/balance:")
            _render_undo(session, desk)


def _tags(number: int) -> frozenset[str]:
    """The tags that are pressed for a review; those of another one are forgotten."""
    held: tuple[int, frozenset[str]] = st.session_state.get(_TAGS, (number, frozenset()))
    return held[1] if held[0] == number else frozenset()


def _toggle(number: int, name: str) -> None:
    st.session_state[_TAGS] = (number, _tags(number) ^ {name})


def _skip(number: int) -> None:
    """Put a review behind the others of this visit."""
    st.session_state[_LATER] = [*(one for one in st.session_state.get(_LATER, []) if one != number), number]


def _give(task_id: str, annotator: str, number: int, label: str) -> None:
    """Store a label with the rights of this moment, before the next review is drawn."""
    state: Any = st.session_state
    tags = _tags(number)
    said = GivenLabel(
        label,
        tuple(name for name in SLICES if name in tags),
        _UNSURE in tags,
        state.get(f"{_WORDS}_{number}") or "",
        state.get(f"{_ASPECT}_{number}"),
    )
    with guard():
        session = renew_session()
        give_label(session.service.database, session.scope, task_id, annotator, number, said)
        state.pop(_TAGS, None)


def _take_back(task_id: str, annotator: str, number: int) -> None:
    with guard():
        session = renew_session()
        take_back_label(session.service.database, session.scope, task_id, annotator, number)
        st.session_state[_LATER] = [one for one in st.session_state.get(_LATER, []) if one != number]
