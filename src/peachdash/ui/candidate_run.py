"""The run of a candidate as it goes on, polled in a fragment of its own."""

from __future__ import annotations

import streamlit as st

from peachdash.jobs.cancelling import cancel_candidate_run, is_cancelled, is_worker_alive
from peachdash.jobs.candidate_runs import find_candidate_run
from peachdash.jobs.progress import describe_run
from peachdash.jobs.runs import UNFINISHED, RunFolder
from peachdash.ui.access import Session, renew_session
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.ui.progress import POLL_SECONDS, progress_words

ACTIVE = (*UNFINISHED, "done")


def render_candidate_run(session: Session, purpose: str, revision: str, what: str) -> bool:
    """Progress while a run goes on, or why the last one failed; whether one goes on.

    Args:
        purpose: measure or preview.
        what: what is being done, in words, such as "The measurement".
    """
    run = find_candidate_run(session.service.settings.jobs, purpose, revision)
    if run is None:
        return False
    if run.state in ACTIVE:
        st.fragment(_poll, run_every=POLL_SECONDS)(session, purpose, revision, run.run_id)
        return True
    if run.state == "failed":
        st.warning(f"{what} failed: {plain(run.error, 500)}", icon=":material/error:")
    if run.state == "cancelled":
        st.info(
            f"{what} was stopped. {plain(run.error, 500)} What was read until then stays.",
            icon=":material/cancel:",
        )
    return False


def _poll(session: Session, purpose: str, revision: str, run_id: str) -> None:
    """Show how far the newest run is; run the page again when it has ended."""
    with guard():
        run = find_candidate_run(session.service.settings.jobs, purpose, revision)
        if run is None or run.state not in ACTIVE:
            st.rerun()
        progress = describe_run(run)
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(min(share, 1.0), text=_words(run))
        if run.run_id != run_id:
            st.caption("Reviews came in meanwhile; they are read too.")
        if run.state in UNFINISHED and not is_cancelled(run):
            _render_cancel(purpose, run.run_id)


def _render_cancel(purpose: str, run_id: str) -> None:
    if st.button("Cancel", icon=":material/cancel:", key=f"cancel_{purpose}"):
        session = renew_session()
        cancel_candidate_run(session.scope, session.service.settings, run_id)
        st.rerun()


def _words(run: RunFolder) -> str:
    if is_cancelled(run):
        return "It stops after the part that is being read …"
    if run.state == "running" and not is_worker_alive(run.path.parent):
        return "Interrupted; it goes on by itself in a moment"
    events = run.events()
    last = events[-1].get("event") if events else ""
    if last == "read" and run.state == "running":
        return "All read; speed and memory are being measured"
    if run.state == "queued" and last == "gave_way":
        return f"{progress_words(describe_run(run))}; it waits while new reviews are read"
    return progress_words(describe_run(run))
