"""Scoring in the calling process: for commands, while no `serve` holds the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from peachdash.config import Settings
from peachdash.errors import JobFailed
from peachdash.jobs.describing import describe_all
from peachdash.jobs.progress import ScoringProgress, describe_run
from peachdash.jobs.runs import RunFolder, forget_old_runs, unfinished_runs, worker_lock
from peachdash.jobs.scoring import KIND, create_scoring_run, execute_scoring_run, make_scorer, read_part
from peachdash.records import Scope
from peachdash.sentiment.active import find_model
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.database import Database
from peachdash.workflows.scoring import find_unread, store_predictions

OnProgress = Callable[[ScoringProgress], None]
LOCK_SECONDS = 60.0


def score_unread(
    database: Database,
    scope: Scope,
    settings: Settings,
    models: Sequence[ModelReference],
    *,
    labelled_split: str | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> int:
    """Read every stored text that one of the models lacks; how many texts were read.

    Finished parts go into the database as they come, so that a kill costs seconds. Runs that an
    earlier process left are completed first.

    Raises:
        ModelUnavailable: a model cannot be loaded.
        JobFailed: another process works on the runs of this home and does not end.
    """
    describe_all(database, scope, settings.jobs)
    deadline = time.monotonic() + LOCK_SECONDS
    with worker_lock(settings.jobs, wait=lambda: time.monotonic() < deadline) as ours:
        if not ours:
            raise JobFailed("Another process is reading reviews for this home; try again when it is done.")
        for run in list(unfinished_runs(settings.jobs, KIND)):
            take_leftovers(database, scope, run)
        return _score_rest(database, scope, settings, models, labelled_split, on_progress)


def _score_rest(
    database: Database,
    scope: Scope,
    settings: Settings,
    models: Sequence[ModelReference],
    labelled_split: str | None,
    on_progress: OnProgress,
) -> int:
    revisions = [model.revision for model in models]
    texts = find_unread(database, scope, revisions, labelled_split=labelled_split)
    if texts.empty:
        return 0
    run = create_scoring_run(settings.jobs, texts, [model.lookup for model in models])
    run.set_state("running")
    execute_here(database, scope, settings, run, on_progress)
    forget_old_runs(settings.jobs)
    return len(texts)


def take_leftovers(database: Database, scope: Scope, run: RunFolder) -> None:
    """Store what a run of a process that died had finished, and close it; the rest is found unread."""
    parts = [frame for frame in map(read_part, run.parts()) if frame is not None]
    if parts:
        store_predictions(database, scope, pd.concat(parts))
    run.set_state("stored")
    run.discard_payload()


def execute_here(
    database: Database, scope: Scope, settings: Settings, run: RunFolder, on_progress: OnProgress
) -> None:
    """Execute a scoring run in this process, storing each finished part."""

    def take(part: Path) -> None:
        store_predictions(database, scope, pq.read_table(part).to_pandas())
        on_progress(describe_run(run))

    scorer = make_scorer(settings)
    on_progress(describe_run(run))
    try:
        execute_scoring_run(run, scorer, partial(find_model, settings=settings), on_part=take)
    except Exception as error:
        run.set_state("failed", str(error))
        raise
    run.set_state("stored")
    run.discard_payload()
    on_progress(describe_run(run))
