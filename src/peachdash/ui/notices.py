"""What was just done, said once after the next run, with the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from peachdash.errors import NotFound
from peachdash.records import Scope
from peachdash.ui.access import current_scope
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard

_KEY = "notice"


@dataclass(frozen=True)
class Notice:
    """A line about something done, what undoes it, and who may."""

    words: str
    undo: Callable[[], object] | None = None
    scope: Scope | None = None


def done(words: str, undo: Callable[[], object] | None = None) -> None:
    """Leave a notice for the next run and start it, so that every number follows."""
    leave_notice(words, undo)
    st.rerun()


def leave_notice(words: str, undo: Callable[[], object] | None = None) -> None:
    """Leave a notice for the next run; for callbacks, which one follows anyway."""
    st.session_state[_KEY] = Notice(words, undo, current_scope() if undo is not None else None)


def render_notice() -> None:
    """The notice of the last action with its undo, at the foot of the window until the next one."""
    notice: Notice | None = st.session_state.pop(_KEY, None)
    if notice is None:
        return
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        st.success(plain(notice.words), icon=":material/check:", width="stretch")
        if notice.undo is not None:
            st.session_state["notice_undo"] = notice
            st.button("Undo", icon=":material/undo:", key="notice_undo_button", on_click=_undo)


def _undo() -> None:
    """Undo, if whoever may do what they could when the notice was left."""
    notice: Notice | None = st.session_state.pop("notice_undo", None)
    if notice is not None and notice.undo is not None:
        with guard():
            if current_scope() != notice.scope:
                raise NotFound("This can no longer be undone: what you may do has changed.")
            notice.undo()
            st.session_state[_KEY] = Notice("Undone.")
