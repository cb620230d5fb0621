"""Likely label errors: the search, how far it is, and a second look at what it found."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from peachdash.insights import formatting
from peachdash.insights.aspects import load_head
from peachdash.jobs.label_checking import EMBEDDING, CheckProgress, ask_check, find_check_progress
from peachdash.labelling.label_errors import FOLDS, OFFERED_SHARE
from peachdash.queries.label_checks import SHIPPED
from peachdash.records import LABELS
from peachdash.storage.labelling import SECOND_LOOK, GivenLabel
from peachdash.ui.access import Session, renew_session
from peachdash.ui.adjudication import MEANWHILE
from peachdash.ui.data import remember
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.ui.label_words import LABEL_KEYS, LATER_KEY, render_guide, slice_words
from peachdash.ui.notices import leave_notice
from peachdash.ui.review_card import render_words
from peachdash.ui.ruling_form import read_ruling, render_ruling_form
from peachdash.workflows.adjudicating import look_again, take_back_adjudication
from peachdash.workflows.label_checks import Suspects, find_check_work, list_suspects

POLL_SECONDS = 1.0
_LATER = "second_look_later"
_HELD_OUT = (
    "Validation and test reviews are left out: their labels follow from reading only, and would flatter a "
    "model that they were changed to suit."
)


def load_suspects(session: Session) -> Suspects:
    """What the last search found and nobody has looked at again."""
    database, scope = session.service.database, session.scope
    return remember(session, "label_suspects", lambda: list_suspects(database, scope))


def suspects_sentence(found: Suspects) -> str:
    """The answer of the view."""
    if not found.reviews:
        return "Nobody has looked for likely label errors yet."
    if found.rows.empty:
        return f"No likely label error is left among {formatting.counted(found.reviews, 'label')}."
    one = len(found.rows) == 1
    return (
        f"{formatting.count(len(found.rows))} of {formatting.counted(found.reviews, 'label')} "
        f"{'is' if one else 'are'} worth a second look."
    )


def render_label_errors(session: Session, found: Suspects) -> None:
    """How they are found, the search, and one likely error at a time."""
    st.caption(
        "Two classifiers, on sentence vectors and on words, learn four fifths of the labels and read the "
        f"other fifth, {FOLDS} times round, so they read no review whose label they have learned; cleanlab "
        f"marks labels that their readings contradict, and the least likely {OFFERED_SHARE:.0%} of all are "
        f"offered. {_HELD_OUT}"
    )
    _render_search(session, found)
    if found.rows.empty:
        return
    skipped = st.session_state.get(_LATER, [])
    rest = found.rows[~found.rows["review_id"].isin(skipped)]
    _render_suspect((rest if len(rest) else found.rows).iloc[0].to_dict(), found)


def _render_search(session: Session, found: Suspects) -> None:
    progress = find_check_progress(session.service.settings.jobs)
    if progress is not None and progress.is_active:
        st.fragment(_poll, run_every=POLL_SECONDS)()
        return
    if progress is not None and progress.state == "failed":
        st.warning(f"The search failed: {plain(progress.error)}", icon=":material/error:")
    if found.reviews:
        now = "of the labels as they are" if found.is_current else "before some labels changed"
        st.caption(
            f"The last search was {now}: {formatting.counted(found.found, 'likely error')} among "
            f"{formatting.counted(found.reviews, 'label')}; its readings repeat "
            f"{formatting.percent(found.agreement, found.reviews)} of the labels."
        )
    if not found.is_current:
        st.button(
            "Look for likely label errors", icon=":material/search:", key="check_labels", on_click=_ask,
            type="secondary" if len(found.rows) else "primary",
        )  # fmt: skip
        st.caption(f"{formatting.counted(found.settled, 'settled label')} to check, in some minutes.")


def _ask() -> None:
    with guard():
        session = renew_session()
        settings = session.service.settings
        space = load_head(settings.models).space
        ask_check(settings.jobs, find_check_work(session.service.database, session.scope, space))


def _poll() -> None:
    """How far the search is; the page runs again when it has ended."""
    with guard():
        progress = find_check_progress(renew_session().service.settings.jobs)
        if progress is None or not progress.is_active:
            st.rerun()
        else:
            share = progress.done / progress.total if progress.total else 0.0
            st.progress(min(share, 1.0), text=progress_words(progress))


def progress_words(progress: CheckProgress) -> str:
    """ "412 of 6,493 texts turned into vectors"."""
    if progress.state == "queued":
        return "The search begins as soon as the models are loaded."
    if progress.stage == EMBEDDING and progress.total:
        return (
            f"{formatting.count(progress.done)} of {formatting.counted(progress.total, 'text')} "
            "turned into sentence vectors"
        )
    return "Classifiers learn and read in turn; likely errors are ranked"


def _render_suspect(row: dict[Any, Any], found: Suspects) -> None:
    number, label = int(row["review_id"]), str(row["label"])
    origin = "of the shipped corpus" if row["origin"] == SHIPPED else "settled here"
    suggestion = str(row["suggestion"])
    st.subheader(
        f"Labelled {label}; read as {suggestion} ({formatting.percent(row[f'p_{suggestion}'])})", anchor=False
    )
    render_guide()
    with st.container(border=True, key="second_look_screen"):
        render_words(row)
        st.caption(
            f"The label, {origin}, has {formatting.percent(row['quality'])} by the classifiers. "
            f"Tags: {slice_words(list(row['slices']))}. The model may well be the one that errs: read first."
        )
        render_ruling_form(f"again_{number}", list(row["slices"]), "", None)
        with st.container(horizontal=True, key="second_look_buttons"):
            for one in LABELS:
                st.button(
                    f"Keep {one}" if one == label else f"Change to {one}", key=f"second_look_{one}",
                    type="primary" if one == label else "secondary", shortcut=LABEL_KEYS[one],
                    on_click=_settle, args=(number, one, label),
                )  # fmt: skip
            st.button(
                "Later", key="second_look_later_button", icon=":material/skip_next:", shortcut=LATER_KEY,
                type="tertiary", on_click=_skip, args=(number,),
            )  # fmt: skip
    st.caption(f"{formatting.counted(len(found.rows), 'label')} to look at, the likeliest error first.")


def _settle(number: int, label: str, before: str) -> None:
    """Store the second look with the rights of this moment."""
    slices, words, aspect, reason = read_ruling(f"again_{number}")
    with guard():
        session = renew_session()
        database, scope = session.service.database, session.scope
        if not look_again(database, scope, number, GivenLabel(label, slices, False, words, aspect), reason):
            leave_notice(MEANWHILE)
            return
        told = f"Kept as {label}." if label == before else f"Changed from {before} to {label}."
        leave_notice(told, partial(take_back_adjudication, database, scope, SECOND_LOOK, number))


def _skip(number: int) -> None:
    kept = [one for one in st.session_state.get(_LATER, []) if one != number]
    st.session_state[_LATER] = [*kept, number]
