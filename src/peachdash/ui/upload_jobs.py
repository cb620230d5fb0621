"""Large files: read in another process, with progress on the page, and stored by the supervisor."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash import errors
from peachdash.errors import JobFailed
from peachdash.insights import formatting
from peachdash.jobs import describing
from peachdash.jobs.importing import (
    KIND,
    abandon,
    confirm,
    create_import_run,
    full_rejects,
    import_runs,
    is_confirmed,
    read_view,
    recount_if_changed,
    run_scope,
)
from peachdash.jobs.runs import UNFINISHED, RunFolder, list_runs, read_json
from peachdash.ui.access import Session
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.workflows.import_plan import PlanView
from peachdash.workflows.importing import ImportOptions

_RUNS = "upload_runs"
POLL_SECONDS = 1.0
_STATES = {
    "queued": (0.05, "waits for its turn"),
    "running": (0.3, "is read and checked"),
    "done": (0.8, "is compared with what is stored"),
}


def large_view(session: Session, file: Any, options: ImportOptions, slot: str) -> PlanView | None:
    """What would be stored of a large file; None while it is read or stored, and after, which the page shows.

    Raises:
        PeachdashError: of the kind for which the file was refused.
        JobFailed: it could not be read for another reason.
    """
    run = _run_of(session, file, options)
    if run.state == "failed":
        kind = getattr(errors, str(read_json(run.path / "result.json").get("kind")), JobFailed)
        if kind is JobFailed:
            _offer_again(run, "Read it again", slot)
        raise kind(run.error or "the work on the file was lost.")
    if run.state == "stored":
        _render_stored(run, slot)
        return None
    recount_if_changed(session.service.database, run)
    view = None if is_confirmed(run) else read_view(run)
    if view is None:
        st.fragment(_poll_reading, run_every=POLL_SECONDS)(run)
    return view


def _render_stored(run: RunFolder, slot: str) -> None:
    result = read_json(run.path / "result.json")
    counts = [int(result.get(name, 0)) for name in ("accepted", "duplicates", "rejected")]
    st.success(plain(done_words(run.request["file_name"], *counts), 400), icon=":material/check:")
    if result.get("profile_not_kept"):
        st.warning(f"The settings were not kept as a profile: {plain(result['profile_not_kept'], 400)}")
    _offer_again(run, "Check the file again", slot)


def _offer_again(run: RunFolder, words: str, slot: str) -> None:
    st.button(words, icon=":material/refresh:", key=f"again{slot}", on_click=_forget_run, args=(run,))


def _forget_run(run: RunFolder) -> None:
    runs: dict[str, str] = st.session_state.get(_RUNS, {})
    st.session_state[_RUNS] = {key: path for key, path in runs.items() if path != str(run.path)}


def done_words(name: str, accepted: int, duplicates: int, rejected: int) -> str:
    """What an import did."""
    return (
        f"{formatting.counted(accepted, 'review')} imported from {name}, "
        f"{formatting.counted(duplicates, 'duplicate')} and {formatting.counted(rejected, 'rejected row')} "
        "left out. The models read them now."
    )


def store_large(session: Session, file: Any, options: ImportOptions, profile_name: str) -> None:
    """Have the supervisor store a large file that was read, and keep its settings as a profile."""
    run = _run_of(session, file, options)
    confirm(run, platform_count=options.platform_count, profile_name=profile_name)


def large_rejects(file: Any) -> pd.DataFrame | None:
    """All rejected rows of a large file that was read; None for another."""
    runs: dict[str, str] = st.session_state.get(_RUNS, {})
    found = [path for key, path in runs.items() if key.startswith(f"{file.file_id}|")]
    return full_rejects(RunFolder(_path(found[-1]))) if found else None


def render_background(session: Session) -> None:
    """Imports that are being stored, and how far the search for languages and near duplicates is."""
    with guard():
        runs = _working(session)
        if runs:
            st.fragment(_poll_background, run_every=POLL_SECONDS)(session, [run.run_id for run in runs])


def _working(session: Session) -> list[RunFolder]:
    """Unfinished runs that the viewer may know of: their own imports, the house's search."""
    jobs = session.service.settings.jobs
    own = [
        run
        for run in import_runs(jobs)
        if run.state in (*UNFINISHED, "done")
        and is_confirmed(run)
        and (session.scope.may_see_all_texts or run_scope(run).viewer == session.scope.viewer)
    ]
    if not session.scope.may_see_all_texts:
        return own
    search = [run for run in list_runs(jobs) if run.request.get("kind") == describing.KIND]
    return own + [run for run in search if run.state in (*UNFINISHED, "done")]


def _poll_background(session: Session, shown: list[str]) -> None:
    runs = _working(session)
    if [run.run_id for run in runs] != shown:
        st.rerun()
    for run in runs:
        if run.request["kind"] == KIND:
            words = "is being stored" if run.state == "done" else "is read and checked"
            st.caption(f":material/hourglass: {plain(run.request['file_name'], 80)} {words}.")
        else:
            _render_search(run)


def _render_search(run: RunFolder) -> None:
    events = run.events()
    last = events[-1] if events else {"done": 0, "total": 0}
    share = last["done"] / last["total"] if last.get("total") else 0.0
    left = int(run.request.get("left", 0))
    texts = int(run.request.get("texts", 0))
    words = f"Looking for languages and near duplicates: {formatting.counted(texts, 'review')}"
    st.progress(min(share, 1.0), text=words + (f", then {formatting.count(left)} more" if left else ""))


def _poll_reading(run: RunFolder) -> None:
    state, confirmed = run.state, is_confirmed(run)
    if state in ("failed", "stored") or (not confirmed and read_view(run) is not None):
        st.rerun()
    share, words = _STATES[state]
    if state == "done" and confirmed:
        share, words = 0.9, "is being stored"
    st.progress(share, text=f"{plain(run.request['file_name'], 80)} {words}.")


def _run_of(session: Session, file: Any, options: ImportOptions) -> RunFolder:
    """The run that reads a file with some options, made where there is none."""
    runs: dict[str, str] = st.session_state.setdefault(_RUNS, {})
    known = ImportOptions(options.business, options.source, options.mapping, options.date_order)
    key = f"{file.file_id}|{known!r}|{session.scope.key}"
    if key not in runs:
        _abandon_others(file, runs)
        jobs = session.service.settings.jobs
        run = create_import_run(
            jobs, file.getvalue(), file.name, options, session.scope, "page", confirmed=False
        )
        runs[key] = str(run.path)
    return RunFolder(_path(runs[key]))


def _abandon_others(file: Any, runs: dict[str, str]) -> None:
    """Close the runs that read the same file with other settings: each waits for those before it."""
    for key in [key for key in runs if key.startswith(f"{file.file_id}|")]:
        abandon(RunFolder(_path(runs.pop(key))))


def _path(text: str) -> Any:
    from pathlib import Path

    return Path(text)
