"""The resident worker: one process that keeps the models loaded and takes short runs one by one.

`python -m peachdash.jobs.worker` is started by the supervisor and ends with it. A lock file lets one
worker serve a home; a run whose worker was killed is taken up again from its finished parts.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import time
from functools import partial
from typing import IO, TYPE_CHECKING

from peachdash.config import Settings, load_settings
from peachdash.errors import PeachdashError
from peachdash.jobs.runs import RunFolder, unfinished_runs
from peachdash.jobs.scoring import KIND, execute_scoring_run
from peachdash.logs import configure_logging
from peachdash.sentiment.active import find_model

if TYPE_CHECKING:
    from peachdash.sentiment.engine import Scorer

log = logging.getLogger(__name__)
POLL_SECONDS = 0.2


def main() -> int:
    """Serve runs until the parent process is gone."""
    settings = load_settings()
    configure_logging(settings, "worker")
    settings.jobs.mkdir(parents=True, exist_ok=True)
    parent = os.getppid()
    with (settings.jobs / "worker.lock").open("w") as lock:
        if not _lock(lock, parent):
            return 0
        log.info("worker %d serves %s", os.getpid(), settings.jobs)
        serve_runs(settings, parent)
    return 0


def _lock(lock: IO[str], parent: int) -> bool:
    """Wait for the lock; False when the parent went away in the meantime."""
    while os.getppid() == parent:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_SECONDS)
        else:
            return True
    return False


def serve_runs(settings: Settings, parent: int) -> None:
    """Take the oldest unfinished run again and again while the parent lives."""
    scorer: Scorer | None = None
    while os.getppid() == parent:
        run = next((run for run in unfinished_runs(settings.jobs) if run.request.get("kind") == KIND), None)
        if run is None:
            time.sleep(POLL_SECONDS)
            continue
        if scorer is None:
            scorer = make_scorer(settings)
        take_run(run, scorer, settings)


def take_run(run: RunFolder, scorer: Scorer, settings: Settings) -> None:
    """Execute one run and leave it done or failed; a failure of ours is logged with its traceback."""
    run.set_state("running")
    try:
        execute_scoring_run(run, scorer, partial(find_model, settings=settings))
    except PeachdashError as error:
        run.set_state("failed", str(error))
        log.warning("run %s failed: %s", run.run_id, error)
    except Exception as error:
        run.set_state("failed", f"{type(error).__name__}; see the log")
        log.exception("run %s failed", run.run_id)
    else:
        run.set_state("done")


def make_scorer(settings: Settings) -> Scorer:
    """A scorer as the settings say; importing it is what costs the worker its seconds of start."""
    from peachdash.sentiment.engine import Scorer

    return Scorer(
        settings.encoders,
        device=settings.device,
        batch_tokens=settings.batch_tokens,
        threads=settings.threads,
    )


if __name__ == "__main__":
    sys.exit(main())
