"""Labelling in words: pools, slices with their keys, and the guide that says what each label means."""

from __future__ import annotations

from functools import cache

import streamlit as st

from peachdash.config import REPOSITORY
from peachdash.insights import formatting
from peachdash.records import Pool
from peachdash.storage.labelling import IMPORTED

LABEL_KEYS = {"negative": "1", "neutral": "2", "positive": "3"}
UNSURE_KEY, UNDO_KEY, LATER_KEY = "u", "z", "n"
SLICE_KEYS = {
    "peachy_brand": "b", "peachy_slang": "s", "peachy_sarcastic": "y", "peachtree": "t", "local": "l",
    "sarcasm": "a", "mixed": "m", "understated": "d", "plain": "p",
}  # fmt: skip
SLICE_WORDS = {
    "peachy_brand": "Peachy: brand",
    "peachy_slang": "Peachy: slang",
    "peachy_sarcastic": "Peachy: sarcastic",
    "peachtree": "Peachtree",
    "local": "Local",
    "sarcasm": "Sarcasm",
    "mixed": "Mixed",
    "understated": "Understated",
    "plain": "Plain",
}
SLICE_MEANINGS = {
    "peachy_brand": "The agency Peach Analytics, which locals call Peachy",
    "peachy_slang": "An honest “fine, great”",
    "peachy_sarcastic": "“Just peachy”, a complaint",
    "peachtree": "Place names with Peach in them",
    "local": "Atlanta places and speech",
    "sarcasm": "Any sarcasm or irony",
    "mixed": "Praise and blame",
    "understated": "A complaint put politely",
    "plain": "None of these",
}
POOL_WORDS = {
    Pool.UNLABELLED.value: "Unlabelled, at random",
    Pool.LEAST_CERTAIN.value: "Least certain: where the model doubts most",
    Pool.WORDS.value: "Mentions of words that you choose",
    Pool.REPORTED.value: "Reported by clients and colleagues",
    Pool.NEW.value: "New since the last training",
    IMPORTED: "From a file",
}
GUIDE = REPOSITORY / "docs" / "labelling.md"


@cache
def guide_text() -> str:
    """The labelling guide without its heading; where the file is missing, where it should be."""
    try:
        _, _, body = GUIDE.read_text(encoding="utf-8").partition("\n")
    except OSError:
        return "The labelling guide, `docs/labelling.md`, is not installed here."
    return body.strip()


def render_guide() -> None:
    """What each label means, behind a button."""
    with st.popover("What the labels mean", icon=":material/menu_book:"):
        st.markdown(guide_text())


def slice_words(names: list[str] | tuple[str, ...]) -> str:
    """ "Local, Sarcasm", or a dash."""
    return ", ".join(SLICE_WORDS.get(name, name) for name in names) or formatting.MISSING
