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
    confirm,
    create_import_run,
    full_rejects,
    import_runs,
    read_view,
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


def large_view(session: Session, file: Any, options: ImportOptions, slot: str) -> PlanView | None:
    """What would be stored of a large file; None while it is being read, which the page shows.

    Raises:
        PeachdashError: of the kind for which the file was refused.
        JobFailed: it could not be read for another reason.
    """
    run = _run_of(session, file, options)
    if run.state == "failed":
        kind = getattr(errors, str(read_json(run.path / "result.json").get("kind")), JobFailed)
        raise kind(run.error)
    view = read_view(run)
    if view is None:
        st.fragment(_poll_reading, run_every=POLL_SECONDS)(run)
    return view


def store_large(session: Session, file: Any, options: ImportOptions) -> None:
    """Have the supervisor store a large file that was read."""
    confirm(_run_of(session, file, options), platform_count=options.platform_count)


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
        and (run.path / "confirmed").exists()
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
            words = "is stored" if run.state == "done" else "is read and checked"
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
    if run.state == "failed" or read_view(run) is not None:
        st.rerun()
    words = {"queued": "waits for its turn", "running": "is read and checked", "done": "is compared with"}
    tail = " what is stored" if run.state == "done" else ""
    share = {"queued": 0.05, "running": 0.3, "done": 0.8}.get(run.state, 0.9)
    st.progress(share, text=f"{plain(run.request['file_name'], 80)} {words.get(run.state, '')}{tail}.")


def _run_of(session: Session, file: Any, options: ImportOptions) -> RunFolder:
    """The run that reads a file with some options, made where there is none."""
    runs: dict[str, str] = st.session_state.setdefault(_RUNS, {})
    known = ImportOptions(options.business, options.source, options.mapping, options.date_order)
    key = f"{file.file_id}|{known!r}|{session.scope.key}"
    if key not in runs:
        jobs = session.service.settings.jobs
        run = create_import_run(
            jobs, file.getvalue(), file.name, options, session.scope, "page", confirmed=False
        )
        runs[key] = str(run.path)
    return RunFolder(_path(runs[key]))


def _path(text: str) -> Any:
    from pathlib import Path

    return Path(text)
