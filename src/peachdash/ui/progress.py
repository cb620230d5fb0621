"""Scoring as it goes on, polled in a fragment of its own."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs.progress import ScoringProgress, find_progress
from peachdash.ui.access import Session
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard

POLL_SECONDS = 1.0


def render_scoring_progress(session: Session, waiting: int) -> None:
    """Counts, rate and time left while reviews are being read; nothing where none waits.

    A run reads for the whole house, so only those who see all of it are shown its counts.

    Args:
        waiting: reviews in scope that no model has read, so that polling starts before the run does.
    """
    if not session.scope.may_see_all_texts and not waiting:
        return
    progress = find_progress(session.service.settings.jobs)
    active = progress is not None and progress.is_active
    if active or waiting:
        ended = None if active or progress is None else progress.started_utc
        st.fragment(_poll, run_every=POLL_SECONDS)(session, waiting, ended)


def _poll(session: Session, waiting: int, ended: dt.datetime | None) -> None:
    """Show how far the newest run is; run the page again when one has ended since it was drawn.

    Args:
        ended: start of the run that had ended before, which is no news.
    """
    with guard():
        progress = find_progress(session.service.settings.jobs)
        if progress is not None and progress.state == "stored" and progress.started_utc != ended:
            st.rerun()
        if not session.scope.may_see_all_texts:
            words = f"{formatting.counted(waiting, 'review')} being read by the models."
            st.caption(f":material/hourglass: {words}")
        elif progress is not None and progress.is_active:
            share = progress.done / progress.total if progress.total else 0.0
            st.progress(min(share, 1.0), text=progress_words(progress))
        elif progress is not None and progress.state == "failed":
            st.warning(
                f"Reading the reviews failed: {plain(progress.error)} It is tried again within a minute.",
                icon=":material/error:",
            )
        else:
            st.caption(
                f":material/hourglass: {formatting.counted(waiting, 'review')} to be read by the models."
            )


def progress_words(progress: ScoringProgress) -> str:
    """ "412 of 1,200 texts read, 95 a second, 8 seconds left"."""
    total = formatting.counted(progress.total, progress.what.removesuffix("s"))
    words = [f"{formatting.count(progress.done)} of {total} read"]
    if progress.state == "queued" or (progress.state == "running" and not progress.done):
        words = [f"{total} to read, the model is being loaded"]
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
