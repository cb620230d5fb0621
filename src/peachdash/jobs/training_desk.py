"""What the supervisor does for trainings: hands them out, keeps their process alive, stores outcomes."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time

from peachdash.config import Settings
from peachdash.jobs import sweeping, training
from peachdash.jobs.trainer import next_training
from peachdash.records import Scope
from peachdash.storage.database import Database

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
RESTART_SECONDS = 2.0


class TrainingDesk:
    """One round after the other, called by the supervisor's thread."""

    def __init__(self, database: Database, settings: Settings, scope: Scope) -> None:
        self.database, self.settings, self.scope = database, settings, scope
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._looked = 0.0

    def tick(self) -> None:
        """At most once a second: outcomes in, sweeps a step further, new work handed out, trainer alive."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        training.take_finished(self.database, self.scope, self.settings)
        sweeping.advance(self.database, self.scope, self.settings)
        training.hand_out(self.database, self.scope, self.settings)
        self._keep_alive()

    def stop(self) -> None:
        """End the trainer; its training goes on from the checkpoint at the next start."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()

    @property
    def trainer_pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def _keep_alive(self) -> None:
        if self.trainer_pid is not None or next_training(self.settings) is None:
            return
        if time.monotonic() - self._started < RESTART_SECONDS:
            return
        if self._process is not None and self._process.returncode:
            log.warning("the trainer ended with status %s; starting another", self._process.returncode)
        self._started = time.monotonic()
        self._process = start_trainer()


def start_trainer() -> subprocess.Popen[bytes]:
    """The training process; its idle threads sleep instead of spinning, since others want the cores too."""
    return subprocess.Popen(
        [sys.executable, "-m", "peachdash.jobs.trainer"],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
    )
