"""Stopping a measurement or a preview: asked for by a file, seen at the next finished part."""

from __future__ import annotations

import fcntl
from pathlib import Path

from peachdash.config import Settings
from peachdash.errors import NotFound, RunCancelled
from peachdash.jobs.candidate_runs import KIND
from peachdash.jobs.runs import UNFINISHED, RunFolder
from peachdash.records import Scope

CANCEL = "cancel"


def cancel_candidate_run(scope: Scope, settings: Settings, run_id: str) -> None:
    """Ask a measurement or a preview to stop; one that no living process works on stops at once.

    What it has read stays: another one reads the rest only.

    Raises:
        NotFound: the viewer is no analyst, there is no such run, or it has ended.
    """
    run = RunFolder(settings.jobs / Path(run_id).name)
    known = scope.may_label and run.request.get("kind") == KIND
    if not known or run.state not in UNFINISHED:
        raise NotFound("There is no such measurement or preview any more that could be cancelled.")
    (run.path / CANCEL).write_text(scope.viewer, encoding="utf-8")
    if run.state == "queued" or not is_worker_alive(settings.jobs):
        run.set_state("cancelled", str(_cancelled(run)))


def is_cancelled(run: RunFolder) -> bool:
    """Whether somebody asked the run to stop."""
    return (run.path / CANCEL).is_file()


def require_wanted(run: RunFolder) -> None:
    """Let a run go on unless somebody asked it to stop.

    Raises:
        RunCancelled: somebody did.
    """
    if is_cancelled(run):
        raise _cancelled(run)


def _cancelled(run: RunFolder) -> RunCancelled:
    who = (run.path / CANCEL).read_text(encoding="utf-8")
    return RunCancelled(f"Cancelled by {who or 'somebody'}.")


def is_worker_alive(jobs: Path) -> bool:
    """Whether a living process works on the runs of a home: the system frees its lock however it ends."""
    path = jobs / "worker.lock"
    if not path.is_file():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
