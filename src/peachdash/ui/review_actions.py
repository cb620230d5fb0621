"""What can be done with reviews: open one, answer complaints, correct a reading, take that back.

Each action calls one workflow, leaves a notice with its undo and starts the next run, so that every
number follows.
"""

from __future__ import annotations

from functools import partial

import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.version import find_review_number
from peachdash.ui.access import Session
from peachdash.ui.click_table import forget_click, forget_ticks
from peachdash.ui.formatting import VERDICT_WORDS
from peachdash.ui.notices import done
from peachdash.workflows.feedback import mark_answered, report_reading, take_back_decision

_ADDRESS = "review"
_FORGET_REPORT = "forget_report"


def open_review(number: int) -> None:
    """Put a review into the address, which opens its detail on the next run."""
    st.query_params[_ADDRESS] = str(number)


def close_review() -> None:
    """Take the review out of the address, and let go of the row that it was opened from."""
    st.query_params.pop(_ADDRESS, None)
    forget_click()


def open_labelled(session: Session, review_key: str) -> None:
    """Open a labelled review by its key; one that is no longer stored stays closed."""
    with session.service.database.read() as connection:
        number = find_review_number(connection, session.scope, review_key)
    if number is not None:
        open_review(number)


def opened_review() -> int | None:
    """The review that the address asks for; None where it asks for none, or for no number."""
    value = st.query_params.get(_ADDRESS, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def change_answers(session: Session, numbers: list[int], *, answered: bool, note: str = "") -> None:
    """Mark complaints as answered, or as open again."""
    database, scope = session.service.database, session.scope
    mark_answered(database, scope, numbers, answered=answered, note=note)
    forget_ticks()
    state = "answered" if answered else "open again"
    undo = partial(mark_answered, database, scope, numbers, answered=not answered)
    done(f"{formatting.counted(len(numbers), 'complaint')} marked as {state}.", undo)


def correct_reading(session: Session, number: int, suggestion: str, note: str) -> None:
    """Report that the reading of a review is wrong; in local mode that decides it at once."""
    database, scope = session.service.database, session.scope
    report_reading(database, scope, session.models, number, suggestion, note)
    forget_ticks()
    st.session_state[_FORGET_REPORT] = True
    undo = partial(take_back_decision, database, scope, number)
    done(f"Review {number} now counts as {VERDICT_WORDS[suggestion]}. All numbers follow.", undo)


def report_forgotten() -> bool:
    """Whether the form of the report that was just sent is to come up blank; says so once."""
    return bool(st.session_state.pop(_FORGET_REPORT, False))


def take_back(session: Session, numbers: list[int]) -> None:
    """Let the model's readings of some reviews count again."""
    for number in numbers:
        take_back_decision(session.service.database, session.scope, number)
    done(f"{formatting.counted(len(numbers), 'decision')} taken back; the model's reading counts again.")
