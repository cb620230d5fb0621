"""The second process of `serve`: it reads large files and looks through texts, and ends when all is done.

`python -m peachdash.jobs.background` is started by the supervisor, at a lower priority than the pages. It
takes uploads first. A run whose process was killed is taken up again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
from pathlib import Path

from peachdash.config import Settings, load_settings
from peachdash.errors import PeachdashError
from peachdash.jobs import describing, importing
from peachdash.jobs.runs import RunFolder, unfinished_runs, write_json
from peachdash.logs import configure_logging

log = logging.getLogger(__name__)
STARTS_IN_VAIN = 3
NICE = 10


def main() -> int:
    """Take runs until none is left or the parent process is gone."""
    settings = load_settings()
    configure_logging(settings, "background")
    os.nice(NICE)
    parent = os.getppid()
    settings.jobs.mkdir(parents=True, exist_ok=True)
    with (settings.jobs / "background.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        while os.getppid() == parent and (run := next_run(settings.jobs)) is not None:
            take_run(run, settings)
    return 0


def next_run(jobs: Path) -> RunFolder | None:
    """The oldest upload that waits, else the oldest batch of texts."""
    for kind in (importing.KIND, describing.KIND):
        run = next(unfinished_runs(jobs, kind), None)
        if run is not None:
            return run
    return None


def take_run(run: RunFolder, settings: Settings) -> None:
    """Do one run and leave it done or failed; a failure of ours is logged with its traceback."""
    if run.starts >= STARTS_IN_VAIN:  # such a run begins anew each time, however far it came
        run.set_state("failed", f"its process died {STARTS_IN_VAIN} times")
        return
    run.set_state("running")
    try:
        if run.request["kind"] == importing.KIND:
            importing.prepare_run(run, settings.home)
        else:
            describing.describe_run_reviews(run)
    except PeachdashError as error:
        write_json(run.path / "result.json", {"error": str(error), "kind": type(error).__name__})
        run.set_state("failed", str(error))
        log.info("run %s was refused: %s", run.run_id, type(error).__name__)
    except Exception as error:
        run.set_state("failed", f"{type(error).__name__}; see the log")
        log.exception("run %s failed", run.run_id)
    else:
        if run.state == "failed":  # nobody waits for it any more
            run.discard_payload()
            return
        run.set_state("done")
        importing.discard_upload(run)


if __name__ == "__main__":
    sys.exit(main())
