"""Reviews whose sentences are grouped by words instead of an encoder, in a real database."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from peachdash.config import Settings
from peachdash.insights.aspects import AspectHead, save_head
from peachdash.jobs import issue_finding
from peachdash.jobs.grouping import execute_grouping_run
from peachdash.records import ASPECTS, Scope
from peachdash.storage.database import Database
from peachdash.storage.predictions import append_predictions
from peachdash.workflows.issue_building import find_unread_sentences
from tests.integration.conftest import MODELS, add_reviews, reading, review_rows

HOUSE = Scope.everything("ada")
WIDTH = 64
THEMES = ("cone", "wait", "price", "floor", "broth")
DAY = dt.date(2026, 10, 31)


class WordEmbedder:
    """Sentences with the same theme word are alike; others differ by their letters."""

    def embed(self, texts, on_batch=None) -> np.ndarray:
        vectors = np.stack([self._vector(text.lower()) for text in texts])
        if on_batch is not None:
            on_batch(len(texts), len(texts))
        return vectors

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(WIDTH, np.float32)
        for column, theme in enumerate(THEMES):
            vector[column] = theme in text
        if not vector.any():
            vector[8 + int(hashlib.sha256(text.encode()).hexdigest(), 16) % (WIDTH - 8)] = 1
        return vector / np.linalg.norm(vector)


def make_settings(home: Path) -> Settings:
    """Settings whose aspect head reads the theme words."""
    settings = Settings(home=home, models=home / "models")
    about = {"aspects": list(ASPECTS), "encoder": "words", "threshold": 0.5}
    weights = 10 * np.eye(7, WIDTH, dtype=np.float32)
    save_head(
        AspectHead(np.zeros(WIDTH, np.float32), weights, np.zeros(7, np.float32), "words", about),
        settings.models,
    )
    return settings


def post(
    database: Database, name: str, texts: list[tuple[str, str, int]], business: str = "creamery"
) -> None:
    """Reviews (text, label, days before the last day), which both models read as the label says."""
    rows = [
        {"text": text, "review_date": DAY - dt.timedelta(days=ago), "business_id": business, "stars": 2.0}
        for text, _, ago in texts
    ]
    frame = review_rows(rows)
    add_reviews(database, name, frame)
    labels = dict(zip(frame["text_sha256"], (label for _, label, _ in texts), strict=True))
    readings = [reading(key, MODELS.champion, label) for key, label in labels.items()]
    readings += [reading(key, MODELS.generic, "positive") for key in labels]
    with database.write() as connection:
        append_predictions(connection, pd.DataFrame(readings))


def read_sentences(database: Database) -> int:
    """The champion reads sentences with a theme word as negative; how many it had not read."""
    unread = find_unread_sentences(database, HOUSE, MODELS.champion)
    rows = [
        reading(
            key, MODELS.champion, "negative" if any(t in text.lower() for t in THEMES) else "positive", 0.95
        )
        for key, text in zip(unread["text_sha256"], unread["text"], strict=True)
    ]
    if rows:
        with database.write() as connection:
            append_predictions(connection, pd.DataFrame(rows))
    return len(rows)


def find_all(database: Database, settings: Settings) -> int:
    """Every step from read reviews to issues; how many runs of grouping there were."""
    runs = 0
    while (run := issue_finding.hand_out(database, settings, HOUSE, MODELS)) is not None:
        if run.request["kind"] != issue_finding.KIND:
            run.set_state("stored")
            read_sentences(database)
            continue
        execute_grouping_run(run, WordEmbedder(), settings.models)
        issue_finding.take_output(database, settings, HOUSE, run)
        runs += 1
    return runs
