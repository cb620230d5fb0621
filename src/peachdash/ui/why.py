"""Why does the model say so: words for and against, confidence in words, similar labelled reviews."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.insights.aspects import load_head
from peachdash.jobs.explaining import ask_explanation, failed_explanation
from peachdash.records import LABELS
from peachdash.ui.access import Session, renew_session
from peachdash.ui.formatting import plain, preview, review_date
from peachdash.ui.guard import guard
from peachdash.workflows.explaining import ExplainedReading, ExplanationWork, find_explanation

POLL_SECONDS = 1.0
MOST_WORDS = 8
_ASKED = "why_asked"


def render_why(session: Session, review: dict[str, Any]) -> None:
    """A button that asks, and the answer once it is there; it is computed once for each text and model."""
    if not isinstance(review["champion_label"], str):
        return
    number = int(review["review_id"])
    if st.session_state.get(_ASKED) != number:
        st.button(
            "Why does the model say so?",
            icon=":material/psychology:",
            key="why",
            on_click=_ask,
            args=(number,),
        )
        return
    found = _find(session, number)
    if isinstance(found, ExplainedReading):
        _render(found, review)
    else:
        st.fragment(_wait, run_every=POLL_SECONDS)(number)


def _find(session: Session, number: int) -> ExplainedReading | ExplanationWork:
    space = load_head(session.service.settings.models).space
    return find_explanation(session.service.database, session.scope, session.models, number, space)


def _ask(number: int) -> None:
    st.session_state[_ASKED] = number


def _wait(number: int) -> None:
    """Ask for what is missing, and run the page again once it is there."""
    with guard():
        session = renew_session()
        found = _find(session, number)
        if isinstance(found, ExplainedReading):
            st.rerun()
        else:
            _render_waiting(session, found)


def _render_waiting(session: Session, work: ExplanationWork) -> None:
    jobs = session.service.settings.jobs
    failed = failed_explanation(jobs, work)
    if failed is not None:
        st.warning(f"This could not be explained: {plain(failed.error)}", icon=":material/error:")
        return
    ask_explanation(jobs, work)
    st.caption(":material/hourglass: The words are being weighed; that takes some seconds.")


def _render(found: ExplainedReading, review: dict[str, Any]) -> None:
    label = LABELS[found.label]
    with st.container(border=True):
        st.markdown(f"**Why {label}?** {confidence_words(review)}")
        for heading, words in split_words(found):
            if words:
                told = ", ".join(plain(word) for word in words)
                st.markdown(f"{heading.format(label=label)}: {told}")
        st.caption(
            "Words by their weight in the model (Integrated Gradients); they show what moved it, not what is "
            f"true. {formatting.percent(unexplained(found))} of the movement is not accounted for."
        )
        _render_similar(found.similar)


def confidence_words(review: dict[str, Any]) -> str:
    """How sure the model is, in plain words, as Markdown."""
    label = str(review["champion_label"])
    share = float(review[f"champion_p_{label}"])
    percent = formatting.percent(share)
    if review["champion_needs_review"]:
        return f"It is unsure: {percent} for {label}, under its threshold, so a person should decide."
    if share < 0.8:
        return f"It leans to {label}, at {percent}."
    return f"It is {'very ' if share >= 0.95 else ''}sure, at {percent}."


def split_words(found: ExplainedReading) -> list[tuple[str, list[str]]]:
    """The weightiest words for the label and those against it, each in the order of weight."""
    total: dict[str, float] = {}
    for start, end, weight in found.words:
        word = found.text[start:end].lower()
        if any(character.isalnum() for character in word):
            total[word] = total.get(word, 0.0) + weight
    ranked = sorted(total.items(), key=lambda item: -abs(item[1]))
    speaking = [item for item in ranked if abs(item[1]) >= 0.05 * abs(ranked[0][1])] if ranked else []
    for_it = [word for word, weight in speaking if weight > 0][:MOST_WORDS]
    against = [word for word, weight in speaking if weight < 0][:MOST_WORDS]
    return [("For {label}", for_it), ("Against {label}", against)]


def unexplained(found: ExplainedReading) -> float:
    """The share of the movement that the weights leave unexplained, 0 to 1."""
    moved = abs(sum(weight for _, _, weight in found.words)) + found.error
    return min(found.error / moved, 1.0) if moved else 0.0


def _render_similar(similar: pd.DataFrame) -> None:
    if similar.empty:
        st.caption("No labelled review to compare with.")
        return
    st.markdown("**The most similar labelled reviews**")
    for row in similar.itertuples():
        day = review_date(row.review_date, str(row.date_precision))
        st.caption(plain(f"{row.label} · {row.business} · {day}"))
        st.text(preview(row.title, row.text, 240), width="stretch")
