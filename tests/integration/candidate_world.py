"""A home with a candidate beside the shipped models, and a database that all three have read.

The candidate is the shipped small champion with another threshold, so that its revision differs.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.queries.held_out_sets import HeldOutSet
from peachdash.records import LABELS, Scope
from peachdash.sentiment.active import find_active
from peachdash.sentiment.registry import ModelReference, load_reference
from peachdash.sentiment.text import text_sha256s
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training
from peachdash.storage.bulk import append_frame
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database
from peachdash.storage.predictions import append_predictions
from tests.integration.conftest import add_reviews, reading, review_rows

BUSINESSES = ("ash", "birch", "cedar")
REVIEWS = 120
ANA, BEN = Scope.everything("ana"), Scope.everything("ben")


def add_candidate(settings: Settings, threshold: float = 0.6) -> ModelReference:
    """A model in `settings.trained` that reads as the shipped small champion does, but for its threshold."""
    folder = settings.trained / "being-made"
    shutil.copytree(settings.models / "champion-small", folder)
    manifest = json.loads((folder / "model.json").read_text())
    manifest["threshold"] = threshold
    (folder / "model.json").write_text(json.dumps(manifest))
    reference = load_reference(folder)
    folder.rename(settings.trained / reference.revision)
    return load_reference(settings.trained / reference.revision)


@dataclass
class CandidateWorld:
    """What a test of candidates works with; `wrong` says which reviews each model misreads."""

    database: Database
    settings: Settings
    champion: str
    generic: str
    candidate: str
    texts: list[str]
    gold: list[str]
    wrong: dict[str, set[int]]

    def read(self, revision: str, numbers: range | None = None) -> None:
        """Store what a model reads in some of the reviews."""
        rows = [
            reading(text_sha256s([self.texts[number]])[0], revision, self._label(revision, number), 0.97)
            for number in numbers or range(len(self.texts))
        ]
        with self.database.write() as connection:
            append_predictions(connection, pd.DataFrame(rows))

    def _label(self, revision: str, number: int) -> str:
        gold = self.gold[number]
        if number not in self.wrong[revision]:
            return gold
        return LABELS[(LABELS.index(gold) + 1) % 3]

    def read_all(self) -> None:
        for revision in (self.champion, self.generic, self.candidate):
            self.read(revision)

    def promotions(self) -> list[tuple[str, str]]:
        """Revision and who, the oldest first."""
        columns = (t.promotions.c.revision, t.promotions.c.promoted_by)
        with self.database.read() as connection:
            rows = connection.execute(sa.select(*columns).order_by(t.promotions.c.promoted_utc))
            return [tuple(row) for row in rows]

    @property
    def active(self) -> str:
        return find_active(self.settings).champion


def build_candidate_world(database: Database, home: Path) -> CandidateWorld:
    """120 labelled test reviews of three businesses, in a home with one candidate; nobody has read any."""
    settings = Settings(home=home, device="cpu", real_sets=home / "nowhere", data=home / "data")
    (settings.data / "labels").mkdir(parents=True)
    (settings.data / "labels" / "natural_slices.jsonl").write_text("")
    candidate = add_candidate(settings)
    active = find_active(settings)
    gold = [LABELS[number % 3] for number in range(REVIEWS)]
    texts = [f"review number {number} just peachy" for number in range(REVIEWS)]
    frame = review_rows(
        [
            {"text": text, "platform_id": f"key-{number}", "business_id": BUSINESSES[number % 3]}
            for number, text in enumerate(texts)
        ]
    )
    with database.write() as connection:
        ensure_client(connection, "north", "North Foods", is_demo=True)
        for name in BUSINESSES:
            add_business(connection, name.title(), business_id=name, client_id="north", is_demo=True)
    add_reviews(database, "shipped", frame)
    slices = [["peachy_slang"] if number % 2 else ["plain"] for number in range(REVIEWS)]
    labels = pd.DataFrame({"review_key": frame["platform_id"], "label": gold, "slices": slices}).assign(
        split="test", reason_words="", aspect=None, adjudicated=False, reason=""
    )
    with database.write() as connection:
        connection.execute(sa.update(t.imports).values(origin="demo"))
        append_frame(connection, t.gold_labels, labels)
    wrong = {active.champion: set(range(30)), active.generic: set(range(60)), candidate.revision: set()}
    return CandidateWorld(
        database, settings, active.champion, active.generic, candidate.revision, texts, gold, wrong
    )


def freeze(world: CandidateWorld, number: int, rows: int) -> HeldOutSet:
    """A data set version whose test split holds the first reviews, and one train review."""
    frame = pd.DataFrame(
        {
            "data_set_id": f"set-{number}",
            "review_key": [f"key-{position}" for position in range(rows + 1)],
            "review_id": [position + 1 for position in range(rows + 1)],
            "business_id": [BUSINESSES[position % 3] for position in range(rows + 1)],
            "source": "google",
            "text": world.texts[: rows + 1],
            "text_sha256": text_sha256s(world.texts[: rows + 1]),
            "split": ["test"] * rows + ["train"],
            "label": world.gold[: rows + 1],
            "slices": [["plain"]] * (rows + 1),
            "label_origin": "adjudicated",
        }
    )
    version = pd.DataFrame(
        [
            {
                "data_set_id": f"set-{number}",
                "number": number,
                "note": "",
                "content_sha256": str(number),
                "summary": {},
                "made_by": "ana",
                "made_utc": pd.Timestamp.now("UTC"),
            }
        ]
    )
    with world.database.write() as connection:
        append_frame(connection, training.data_sets, version)
        append_frame(connection, training.data_set_reviews, frame)
    return HeldOutSet(f"set-{number}", number, rows)
