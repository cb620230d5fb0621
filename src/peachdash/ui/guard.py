"""The one place in the dashboard that turns a known failure into a line on the screen."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from peachdash.errors import (
    BadInput,
    DatabaseLocked,
    DatabaseTooNew,
    ModelRefused,
    ModelUnavailable,
    NotFound,
    PeachdashError,
    Superseded,
)
from peachdash.ui.formatting import plain

log = logging.getLogger(__name__)

_HEADINGS: tuple[tuple[type[PeachdashError], str], ...] = (
    (DatabaseLocked, "The database is in use by another process."),
    (DatabaseTooNew, "The database belongs to a later version."),
    (ModelRefused, "A model is refused."),
    (ModelUnavailable, "A model is missing."),
    (Superseded, "Somebody else was faster."),
    (NotFound, "This is not here."),
    (BadInput, "This cannot be used as it is."),
)
UNCHANGED = "Nothing was changed."


@contextmanager
def guard(unchanged: str = UNCHANGED) -> Iterator[None]:
    """Show a `PeachdashError` as what happened, what was not changed and what to do; let all else pass."""
    try:
        yield
    except PeachdashError as error:
        log.info("shown to the user: %s", type(error).__name__)
        render_failure(error, unchanged)


def render_failure(error: PeachdashError, unchanged: str = UNCHANGED) -> None:
    """The message of a failure, with a way to try again where waiting may help."""
    heading = next((words for kind, words in _HEADINGS if isinstance(error, kind)), "That did not work.")
    st.error(f"**{heading}** {plain(error, 1000)} {unchanged}", icon=":material/error:")
    if isinstance(error, (DatabaseLocked, ModelUnavailable)):
        st.button("Try again", icon=":material/refresh:", key="failure_retry")
