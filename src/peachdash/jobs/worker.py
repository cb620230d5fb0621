"""The resident worker: one process that keeps the models loaded and takes short runs one by one.

`python -m peachdash.jobs.worker` is started by the supervisor and ends with it. A lock file lets one
worker serve a home; a run whose worker was killed is taken up again from its finished parts.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from peachdash.config import Settings, load_settings
from peachdash.errors import PeachdashError, RunCancelled
from peachdash.jobs import cancelling, candidate_runs, explaining, grouping, label_checking
from peachdash.jobs.runs import RunFolder, unfinished_runs, worker_lock
from peachdash.jobs.scoring import KIND, execute_scoring_run, make_scorer
from peachdash.logs import configure_logging
from peachdash.sentiment.active import find_model

if TYPE_CHECKING:
    from peachdash.sentiment.embedding import Embedder
    from peachdash.sentiment.engine import Scorer

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2
STARTS_IN_VAIN = 3
NICE = 5
"""The pages go before what the models read; that goes before languages and near duplicates."""

FIRST = (explaining.KIND, KIND, grouping.KIND, label_checking.KIND)
"""Kinds of runs that somebody waits for; what candidates read gives way to them."""


class _GaveWay(Exception):
    """A run stopped at a finished part, since another one is more urgent; it goes on afterwards."""


def main() -> int:
    """Serve runs until the parent process is gone."""
    settings = load_settings()
    configure_logging(settings, "worker")
    os.nice(NICE)
    parent = os.getppid()
    with worker_lock(settings.jobs, wait=lambda: os.getppid() == parent) as ours:
        if ours:
            log.info("worker %d serves %s", os.getpid(), settings.jobs)
            serve_runs(settings, parent)
    return 0


def serve_runs(settings: Settings, parent: int) -> None:
    """Take the oldest unfinished run again and again while the parent lives; short kinds go first."""
    tools: Tools | None = None
    while os.getppid() == parent:
        run = next_run(settings.jobs)
        if run is None:
            time.sleep(POLL_SECONDS)
            continue
        if tools is None:
            tools = Tools(make_scorer(settings), make_embedder(settings))
        take_run(run, tools, settings, parent)


@dataclass(frozen=True)
class Tools:
    """What stays loaded from run to run."""

    scorer: Scorer
    embedder: Embedder


def next_run(jobs: Path) -> RunFolder | None:
    """The oldest unfinished run of the kinds that this worker takes."""
    kinds = (*FIRST, candidate_runs.KIND)
    waiting = (run for kind in kinds for run in unfinished_runs(jobs, kind))
    return next(waiting, None)


def take_run(run: RunFolder, tools: Tools, settings: Settings, parent: int) -> None:
    """Execute one run and leave it done or failed; a failure of ours is logged with its traceback.

    A worker whose parent is gone ends at the next finished part, so that whoever comes next may go on.
    """
    if run.starts_in_vain >= STARTS_IN_VAIN:
        run.set_state("failed", f"the worker died {STARTS_IN_VAIN} times without finishing a part")
        return

    def check(*progress: object) -> None:
        if os.getppid() != parent:
            raise SystemExit
        cancelling.require_wanted(run)
        if run.request.get("kind") == candidate_runs.KIND and _somebody_waits(settings.jobs):
            raise _GaveWay

    run.set_state("running")
    try:
        cancelling.require_wanted(run)
        _execute(run, tools, settings, check)
    except _GaveWay:
        run.append_event(event="gave_way", **_how_far(run))
        run.set_state("queued")
    except RunCancelled as error:
        run.set_state("cancelled", str(error))
    except PeachdashError as error:
        run.set_state("failed", str(error))
        log.warning("run %s failed: %s", run.run_id, error)
    except Exception as error:
        run.set_state("failed", f"{type(error).__name__}; see the log")
        log.exception("run %s failed", run.run_id)
    else:
        run.set_state("done")


def _somebody_waits(jobs: Path) -> bool:
    return any(run for kind in FIRST for run in unfinished_runs(jobs, kind))


def _how_far(run: RunFolder) -> dict[str, int]:
    """Where the bar stood, so that it does not fall back while the run waits."""
    last = next((event for event in reversed(run.events()) if "done" in event), {"done": 0, "total": 0})
    return {"done": int(last["done"]), "total": int(last["total"])}


def _execute(run: RunFolder, tools: Tools, settings: Settings, check: Callable[..., None]) -> None:
    if run.request.get("kind") == grouping.KIND:
        grouping.execute_grouping_run(run, tools.embedder, settings.models, check)
        return
    if run.request.get("kind") == label_checking.KIND:
        label_checking.execute_check_run(run, tools.embedder, settings.models, check)
        return
    find = partial(find_model, settings=settings)
    if run.request.get("kind") == explaining.KIND:
        explaining.execute_explanation_run(run, tools.scorer, tools.embedder, find, settings.models)
        return
    if run.request.get("kind") == candidate_runs.KIND:
        candidate_runs.execute_candidate_run(run, tools.scorer, find, settings, on_part=check)
        return
    execute_scoring_run(run, tools.scorer, find, on_part=check)


def make_embedder(settings: Settings) -> Embedder:
    """The encoder for grouping, on the device that the settings name."""
    from peachdash.sentiment.embedding import Embedder

    return Embedder(settings.encoders, settings.device)


if __name__ == "__main__":
    sys.exit(main())
