"""A run folder: request, input, events, output and state of one piece of long work.

    <id>/request.json       what is to be done
    <id>/input.parquet      on what
    <id>/events.jsonl       progress, one JSON object a line
    <id>/output/*.parquet   finished parts; each appears whole
    <id>/state.json         queued, running, done, failed, cancelled or stored; the process; why

Everything is written beside its place and renamed there, so that a kill at any moment leaves either
the old or the new content.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

State = Literal["queued", "running", "done", "failed", "cancelled", "stored"]
UNFINISHED: tuple[State, ...] = ("queued", "running")
ADOPTED = "adopted"


@dataclass(frozen=True)
class RunFolder:
    """One run; the object holds nothing but the path, so that any process may make one."""

    path: Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def request(self) -> dict[str, Any]:
        return read_json(self.path / "request.json")

    @property
    def input(self) -> pa.Table:
        return pq.read_table(self.path / "input.parquet")

    @property
    def state(self) -> State:
        """The state that was written last; a folder without a readable one counts as failed."""
        found: State = read_json(self.path / "state.json").get("state", "failed")
        return found

    @property
    def error(self) -> str:
        return str(read_json(self.path / "state.json").get("error", ""))

    @property
    def changed_seconds(self) -> float:
        """When the state was written last, in seconds since the epoch; 0 where it cannot be told."""
        try:
            return (self.path / "state.json").stat().st_mtime
        except OSError:
            return 0.0

    @property
    def starts(self) -> int:
        """How often a process began the run under the present supervisor, see `adopt_runs`."""
        names = [event.get("event") for event in self.events()]
        since = len(names) - names[::-1].index(ADOPTED) if ADOPTED in names else 0
        return names[since:].count("started")

    @property
    def starts_in_vain(self) -> int:
        """How often a process began the run since a part was last finished."""
        count = 0
        for event in self.events():
            count = count + 1 if event.get("event") == "started" else 0
        return count

    def set_state(self, state: State, error: str = "") -> None:
        write_json(self.path / "state.json", {"state": state, "pid": os.getpid(), "error": error})

    def append_event(self, **event: Any) -> None:
        """Add one line of progress, stamped with the time in seconds since the epoch."""
        with (self.path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at_seconds": round(time.time(), 3), **event}) + "\n")

    def events(self) -> list[dict[str, Any]]:
        """All whole lines of progress so far."""
        try:
            lines = (self.path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        return [event for event in map(_parse_line, lines) if event is not None]

    def add_part(self, table: pa.Table) -> Path:
        """Store a finished part of the output."""
        folder = self.path / "output"
        folder.mkdir(exist_ok=True)
        name = f"{time.time_ns():020d}-{secrets.token_hex(3)}.parquet"
        pq.write_table(table, folder / f".{name}")
        (folder / f".{name}").rename(folder / name)
        return folder / name

    def parts(self) -> list[Path]:
        """The finished parts, oldest first."""
        folder = self.path / "output"
        return sorted(part for part in folder.glob("*.parquet") if not part.name.startswith("."))

    def discard_payload(self) -> None:
        """Delete input and output, which the database holds by now; events and state stay."""
        shutil.rmtree(self.path / "output", ignore_errors=True)
        for name in ("input.parquet", "upload.bin", "rejects.parquet"):
            (self.path / name).unlink(missing_ok=True)


def create_run(
    jobs: Path,
    kind: str,
    request: dict[str, Any],
    table: pa.Table,
    files: dict[str, bytes] | None = None,
    run_id: str = "",
) -> RunFolder:
    """Make a queued run, with further files by name; workers see it only when it is complete.

    Its id is made up unless one is given, which no run may have yet.
    """
    jobs.mkdir(parents=True, exist_ok=True)
    run_id = run_id or f"{time.time_ns():020d}-{kind}-{secrets.token_hex(3)}"
    building = jobs / f".{run_id}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    write_json(building / "request.json", {"kind": kind, **request})
    write_json(building / "state.json", {"state": "queued", "pid": os.getpid(), "error": ""})
    pq.write_table(table, building / "input.parquet")
    for name, content in (files or {}).items():
        (building / name).write_bytes(content)
    building.rename(jobs / run_id)
    return RunFolder(jobs / run_id)


def list_runs(jobs: Path) -> list[RunFolder]:
    """All runs, oldest first."""
    if not jobs.is_dir():
        return []
    names = sorted(path for path in jobs.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [RunFolder(path) for path in names]


def unfinished_runs(jobs: Path, kind: str) -> Iterator[RunFolder]:
    """Runs of a kind that are queued, running, or whose process died before their end."""
    return (run for run in list_runs(jobs) if run.request.get("kind") == kind and run.state in UNFINISHED)


def adopt_runs(jobs: Path) -> None:
    """Mark what an earlier supervisor left unfinished: that it ended says nothing against the runs."""
    for run in list_runs(jobs):
        if run.state in UNFINISHED:
            run.append_event(event=ADOPTED)


@contextmanager
def worker_lock(jobs: Path, wait: Callable[[], bool]) -> Iterator[bool]:
    """Hold the lock that lets one process work on the runs of a home; whether it could be had.

    Args:
        jobs: folder of the runs.
        wait: asked again and again while another process holds the lock; False gives up.
    """
    jobs.mkdir(parents=True, exist_ok=True)
    with (jobs / "worker.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait():
                    yield False
                    return
                time.sleep(0.2)
            else:
                yield True
                return


def forget_old_runs(jobs: Path, keep: int = 50) -> None:
    """Delete runs that ended beyond the newest `keep`, and what a kill left half made."""
    ended = [run for run in list_runs(jobs) if run.state in ("stored", "failed", "cancelled")]
    for run in ended[:-keep] if keep else ended:
        shutil.rmtree(run.path, ignore_errors=True)
    hour_ago = time.time() - 3600
    for path in jobs.glob(".*") if jobs.is_dir() else []:
        if path.is_dir() and path.stat().st_mtime < hour_ago:
            shutil.rmtree(path, ignore_errors=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON so that readers see the old file or the whole new one."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(3)}")
    beside.write_text(json.dumps(content), encoding="utf-8")
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; empty where the file is absent or holds something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _parse_line(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
