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
from peachdash.workflows.feedback import (
    mark_answered,
    report_readings,
    take_back_decision,
    withdraw_reports,
)

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
    """Open a labelled review by its key, which is its number where it was not shipped.

    One that is no longer stored stays closed.
    """
    with session.service.database.read() as connection:
        number = find_review_number(connection, session.scope, review_key)
    if number is None and review_key.isascii() and review_key.isdigit():
        number = int(review_key)
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


def correct_readings(session: Session, numbers: list[int], suggestion: str, note: str) -> None:
    """Report that the readings of some reviews are wrong; from those who may decide, that decides it."""
    database, scope, words = session.service.database, session.scope, VERDICT_WORDS[suggestion]
    report_readings(database, scope, session.models, numbers, suggestion, note)
    forget_ticks()
    st.session_state[_FORGET_REPORT] = True
    which = f"Review {numbers[0]}" if len(numbers) == 1 else formatting.counted(len(numbers), "review")
    if scope.may_decide:
        counts = "counts" if len(numbers) == 1 else "count"
        done(
            f"{which} now {counts} as {words}. All numbers follow.", partial(_take_all_back, session, numbers)
        )
    done(
        f"{which} reported as {words}. The Feedback page says what comes of it.",
        partial(_withdraw_all, session, numbers),
    )


def _take_all_back(session: Session, numbers: list[int]) -> None:
    for number in numbers:
        take_back_decision(session.service.database, session.scope, number)


def _withdraw_all(session: Session, numbers: list[int]) -> None:
    for number in numbers:
        withdraw_reports(session.service.database, session.scope, number)


def report_forgotten() -> bool:
    """Whether the form of the report that was just sent is to come up blank; says so once."""
    return bool(st.session_state.pop(_FORGET_REPORT, False))


def take_back(session: Session, numbers: list[int]) -> None:
    """Let the model's readings of some reviews count again."""
    _take_all_back(session, numbers)
    done(f"{formatting.counted(len(numbers), 'decision')} taken back; the model's reading counts again.")
