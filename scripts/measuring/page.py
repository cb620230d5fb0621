"""How long the Complaints page of one business with 10,000 reviews takes, by Streamlit's own protocol.

A home is filled, `peachdash serve` is started on it, and a visitor without a browser asks for the page: what
counts is the time until everything that the page shows has been sent.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pandas as pd
import psutil
import sqlalchemy as sa
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from peachdash.config import REPOSITORY, Settings
from peachdash.errors import JobFailed
from peachdash.insights.issue_building import FoundIssues
from peachdash.jobs.grouping import new_issue_id
from peachdash.queries.issue_evidence import fetch_ungrouped
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.active import find_active
from peachdash.sentiment.text import text_sha256s
from peachdash.storage import issue_schema as i
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database, open_database
from peachdash.storage.predictions import append_predictions
from peachdash.storage.reviews import append_import, append_reviews
from peachdash.workflows.issue_building import cut_sentences, store_issues
from scripts.measuring.speed import corpus_sentences

HOUSE = Scope.everything("measure")
REVIEWS, ISSUES, BUSINESS, TIMES = 10_000, 500, "large", 5
LATEST = dt.date(2026, 10, 31)
WAIT_SECONDS = 60.0


def measure(settings: Settings) -> dict[str, Any]:
    """Medians of five until everything is sent: seconds by the clock, and of the server's processor."""
    with tempfile.TemporaryDirectory() as folder:
        home = settings.model_copy(update={"home": Path(folder), "database_url": ""})
        database = open_database(home.database)
        counts, issue = fill(database, settings, find_active(home))
        database.close()
        with serving(Path(folder)) as (address, process):
            for what in ("", f"&issue={issue}"):  # what the first visitor of a started server waits for
                visit(address, process, f"business={BUSINESS}&period=all{what}")
            return counts | {
                name: _medians([visit(address, process, query) for query in addresses(since, what)])
                for name, since, what in (
                    ("page, of dates that nobody asked for before", 600, ""),
                    ("page, again", 600, ""),
                    ("an issue, of dates that nobody asked for before", 500, f"&issue={issue}"),
                    ("an issue, again", 500, f"&issue={issue}"),
                )
            }


def addresses(days: int, what: str) -> list[str]:
    """Addresses that differ in their first day."""
    starts = [LATEST - dt.timedelta(days=days - number) for number in range(TIMES)]
    return [f"business={BUSINESS}&period=custom&since={day}&until={LATEST}{what}" for day in starts]


def _medians(visits: list[tuple[float, float]]) -> dict[str, float]:
    seconds, used = np.median(visits, axis=0)
    return {"seconds": round(float(seconds), 2), "processor seconds": round(float(used), 2)}


def visit(address: str, process: psutil.Process, query: str) -> tuple[float, float]:
    """Seconds from a new visitor's request to the end of the page, by the clock and of the processor.

    Raises:
        JobFailed: the page shows an error.
    """
    message = BackMsg()
    message.rerun_script.query_string, message.rerun_script.page_name = query, "complaints"
    with connect(
        f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")],
        origin=Origin(f"http://{address}"), max_size=None,
    ) as visitor:  # fmt: skip
        started, used = time.perf_counter(), _processor_seconds(process)
        visitor.send(message.SerializeToString())
        while not is_end(visitor.recv(timeout=WAIT_SECONDS)):
            pass
        return time.perf_counter() - started, _processor_seconds(process) - used


def is_end(data: str | bytes) -> bool:
    """Whether a message of the server ends a page.

    Raises:
        JobFailed: it shows an error.
    """
    received = ForwardMsg()
    received.ParseFromString(data)
    kind, shown = received.WhichOneof("type"), received.delta.new_element
    if kind == "delta" and shown.WhichOneof("type") == "exception":
        raise JobFailed(f"The page shows an error: {shown.exception.message}")
    return kind == "script_finished" and received.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of a dashboard over a home and its process, while the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = psutil.Popen(
        [sys.executable, "-m", "peachdash.cli", "serve", "--port", str(port), "--no-browser"],
        cwd=REPOSITORY, env={**os.environ, "PEACHDASH_HOME": str(home)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        try:
            urlopen(address, timeout=1)
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise JobFailed(f"{address} did not answer within {WAIT_SECONDS:.0f} seconds.")


def fill(database: Database, settings: Settings, models: ActiveModels) -> tuple[dict[str, int], str]:
    """Reviews over two years, half of them negative, in issues; what there is, and the first issue's id."""
    sentences = list(corpus_sentences(settings)["sentence"])
    generator = np.random.default_rng(0)
    texts = [
        " ".join(f"{sentences[row]} ({number})" for row in generator.integers(len(sentences), size=3))
        for number in range(REVIEWS)
    ]
    frame = pd.DataFrame(
        {
            "business_id": BUSINESS, "source": "google", "platform_id": None,
            "review_date": [LATEST - dt.timedelta(days=number % 730) for number in range(REVIEWS)],
            "date_precision": "day", "stars": 2.0, "title": "", "text": texts,
            "text_sha256": text_sha256s(texts),
            "language": "en", "owner_reply": None, "reviewer_hash": None, "possible_duplicate": False,
            "unscored_reason": None,
        }
    )  # fmt: skip
    record = {
        "import_id": BUSINESS, "file_name": "large.csv", "file_sha256": BUSINESS, "format": "csv",
        "origin": "command", "imported_by": "measure", "rows_read": 0, "accepted": 0, "duplicates": 0,
        "rejected": 0, "details": {},
    }  # fmt: skip
    with database.write() as connection:
        ensure_client(connection, "client", "Client")
        add_business(connection, "Large", business_id=BUSINESS, client_id="client")
        append_import(
            connection, record, pd.DataFrame(columns=["row_number", "column_name", "reason", "raw"])
        )
        append_reviews(connection, BUSINESS, frame)
        append_predictions(connection, _readings(list(frame["text_sha256"]), models.champion))
        append_predictions(connection, _readings(list(frame["text_sha256"]), models.generic))
    cut_sentences(database, HOUSE)
    with database.write() as connection:
        keys = list(connection.execute(sa.select(i.review_sentences.c.sentence_sha256).distinct()).scalars())
        append_predictions(connection, _readings(keys, models.champion))
    with database.read() as connection:
        new = fetch_ungrouped(connection, HOUSE, models)
    ids = _store(database, new)
    return {"reviews": REVIEWS, "sentences in issues": len(new), "issues": len(ids)}, ids[0]


def _readings(keys: list[str], revision: str) -> pd.DataFrame:
    """Every second text is read as negative."""
    negative = np.arange(len(keys)) % 2 == 0
    return pd.DataFrame(
        {
            "text_sha256": keys, "revision": revision, "precision": "fp32",
            "label": np.where(negative, "negative", "positive"), "p_negative": np.where(negative, 0.9, 0.05),
            "p_neutral": 0.05, "p_positive": np.where(negative, 0.05, 0.9), "needs_review": False,
        }
    )  # fmt: skip


def _store(database: Database, new: pd.DataFrame) -> list[str]:
    ids = [new_issue_id() for _ in range(ISSUES)]
    vector = np.ones(384, dtype=np.float32)
    sentences = new.assign(
        issue_id=[ids[number % ISSUES] for number in range(len(new))],
        similarity=1.0,
        vector=[vector] * len(new),
    )
    names = pd.DataFrame({"issue_id": ids, "name": "name", "aspect": "other", "sentences": 1})
    names["keywords"] = [["word"]] * ISSUES
    issues = pd.DataFrame({"issue_id": ids, "business_id": BUSINESS, "vector": [vector] * ISSUES})
    store_issues(database, HOUSE, FoundIssues(issues, sentences, names), "space")
    return ids
