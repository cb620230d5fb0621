"""Who serves a home: a lock that lives as long as its process, and a file that says where."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import IO

from peachdash.config import Settings
from peachdash.jobs.runs import read_json, write_json

SERVE_FILE, LOCK_FILE = "serve.json", "serve.lock"


@dataclass(frozen=True)
class ServeInfo:
    """The `serve` that holds a home."""

    pid: int
    port: int


class ServeLock:
    """Held by the serving process; the system releases it with the process, however that ends."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take the lock and say where the dashboard is; False where another process has it."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        file = (self.settings.home / LOCK_FILE).open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        write_json(self.settings.home / SERVE_FILE, {"pid": os.getpid(), "port": self.settings.port})
        return True

    def release(self) -> None:
        if self._file is not None:
            (self.settings.home / SERVE_FILE).unlink(missing_ok=True)
            self._file.close()
            self._file = None


def find_serve(settings: Settings) -> ServeInfo | None:
    """The running `serve` of this home; None where there is none, whatever an old file says."""
    path = settings.home / LOCK_FILE
    if not path.is_file():
        return None
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            content = read_json(settings.home / SERVE_FILE)
            return ServeInfo(pid=_number(content.get("pid")), port=_number(content.get("port")))
    return None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
