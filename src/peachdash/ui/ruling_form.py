"""What goes with a label that somebody settles: the reason, tags, and words and aspect of a negative one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from peachdash.records import ASPECTS, SLICES
from peachdash.ui.label_words import SLICE_WORDS
from peachdash.workflows.labelling import REASON_LIMIT, WORDS_LIMIT

_REASON, _SLICES, _WORDS, _ASPECT = "ruling_reason", "ruling_slices", "ruling_words", "ruling_aspect"


def render_ruling_form(key: str, slices: list[str], words: str, aspect: str | None) -> None:
    """The fields, filled with what is known.

    Args:
        key: of the review that is settled.
        slices: that are chosen at first.
        words: of a negative review, at first.
        aspect: of a negative review, at first.
    """
    st.text_input(
        "Why (needed)", key=f"{_REASON}_{key}", max_chars=REASON_LIMIT,
        placeholder="One line that somebody else can check against the guide",
    )  # fmt: skip
    with st.expander("Tags, and of a negative one the words and what it is about"):
        st.pills(
            "Tags", SLICES, selection_mode="multi", default=slices, key=f"{_SLICES}_{key}",
            format_func=lambda name: SLICE_WORDS[name],
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                "Words of the review that say so",
                words,
                key=f"{_WORDS}_{key}",
                max_chars=WORDS_LIMIT,
                width=380,
            )
            st.selectbox(
                "What it is about", ASPECTS, index=ASPECTS.index(aspect) if aspect in ASPECTS else None,
                key=f"{_ASPECT}_{key}", placeholder="Choose", width=260,
            )  # fmt: skip


def read_ruling(key: str) -> tuple[tuple[str, ...], str, str | None, str]:
    """What the fields hold: slices, words, aspect and reason."""
    state: Any = st.session_state
    return (
        tuple(state.get(f"{_SLICES}_{key}") or ()),
        state.get(f"{_WORDS}_{key}") or "",
        state.get(f"{_ASPECT}_{key}"),
        state.get(f"{_REASON}_{key}") or "",
    )
