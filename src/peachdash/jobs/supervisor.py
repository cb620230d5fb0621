"""The supervisor: one thread of `serve` that sees to it that finished work reaches the database.

It keeps the resident worker alive while there is work, takes finished parts in (in transactions that
can be repeated without harm), hands over texts that no model has read, and answers the inbox. It runs
whether a browser is open or not.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pandas as pd

from peachdash.config import Settings
from peachdash.errors import PeachdashError
from peachdash.jobs import (
    candidate_runs,
    describing,
    explaining,
    importing,
    issue_finding,
    label_checking,
)
from peachdash.jobs.background import next_run
from peachdash.jobs.inbox import serve_inbox, settle_dropped
from peachdash.jobs.runs import RunFolder, State, adopt_runs, forget_old_runs, list_runs, unfinished_runs
from peachdash.jobs.scoring import KIND, create_scoring_run, read_part
from peachdash.jobs.training_desk import TrainingDesk
from peachdash.queries.version import fetch_data_version
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.active import find_active
from peachdash.storage.database import Database
from peachdash.workflows.describing import find_undescribed
from peachdash.workflows.scoring import find_unread, store_predictions

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
LOOK_FOR_UNREAD_SECONDS = 10.0
RESTART_SECONDS = 2.0
TAKE_SECONDS = 10.0
"""So often are readings of an unfinished run taken in: with each, all that pages have counted is void."""

HOUSE = Scope.everything("peachdash")
WORKER_KINDS = (KIND, issue_finding.KIND, explaining.KIND, label_checking.KIND)


class Supervisor:
    """Start it once in the process that holds the database; `stop` ends thread and worker."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self._worker: subprocess.Popen[bytes] | None = None
        self._worker_started = 0.0
        self._background: subprocess.Popen[bytes] | None = None
        self._background_started = 0.0
        self.trainings = TrainingDesk(database, settings, HOUSE)
        self._looked_for_texts = 0.0
        self._described_soon = True
        self._looked_for_unread = 0.0
        self._complaint = ""
        self._grouped = ""
        self._taken: set[str] = set()
        self._took = -TAKE_SECONDS
        self._given_up: set[tuple[str, State]] = set()
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)

    def start(self) -> None:
        adopt_runs(self.settings.jobs)
        adopt_runs(self.settings.trainings)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the worker; whatever was finished stays on disk."""
        self._stopping.set()
        self._thread.join(timeout=10)
        self.trainings.stop()
        for process in (self._worker, self._background):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()

    def score_soon(self) -> None:
        """Look for unread texts at the next tick, rather than within ten seconds."""
        self._wanted.set()
        self._described_soon = True

    @property
    def worker_pid(self) -> int | None:
        return self._worker.pid if self._worker is not None and self._worker.poll() is None else None

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self.tick()
            self._stopping.wait(TICK_SECONDS)

    def tick(self) -> None:
        """One round: output in, inbox answered, new work handed out, worker alive."""
        for step in (
            self._take_all_output,
            self._take_background,
            self._serve_inbox,
            self._hand_out_undescribed,
            self._hand_out_unread,
            self._keep_worker_alive,
            self._keep_background_alive,
            self.trainings.tick,
        ):
            try:
                step()
            except PeachdashError as error:
                self._complain(str(error))
            except Exception:
                log.exception("a step of the supervisor failed; it goes on with the next")
                self._stopping.wait(RESTART_SECONDS)

    def _complain(self, message: str) -> None:
        """Log a message, but not the same one again and again."""
        if message != self._complaint:
            log.warning("%s", message)
        self._complaint = message

    def _take_all_output(self) -> None:
        self._take_each(self._take_output)

    def _take_background(self) -> None:
        self._take_each(self._take_background_run)

    def _take_each(self, take: Callable[[RunFolder], None]) -> None:
        """Take every run, whatever becomes of the others; one that cannot be taken has failed."""
        for run in list_runs(self.settings.jobs):
            state = run.state
            if (run.run_id, state) in self._given_up:
                continue
            try:
                take(run)
            except PeachdashError as error:
                self._complain(str(error))
            except Exception as error:
                log.exception("the run %s could not be taken", run.run_id)
                self._given_up.add((run.run_id, state))
                if run.state not in ("stored", "failed", "cancelled"):
                    run.set_state("failed", f"{type(error).__name__}; see the log")

    def _take_background_run(self, run: RunFolder) -> None:
        """Store what the background process has read or found, or say what would be stored."""
        kind, state = run.request.get("kind"), run.state
        if kind == importing.KIND and state == "done" and importing.take_import(self.database, run):
            self.score_soon()
        elif kind == describing.KIND and state == "done":
            describing.take_findings(self.database, HOUSE, run)
            self._described_soon = True
        if kind == importing.KIND and state == "done":
            importing.forget_unconfirmed(run)
        if kind == importing.KIND and state in ("stored", "failed"):
            settle_dropped(self.settings, run)

    def _hand_out_undescribed(self) -> None:
        due = self._described_soon or time.monotonic() - self._looked_for_texts > LOOK_FOR_UNREAD_SECONDS
        if not due or any(unfinished_runs(self.settings.jobs, describing.KIND)):
            return
        self._described_soon, self._looked_for_texts = False, time.monotonic()
        if _failed_lately(self.settings, describing.KIND):
            return
        batch = find_undescribed(self.database, HOUSE)
        if batch is not None:
            forget_old_runs(self.settings.jobs)
            describing.create_describing_run(self.settings.jobs, batch)

    def _keep_background_alive(self) -> None:
        running = self._background is not None and self._background.poll() is None
        recent = time.monotonic() - self._background_started < RESTART_SECONDS
        if running or recent or next_run(self.settings.jobs) is None:
            return
        self._background_started = time.monotonic()
        self._background = subprocess.Popen(
            [sys.executable, "-m", "peachdash.jobs.background"], stdin=subprocess.DEVNULL
        )

    def _serve_inbox(self) -> None:
        if serve_inbox(self.database, self.settings):
            self.score_soon()

    def _take_output(self, run: RunFolder) -> None:
        state, kind = run.state, run.request.get("kind")
        if state == "stored" or kind != KIND:
            if state == "done" and kind == issue_finding.KIND:
                issue_finding.take_output(self.database, self.settings, HOUSE, run)
                self._wanted.set()
            elif state == "done" and kind == explaining.KIND:
                explaining.take_explanation(self.database, HOUSE, run, self.settings.models)
            elif state == "done" and kind == label_checking.KIND:
                label_checking.take_check(self.database, HOUSE, run, self.settings.models)
            elif state != "stored" and kind == candidate_runs.KIND:
                candidate_runs.take_candidate_output(self.database, HOUSE, self.settings, run, self._taken)
            return
        if state != "done" and time.monotonic() - self._took < TAKE_SECONDS:
            return  # the parts lie safely on disk meanwhile
        parts = [part for part in run.parts() if part.name not in self._taken]
        frames = [frame for frame in map(read_part, parts) if frame is not None]
        if frames:
            self._took = time.monotonic()
            store_predictions(self.database, HOUSE, pd.concat(frames))
        self._taken.update(part.name for part in parts)
        if state == "done":
            run.set_state("stored")
            run.discard_payload()
            forget_old_runs(self.settings.jobs)
            self._wanted.set()

    def _hand_out_unread(self) -> None:
        due = time.monotonic() - self._looked_for_unread > LOOK_FOR_UNREAD_SECONDS
        if not (self._wanted.is_set() or due) or self._is_busy():
            return
        self._wanted.clear()
        self._looked_for_unread = time.monotonic()
        if _failed_lately(self.settings, KIND):
            return
        models = find_active(self.settings)
        texts = find_unread(self.database, HOUSE, models.revisions)
        if len(texts):
            create_scoring_run(self.settings.jobs, texts, models.revisions)
        else:
            self._hand_out_complaints(models)

    def _hand_out_complaints(self, models: ActiveModels) -> None:
        """Once all reviews are read: their sentences to the champion, then what complains to the grouping."""
        if _failed_lately(self.settings, issue_finding.KIND):
            return
        with self.database.read() as connection:
            version = f"{fetch_data_version(connection, HOUSE)} {models.champion}"
        if version == self._grouped:
            return
        if issue_finding.hand_out(self.database, self.settings, HOUSE, models) is not None:
            self._wanted.set()
        else:
            self._grouped = version

    def _is_busy(self, *more: str) -> bool:
        kinds = (*WORKER_KINDS, *more)
        return any(run for kind in kinds for run in unfinished_runs(self.settings.jobs, kind))

    def _keep_worker_alive(self) -> None:
        if not self._is_busy(candidate_runs.KIND) or self.worker_pid is not None:
            return
        if time.monotonic() - self._worker_started < RESTART_SECONDS:
            return
        if self._worker is not None:
            log.warning("the worker ended with status %s; starting another", self._worker.returncode)
        self._worker_started = time.monotonic()
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "peachdash.jobs.worker"], stdin=subprocess.DEVNULL
        )


FAILURE_PAUSE_SECONDS = 60.0


def _failed_lately(settings: Settings, kind: str) -> bool:
    """Whether the last run of a kind failed within the last minute: the next one then waits."""
    runs = [run for run in list_runs(settings.jobs) if run.request.get("kind") == kind]
    if not runs or runs[-1].state != "failed":
        return False
    return time.time() - runs[-1].changed_seconds < FAILURE_PAUSE_SECONDS
