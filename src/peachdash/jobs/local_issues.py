"""Finding issues in the calling process: for commands, while no `serve` holds the database."""

from __future__ import annotations

import time

from peachdash.config import Settings
from peachdash.errors import JobFailed
from peachdash.jobs import issue_finding
from peachdash.jobs.grouping import execute_grouping_run
from peachdash.jobs.local import LOCK_SECONDS, OnProgress, execute_here
from peachdash.jobs.runs import RunFolder, unfinished_runs, worker_lock
from peachdash.records import ActiveModels, Scope
from peachdash.storage.database import Database


def find_issues(
    database: Database,
    scope: Scope,
    settings: Settings,
    models: ActiveModels,
    *,
    on_progress: OnProgress = lambda progress: None,
) -> int:
    """Read the sentences of all reviews that were read, and put what complains into issues.

    Every step is stored when it is finished; repeating it does what is left.

    Returns:
        How many steps there were to do; 0 where every complaint was in an issue already.

    Raises:
        ModelUnavailable: a model, the encoder or the aspect head is missing.
        JobFailed: another process works on the runs of this home and does not end.
    """
    deadline, steps = time.monotonic() + LOCK_SECONDS, 0
    with worker_lock(settings.jobs, wait=lambda: time.monotonic() < deadline) as ours:
        if not ours:
            raise JobFailed("Another process is reading reviews for this home; try again when it is done.")
        for left in list(unfinished_runs(settings.jobs, issue_finding.KIND)):
            left.set_state("failed", "its process ended; it is done anew")
        while (run := issue_finding.hand_out(database, settings, scope, models)) is not None:
            _execute(database, scope, settings, run, models, on_progress)
            steps += 1
    return steps


def _execute(
    database: Database,
    scope: Scope,
    settings: Settings,
    run: RunFolder,
    models: ActiveModels,
    on_progress: OnProgress,
) -> None:
    run.set_state("running")
    if run.request.get("kind") != issue_finding.KIND:
        execute_here(database, scope, settings, run, on_progress)
        return
    from peachdash.sentiment.embedding import Embedder

    try:
        execute_grouping_run(run, Embedder(settings.encoders, settings.device), settings.models)
    except Exception as error:
        run.set_state("failed", str(error))
        raise
    run.set_state("done")
    issue_finding.take_output(database, settings, scope, run)
