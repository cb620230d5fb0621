"""How long the pages take with a million stored reviews that both models have read.

`python -m scripts.bench_pages` copies the demo home, imports a million rows, makes up what the models and the
search for languages would find in them, and runs each page by Streamlit's test runner, without browser and
server: first after a change of the data, when nothing is kept from before, and then again; under the dates
that a page shows at first, and under all dates. It prints the median seconds and what the first run waited
for. `--home` keeps the filled home, and takes the one that is there. Written to `build/bench_pages.json`.
What is made up is in that home only.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from peachdash.config import Settings
from peachdash.jobs import service
from peachdash.jobs.supervisor import Supervisor
from peachdash.records import LABELS, Scope
from peachdash.sentiment.active import find_active
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.database import Database, open_database
from peachdash.storage.predictions import load_unread
from peachdash.ui import data
from peachdash.workflows.imports import ImportOptions, import_export
from scripts.bench_home import REPOSITORY, copied_demo_home
from scripts.bench_import import write_export

PAGES = ("overview", "business", "complaints", "review_queue", "before_after", "feedback")
VIEWS: dict[str, dict[str, str]] = {"dates as at first": {}, "all dates": {"period": "all"}}
FIRST, AGAIN = "first", "again"
WAITED_FOR = 6


def main() -> None:
    """Fill, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5, help="how often each page is opened, and again")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--home", type=Path, help="where the filled home is kept")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        if not (home / "peachdash.duckdb").is_file():
            fill_home(home, given.rows)
        results = measure(home, given.pages, given.times)
    target = REPOSITORY / "build" / "bench_pages.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"cores": os.cpu_count(), "pages": results}, indent=1) + "\n")
    print(f"written to {target.relative_to(REPOSITORY)}")


def fill_home(home: Path, rows: int) -> None:
    """A copy of the demo home with an export of so many rows in it, read."""
    home.mkdir(parents=True, exist_ok=True)
    with copied_demo_home() as copy:
        export = copy / "bench.csv"
        write_export(export, rows)
        settings = Settings(home=copy)
        database = open_database(settings.database)
        content, house = export.read_bytes(), Scope.everything()
        import_export(database, house, copy, content, export.name, ImportOptions(), "command")
        make_up(database, find_active(settings).revisions)
        database.close()
        shutil.move(copy / "peachdash.duckdb", home)


def make_up(database: Database, revisions: tuple[str, ...]) -> None:
    """Readings by chance, one sentence a text, and a language, for every text that was not read."""
    rng = np.random.default_rng(1)
    with database.read() as connection:
        texts = load_unread(connection, revisions)[["text_sha256"]]
    now = pd.Timestamp.now("UTC")
    sentences = texts.assign(
        position=0, start_char=0, end_char=20, content_words=5,
        sentence_sha256="s" + texts["text_sha256"].str[1:],
    )  # fmt: skip
    languages = texts.assign(
        language="en", confidence=1.0, readable=rng.random(len(texts)) > 0.001, detector="made up",
        detected_utc=now,
    )  # fmt: skip
    keys = sentences["sentence_sha256"].to_frame("text_sha256")
    with database.write() as connection:
        for revision in revisions:
            append_frame(connection, t.predictions, made_up_readings(texts, revision, rng, now))
        append_frame(connection, t.predictions, made_up_readings(keys, revisions[0], rng, now))
        append_frame(connection, i.review_sentences, sentences)
        append_frame(connection, t.text_languages, languages)


def made_up_readings(
    texts: pd.DataFrame, revision: str, rng: np.random.Generator, now: pd.Timestamp
) -> pd.DataFrame:
    """Rows of `predictions`: any label, with any probability of the top class from 0.35 up."""
    label, top = rng.integers(3, size=len(texts)), rng.uniform(0.35, 1, len(texts))
    chances = np.repeat(((1 - top) / 2)[:, None], 3, axis=1)
    chances[np.arange(len(texts)), label] = top
    columns = {f"p_{name}": chances[:, place] for place, name in enumerate(LABELS)}
    labels = np.array(LABELS)[label]
    return texts.assign(
        revision=revision, precision="fp32", label=labels, needs_review=top < 0.5, scored_utc=now, **columns
    )


def measure(home: Path, pages: list[str], times: int) -> list[dict[str, Any]]:
    """The seconds of each page on a home, whose supervisor stands still."""
    settings = Settings(home=home)
    database = open_database(settings.database)
    service._service = service.Service(settings, database, Supervisor(database, settings))
    waited = watch_reads()
    enter_by_the_entry_script()
    results = [measure_page(page, view, times, waited) for view in VIEWS for page in pages]
    database.close()
    return results


def measure_page(page: str, view: str, times: int, waited: dict[str, float]) -> dict[str, Any]:
    """One page under some dates; the first opening of all, which loads modules, counts for nothing."""
    seconds: dict[str, list[float]] = {FIRST: [], AGAIN: []}
    run_page(page, VIEWS[view])
    waited.clear()
    for _ in range(times):
        st.cache_data.clear()
        for taken in seconds.values():
            taken.append(run_page(page, VIEWS[view]))
    medians = {when: statistics.median(taken) for when, taken in seconds.items()}
    reads = {name: total / times for name, total in waited.items()}
    longest = dict(sorted(reads.items(), key=lambda read: -read[1])[:WAITED_FOR])
    print(f"{page:<13} {view}: first {medians[FIRST]:.2f} s, again {medians[AGAIN]:.2f} s")
    for name, read in longest.items():
        print(f"    {read:.2f} s {name}")
    return {"page": page, "view": view, **medians, "slowest": max(seconds[FIRST]), "waited_for": longest}


def run_page(page: str, query: dict[str, str]) -> float:
    """Seconds of one run of a page as on a first visit by an address."""
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=600)
    if page != PAGES[0]:
        app.switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    started = time.perf_counter()
    app.run()
    seconds = time.perf_counter() - started
    if app.exception:
        raise SystemExit(f"{page}: {app.exception[0].value}")
    return seconds


def watch_reads() -> dict[str, float]:
    """Seconds that were computed for each cached read, added up from now on."""
    waited: dict[str, float] = defaultdict(float)
    kept = data._remembered

    def watched(what: str, state: str, key: str, compute: Callable[[], Any]) -> Any:
        def timed() -> Any:
            started = time.perf_counter()
            try:
                return compute()
            finally:
                waited[what] += time.perf_counter() - started

        return kept(what, state, key, timed)

    data._remembered = watched  # type: ignore[assignment]
    return waited


def enter_by_the_entry_script() -> None:
    """Let the test runner begin as a server does that has had a visitor, and look for components once."""
    found, make = manifest_scanner.scan_component_manifests(), PagesManager.__init__

    def begin(self: PagesManager, *args: Any, **kwargs: Any) -> None:
        PagesManager.uses_pages_directory = False
        make(self, *args, **kwargs)

    PagesManager.__init__ = begin  # type: ignore[method-assign]
    manifest_scanner.scan_component_manifests = lambda: found


if __name__ == "__main__":
    main()
