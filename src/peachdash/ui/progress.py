"""Scoring as it goes on, polled in a fragment of its own."""

from __future__ import annotations

import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs.progress import ScoringProgress, find_progress
from peachdash.ui.access import Session
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard

_SEEN_ACTIVE = "scoring_was_active"
POLL_SECONDS = 1.0


def render_scoring_progress(session: Session, waiting: int) -> None:
    """Counts, rate and time left while reviews are being read; nothing where none waits.

    Args:
        waiting: reviews of the filter that no model has read, so that polling starts before the run does.
    """
    progress = find_progress(session.service.settings.jobs)
    active = progress is not None and progress.is_active
    if not (active or waiting):
        st.session_state.pop(_SEEN_ACTIVE, None)
        return
    st.session_state[_SEEN_ACTIVE] = waiting
    st.fragment(_poll, run_every=POLL_SECONDS)(session)


def _poll(session: Session) -> None:
    with guard():
        progress = find_progress(session.service.settings.jobs)
        if progress is not None and progress.state == "failed":
            st.warning(
                f"Reading the reviews failed: {plain(progress.error)} It is tried again within a minute.",
                icon=":material/error:",
            )
        elif progress is not None and progress.is_active:
            share = progress.done / progress.total if progress.total else 0.0
            st.progress(min(share, 1.0), text=progress_words(progress))
            st.session_state[_SEEN_ACTIVE] = progress.total
        elif progress is not None and st.session_state.get(_SEEN_ACTIVE) and progress.state == "stored":
            st.session_state.pop(_SEEN_ACTIVE, None)
            st.rerun()


def progress_words(progress: ScoringProgress) -> str:
    """ "412 of 1,200 texts read, 95 a second, 8 seconds left"."""
    words = [f"{formatting.count(progress.done)} of {formatting.counted(progress.total, 'text')} read"]
    if progress.state == "queued" or (progress.state == "running" and not progress.done):
        words = [f"{formatting.counted(progress.total, 'text')} to read, the model is being loaded"]
    if progress.state == "done":
        words = ["All read; being stored"]
    if progress.texts_per_second:
        words.append(f"{progress.texts_per_second:,.0f} a second")
    if progress.seconds_left is not None and progress.state == "running":
        words.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """ "8 seconds", "3 minutes"."""
    if seconds < 90:
        return formatting.counted(max(round(seconds), 1), "second")
    return formatting.counted(round(seconds / 60), "minute")
