"""Disagreements side by side, settled one by one with a written reason."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.labelling.disagreements import DISAGREE, Side, joint_slices, sides, waiting_pairs
from peachdash.records import LABELS, SLICES
from peachdash.storage.labelling import GivenLabel
from peachdash.ui.access import renew_session
from peachdash.ui.empty import LABEL
from peachdash.ui.formatting import moment, plain, preview
from peachdash.ui.guard import guard
from peachdash.ui.label_words import LABEL_KEYS, LATER_KEY, render_guide, slice_words
from peachdash.ui.notices import leave_notice
from peachdash.ui.review_card import render_words
from peachdash.ui.ruling_form import read_ruling, render_ruling_form
from peachdash.workflows.adjudicating import adjudicate, take_back_adjudication

_LATER = "adjudicate_later"
MEANWHILE = "Somebody else settled this review meanwhile; nothing was changed."


def waiting_sentence(pairs: pd.DataFrame) -> str:
    """The answer of the view, for the pairs that both annotators have labelled."""
    if pairs.empty:
        return "No review has two labels yet."
    waiting = waiting_pairs(pairs)
    told = formatting.counted(len(pairs), "review")
    if waiting.empty:
        return f"Nothing waits for a third reading: {told} with two labels, all settled."
    verb = "waits" if len(waiting) == 1 else "wait"
    return f"{formatting.count(len(waiting))} of {told} with two labels {verb} for a third reading."


def render_disagreements(pairs: pd.DataFrame, viewer_names: frozenset[str]) -> None:
    """The next review that waits, and what was settled already.

    Args:
        pairs: columns of `fetch_pairs`.
        viewer_names: by which annotators the viewer labels, to warn them of their own labels.
    """
    waiting = waiting_pairs(pairs)
    if waiting.empty:
        _render_nothing(bool(len(pairs)))
    else:
        skipped = st.session_state.get(_LATER, [])
        keys = list(zip(waiting["task_id"], waiting["review_id"], strict=True))
        rest = waiting[[key not in skipped for key in keys]]
        _render_pair((rest if len(rest) else waiting).iloc[0].to_dict(), len(waiting), viewer_names)
    _render_settled(pairs[pairs["ruled_label"].notna()])


def _render_nothing(settled: bool) -> None:
    """That all is settled, or the way to the first two labels."""
    if settled:
        st.success("Everything is settled.", icon=":material/task_alt:")
        return
    st.write("Reviews come here once both annotators have labelled them.")
    if st.button("To labelling", icon=":material/label:", type="primary", key="to_labelling"):
        st.switch_page(LABEL)


def _render_pair(pair: dict[Any, Any], waiting: int, viewer_names: frozenset[str]) -> None:
    number, first, second = int(pair["review_id"]), *sides(pair)
    doubt = "The two disagree" if pair["why"] == DISAGREE else "They agree, but not surely"
    st.subheader(f"{doubt}. {formatting.counted(waiting, 'review')} to settle", anchor=False)
    render_guide()
    with st.container(border=True, key="adjudicate_screen"):
        render_words(pair)
        with st.container(horizontal=True, gap="medium", key="adjudicate_sides"):
            for side in (first, second):
                _render_side(side)
        if viewer_names & {pair["annotator_a"], pair["annotator_b"]}:
            st.caption("You gave one of these labels. A third person should settle it, where there is one.")
        key = f"{pair['task_id']}_{number}"
        words, aspect = _negative_part(first, second)
        render_ruling_form(key, joint_slices(pair, SLICES), words, aspect)
        with st.container(horizontal=True, key="adjudicate_buttons"):
            for label in LABELS:
                st.button(
                    label.capitalize(), key=f"adjudicate_{label}", type="primary", shortcut=LABEL_KEYS[label],
                    on_click=_settle, args=(pair["task_id"], number, key, label),
                )  # fmt: skip
            st.button(
                "Later", key="adjudicate_later_button", icon=":material/skip_next:", shortcut=LATER_KEY,
                type="tertiary", on_click=_skip, args=(pair["task_id"], number),
            )  # fmt: skip
    st.caption(f"Task: {plain(pair['task'], 120)}. A and B are drawn anew for each review.")


def _render_side(side: Side) -> None:
    with st.container(border=True):
        unsure = " · unsure" if side.unsure else ""
        st.markdown(f"**{side.letter}: {side.label}**{unsure}")
        st.caption(f"Tags: {slice_words(side.slices)}")
        if side.reason_words or side.aspect:
            parts = [part for part in (side.aspect, side.reason_words) if part]
            st.caption(plain(" · ".join(parts)))


def _negative_part(first: Side, second: Side) -> tuple[str, str | None]:
    """Words and aspect that one of the two gave of a negative review, as a start."""
    negative = [side for side in (first, second) if side.label == "negative"]
    words = next((side.reason_words for side in negative if side.reason_words), "")
    return words, next((side.aspect for side in negative if side.aspect), None)


def _render_settled(settled: pd.DataFrame) -> None:
    if settled.empty:
        return
    recent = settled.sort_values("ruled_adjudicated_utc", ascending=False)
    with st.expander(f"Settled by adjudication: {formatting.count(len(settled))}", key="adjudicated"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Review": [preview(*pair) for pair in zip(recent["title"], recent["text"], strict=True)],
                    "Two labels": [
                        f"{first}, {second}"
                        for first, second in zip(recent["label_a"], recent["label_b"], strict=True)
                    ],
                    "Settled as": list(recent["ruled_label"]),
                    "Why": list(recent["ruled_reason"]),
                    "By": list(recent["ruled_adjudicated_by"]),
                    "When": [moment(utc) for utc in recent["ruled_adjudicated_utc"]],
                }
            ),
            hide_index=True,
            alt="Adjudicated reviews with both labels, the settled one, the reason and who settled it",
        )
        rows = recent.to_dict("records")
        place = st.selectbox(
            "Take one back", range(len(rows)), index=None, placeholder="Choose a review",
            format_func=lambda at: preview(rows[at]["title"], rows[at]["text"], 80), key="adjudicated_choice",
        )  # fmt: skip
        st.button(
            "Take back", key="take_back_adjudication", icon=":material/undo:", disabled=place is None,
            on_click=_take_back,
            args=() if place is None else (rows[place]["task_id"], int(rows[place]["review_id"])),
        )  # fmt: skip


def _settle(task_id: str, number: int, key: str, label: str) -> None:
    """Store an adjudication with the rights of this moment."""
    slices, words, aspect, reason = read_ruling(key)
    with guard():
        session = renew_session()
        database, scope = session.service.database, session.scope
        said = GivenLabel(label, slices, False, words, aspect)
        if not adjudicate(database, scope, task_id, number, said, reason):
            leave_notice(MEANWHILE)
            return
        undo = partial(take_back_adjudication, database, scope, task_id, number)
        leave_notice(f"Settled as {label}.", undo)


def _take_back(task_id: str, number: int) -> None:
    with guard():
        session = renew_session()
        take_back_adjudication(session.service.database, session.scope, task_id, number)
        leave_notice("Taken back: the review waits for a third reading again.")


def _skip(task_id: str, number: int) -> None:
    kept = [one for one in st.session_state.get(_LATER, []) if one != (task_id, number)]
    st.session_state[_LATER] = [*kept, (task_id, number)]
