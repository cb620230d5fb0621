"""The top of a page: one computed sentence, the line that says what it rests on, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from peachdash.insights import formatting
from peachdash.ui.filters import View
from peachdash.ui.formatting import plain

DEMO_FIGURES = (
    "The texts and labels of the demo were made with language models: these figures say how a model reads "
    "texts like these. How it reads your customers has to be measured on labelled reviews of theirs."
)
_KEPT_TOGETHER = "n\N{NO-BREAK SPACE}\\=\N{NO-BREAK SPACE}"
DEMO_WORDS = "Demo data: made-up businesses and reviews"


@dataclass(frozen=True)
class KeyFigure:
    """A number with its name, and what it means for those who ask."""

    label: str
    value: int
    meaning: str


def render_headline(sentence: str) -> None:
    """The answer, in words computed from the data; no line breaks within an "n = 214"."""
    st.title(plain(sentence).replace(r"n \= ", _KEPT_TOGETHER), anchor=False)


def render_filter_line(view: View, reviews: int, *, is_demo: bool) -> None:
    """ "1,712 reviews, filter …", what of the address was ignored, and whether this is demo data."""
    st.caption(f"{formatting.counted(reviews, 'review')} · filter: {view.words}")
    if view.notes:
        st.caption(f":material/info: Ignored in the address: {'; '.join(view.notes)}.")
    if is_demo:
        render_demo_note()


def render_demo_note(meaning: str = "") -> None:
    """Say that what is shown rests on demo data, and what that means for it."""
    st.badge(DEMO_WORDS, icon=":material/science:", color="violet")
    if meaning:
        st.caption(meaning)


def render_key_figures(figures: Sequence[KeyFigure]) -> None:
    """A row of figures; on a phone they stand below each other."""
    with st.container(horizontal=True, gap="small"):
        for figure in figures:
            st.metric(
                figure.label,
                formatting.count(figure.value),
                help=figure.meaning,
                border=True,
                width="stretch",
            )


def totals_figures(totals: dict[str, int]) -> list[KeyFigure]:
    """Reviews read, waiting for a person and complaints open, from `fetch_totals`."""
    figures = [
        KeyFigure(
            "Reviews read", totals["read"], "Reviews that count towards the shares, in the filter's dates."
        ),
        KeyFigure(
            "Undecided",
            totals["undecided"],
            "The model is not sure enough of these; the review queue asks a person about them first.",
        ),
        KeyFigure(
            "Complaints open",
            totals["complaints_open"],
            "Negative reviews that nobody has marked as answered and that hold no reply by the owner.",
        ),
    ]
    if totals["waiting"]:
        meaning = "Imported reviews that the model has not read; they count as soon as it has."
        figures.append(KeyFigure("Not read yet", totals["waiting"], meaning))
    return figures
