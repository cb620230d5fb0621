"""How fast the pages open while a large file is imported and looked through.

`python -m scripts.bench_import_pages` starts `peachdash serve` on a copy of the demo home, lets visitors open
the main pages again and again by Streamlit's own protocol, drops a file of a million rows into the inbox
meanwhile, and prints the seconds of each page, median and slowest: before, while the file is read, while its
rows are stored, while models, languages and near duplicates work on them, and after (the same rows stored,
the work behind stopped). Written to `build/bench_import_pages.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peachdash.jobs.importing import import_runs
from scripts.bench_home import REPOSITORY, copied_demo_home
from scripts.bench_import import write_export
from tests.browser.conftest import free_port, wait_for
from tests.browser.wire import WireSession

PAGES = ("overview", "business", "complaints", "review_queue", "before_after", "feedback", "upload")
BEFORE, DROPPED, READ, STORED, SEARCHED, AFTER = (
    "before",
    "file taken in",
    "file read",
    "rows stored",
    "texts worked on",
    "after",
)
PHASES = (BEFORE, DROPPED, READ, STORED, SEARCHED, AFTER)
PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 600.0


class Visits:
    """Visitors who open one page after the other; each opening counts for the phase that it began in."""

    def __init__(self, address: str, visitors: int) -> None:
        self.address, self.phase = address, BEFORE
        self.seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(visitors)]

    def __enter__(self) -> Visits:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, number: int) -> None:
        place = number * len(PAGES) // len(self._threads)
        while not self._ended.wait(PAUSE_SECONDS):
            page, phase, started = PAGES[place % len(PAGES)], self.phase, time.perf_counter()
            try:
                session = WireSession(self.address, page, "", timeout=PATIENCE_SECONDS)
                self.errors += session.open().errors
                session.close()
            except Exception as error:
                self.errors.append(f"{page}, {phase}: {type(error).__name__}: {error}")
            else:
                self.seconds[phase, page].append(time.perf_counter() - started)
            place += 1


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--visitors", type=int, default=2)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long each phase of no end is watched"
    )
    given = parser.parse_args()
    with copied_demo_home() as copy:
        file = copy.parent / "bench.csv"
        write_export(file, given.rows)
        with serving(copy) as (process, address), Visits(address, given.visitors) as visits:
            lasted = pass_through(visits, process, copy, file, given.seconds)
    report(visits, lasted, given.rows)


@contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`peachdash serve` on a home, while the block runs."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "peachdash.cli", "serve", "--no-browser", "--port", str(port)],
        env={**os.environ, "PEACHDASH_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}")
        yield process, f"http://127.0.0.1:{port}"
    finally:
        signal_children(process.pid, signal.SIGCONT)
        process.terminate()
        process.wait(timeout=60)


def pass_through(
    visits: Visits, process: subprocess.Popen[bytes], home: Path, file: Path, seconds: float
) -> dict[str, float]:
    """Go through all phases while visitors come; how long each lasted, in seconds."""
    lasted, began = {}, time.perf_counter()

    def go_on(phase: str) -> None:
        nonlocal began
        lasted[visits.phase] = time.perf_counter() - began
        visits.phase, began = phase, time.perf_counter()

    time.sleep(seconds)
    for page in PAGES:
        visits.seconds[BEFORE, page] = visits.seconds[BEFORE, page][1:]  # the first visit starts the server
    (home / "inbox").mkdir(exist_ok=True)
    shutil.copy(file, home / "inbox" / ".bench.csv")
    go_on(DROPPED)
    (home / "inbox" / ".bench.csv").rename(home / "inbox" / "bench.csv")
    for states, phase in ((("queued", "running"), READ), (("done",), STORED), (("stored",), SEARCHED)):
        wait_for_state(home, states)
        go_on(phase)
    time.sleep(seconds)
    signal_children(process.pid, signal.SIGSTOP)
    time.sleep(5)
    go_on(AFTER)
    time.sleep(seconds)
    go_on("")
    return lasted


def wait_for_state(home: Path, states: tuple[str, ...]) -> None:
    """Wait until the import has one of some states, or a later one."""
    order = ["queued", "running", "done", "stored"]
    least, until = min(map(order.index, states)), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        runs = import_runs(home / "jobs")
        if runs and runs[-1].state == "failed":
            sys.exit(f"The import failed: {runs[-1].error}")
        if runs and order.index(runs[-1].state) >= least:
            return
        time.sleep(0.05)
    sys.exit(f"The import did not become {states[0]} within {PATIENCE_SECONDS:.0f} s.")


def signal_children(parent: int, number: signal.Signals) -> None:
    """Send a signal to the processes that a process started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                os.kill(int(stat.parent.name), number)
        except OSError:
            continue


def report(visits: Visits, lasted: dict[str, float], rows: int) -> None:
    """Print the table and write it."""
    found = []
    for phase in PHASES:
        print(f"{phase} ({lasted.get(phase, 0):.0f} s)")
        for page in PAGES:
            seconds = visits.seconds[phase, page]
            if seconds:
                told = {"median": statistics.median(seconds), "slowest": max(seconds), "times": len(seconds)}
                found.append({"phase": phase, "page": page, **told})
                print(
                    f"  {page:<13} median {told['median']:.2f} s, slowest {told['slowest']:.2f} s"
                    f" of {len(seconds)}"
                )
    for error in visits.errors:
        print(f"error: {error}")
    target = REPOSITORY / "build" / "bench_import_pages.json"
    target.parent.mkdir(exist_ok=True)
    content = {"rows": rows, "cores": os.cpu_count(), "lasted_seconds": lasted, "pages": found}
    target.write_text(json.dumps({**content, "errors": visits.errors}, indent=1) + "\n")
    print(f"written to {target.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
