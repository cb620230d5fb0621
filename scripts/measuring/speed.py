"""How long grouping takes, and how long the page waits for its figures."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.insights.aspects import load_head
from peachdash.insights.issue_building import FoundIssues, Material, build_issues
from peachdash.insights.issues import mark_readings, summarise_issues
from peachdash.insights.naming import Embed
from peachdash.insights.sentences import split_texts
from peachdash.jobs.grouping import new_issue_id
from peachdash.queries.complaints import fetch_issues, fetch_volumes
from peachdash.queries.issue_evidence import fetch_evidence, fetch_ungrouped
from peachdash.records import ActiveModels, ReviewFilter, Scope
from peachdash.sentiment.corpus import load_reviews
from peachdash.sentiment.embedding import Embedder
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage import issue_schema as i
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database, open_database
from peachdash.storage.predictions import append_predictions
from peachdash.storage.reviews import append_import, append_reviews
from peachdash.workflows.issue_building import MOST_AT_ONCE, cut_sentences, store_issues

HOUSE = Scope.everything("measure")
MODELS = ActiveModels("champion", "generic")
BUSINESSES, PAGE_REVIEWS = 20, 10_000
LATEST = dt.date(2026, 10, 31)


def corpus_sentences(settings: Settings) -> pd.DataFrame:
    """All sentences of the demo's reviews: sentence, text (of the whole review)."""
    texts = [
        text
        for split in ("train", "validation", "test", "unlabelled")
        for text in load_reviews(settings.data, split)["text"]
    ]
    scored = scored_texts(None, texts)
    by_key = dict(zip(text_sha256s(scored), scored, strict=True))
    found = split_texts(by_key.items())
    return found.assign(text=found["text_sha256"].map(by_key))[["sentence", "text"]]


def measure_grouping(settings: Settings, count: int) -> dict[str, Any]:
    """Seconds for embedding, and for grouping and naming, `count` sentences of twenty businesses.

    The demo has 24,000 sentences; they are repeated with a little noise on their vectors until there are
    enough, since sentences that are exactly alike would be found too easily.
    """
    head, sentences = load_head(settings.models), corpus_sentences(settings)
    embedder = Embedder(settings.encoders, settings.device)
    started = time.perf_counter()
    vectors = embedder.embed(list(sentences["sentence"]))
    embedding = time.perf_counter() - started
    rows = np.arange(count) % len(sentences)
    noise = np.random.default_rng(0).normal(scale=0.02, size=(count, vectors.shape[1])).astype(np.float32)
    centred = head.centre(vectors[rows] + noise)
    new = sentences.iloc[rows].assign(
        business_id=[f"business-{number % BUSINESSES}" for number in range(count)],
        text_sha256=[f"text-{number}" for number in range(count)],
        position=0,
        vector=list(centred),
    )
    started = time.perf_counter()
    found = _in_runs(new, head, lambda texts: head.centre(embedder.embed(texts)))
    return {
        "sentences": count,
        "precision": embedder.precision,
        "embedding, seconds": round(embedding * count / len(sentences), 1),
        "embedding, sentences a second": round(len(sentences) / embedding),
        "grouping and naming, seconds": round(time.perf_counter() - started, 1),
        "issues": found,
    }


def _in_runs(new: pd.DataFrame, head: Any, embed: Embed) -> int:
    """Group as `serve` does, in runs of `MOST_AT_ONCE`, each of which knows what those before it found."""
    parts: list[FoundIssues] = []
    for start in range(0, len(new), MOST_AT_ONCE):
        rows = new.iloc[start : start + MOST_AT_ONCE]
        parts.append(build_issues(_material(rows, parts, new), head, embed, new_issue_id))
    return sum(len(part.issues) for part in parts)


def _material(rows: pd.DataFrame, parts: list[FoundIssues], new: pd.DataFrame) -> Material:
    empty = pd.DataFrame(columns=["issue_id", "business_id", "vector"])
    prototypes = pd.concat([empty, *[part.issues for part in parts]], ignore_index=True)
    members = pd.concat([empty, *[part.sentences for part in parts]], ignore_index=True)
    if len(members):
        members = members.merge(new[["text_sha256", "sentence"]], on="text_sha256")
    names = pd.concat([part.names for part in parts] or [pd.DataFrame(columns=["issue_id", "sentences"])])
    names = names.drop_duplicates("issue_id", keep="last")[["issue_id", "sentences"]]
    columns = ["issue_id", "business_id", "sentence", "similarity", "vector"]
    return Material(rows, prototypes, members.reindex(columns=columns), names)


def measure_page(settings: Settings) -> dict[str, Any]:
    """Seconds for what the Complaints page computes, for one business of 10,000 reviews, medians of five."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "peachdash.duckdb")
        _fill(database, settings)
        seconds = [_page_seconds(database) for _ in range(5)]
        issues, evidence = _load(database)
        database.close()
    return {
        "reviews": PAGE_REVIEWS,
        "sentences in issues": len(evidence),
        "issues": len(issues),
        "seconds": round(float(np.median([wall for wall, _ in seconds])), 3),
        "processor seconds": round(float(np.median([used for _, used in seconds])), 3),
    }


def _load(database: Database) -> tuple[pd.DataFrame, pd.DataFrame]:
    criteria = ReviewFilter(business_id="large")
    with database.read() as connection:
        evidence = fetch_evidence(connection, HOUSE, criteria, MODELS)
        catalogue = fetch_issues(connection, HOUSE)
        volumes = fetch_volumes(connection, HOUSE, criteria, MODELS)
    return summarise_issues(mark_readings(evidence), catalogue, volumes), evidence


def _page_seconds(database: Database) -> tuple[float, float]:
    """By the clock, and of the processor."""
    started, used = time.perf_counter(), time.process_time()
    _load(database)
    return time.perf_counter() - started, time.process_time() - used


def _fill(database: Database, settings: Settings) -> None:
    """10,000 reviews over two years, half of them negative, in 500 issues."""
    sentences = list(corpus_sentences(settings)["sentence"])
    generator = np.random.default_rng(0)
    texts = [
        " ".join(f"{sentences[row]} ({number})" for row in generator.integers(len(sentences), size=3))
        for number in range(PAGE_REVIEWS)
    ]
    frame = pd.DataFrame(
        {
            "business_id": "large", "source": "google", "platform_id": None,
            "review_date": [LATEST - dt.timedelta(days=number % 730) for number in range(PAGE_REVIEWS)],
            "date_precision": "day", "stars": 2.0, "title": "", "text": texts,
            "text_sha256": text_sha256s(texts),
            "language": "en", "owner_reply": None, "reviewer_hash": None, "possible_duplicate": False,
            "unscored_reason": None,
        }
    )  # fmt: skip
    record = {
        "import_id": "large", "file_name": "large.csv", "file_sha256": "large", "format": "csv",
        "origin": "command", "imported_by": "measure", "rows_read": 0, "accepted": 0, "duplicates": 0,
        "rejected": 0, "details": {},
    }  # fmt: skip
    with database.write() as connection:
        ensure_client(connection, "client", "Client")
        add_business(connection, "Large", business_id="large", client_id="client")
        append_import(
            connection, record, pd.DataFrame(columns=["row_number", "column_name", "reason", "raw"])
        )
        append_reviews(connection, "large", frame)
        append_predictions(connection, _readings(list(frame["text_sha256"]), MODELS.champion))
        append_predictions(connection, _readings(list(frame["text_sha256"]), MODELS.generic))
    cut_sentences(database, HOUSE)
    with database.write() as connection:
        keys = list(connection.execute(sa.select(i.review_sentences.c.sentence_sha256).distinct()).scalars())
        append_predictions(connection, _readings(keys, MODELS.champion))
    with database.read() as connection:
        new = fetch_ungrouped(connection, HOUSE, MODELS)
    _store(database, new)


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


def _store(database: Database, new: pd.DataFrame) -> None:
    ids = [new_issue_id() for _ in range(500)]
    vector = np.ones(384, dtype=np.float32)
    sentences = new.assign(
        issue_id=[ids[number % 500] for number in range(len(new))], similarity=1.0, vector=[vector] * len(new)
    )
    names = pd.DataFrame({"issue_id": ids, "name": "name", "aspect": "other", "sentences": 1})
    names["keywords"] = [["word"]] * 500
    issues = pd.DataFrame({"issue_id": ids, "business_id": "large", "vector": [vector] * 500})
    store_issues(database, HOUSE, FoundIssues(issues, sentences, names), "space")
