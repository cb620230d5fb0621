"""A home with a small data set, and a random encoder of two layers in place of the published one.

PYTEST_DONT_REWRITE: it is imported beside the fixtures of `tests/unit/sentiment_tiny`. As a plugin it gives
the fixtures `settings` and `world`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from sentiment_tiny import make_frame

from peachdash.config import Settings
from peachdash.data_sets.assembling import hash_rows
from peachdash.jobs import training
from peachdash.jobs.trainer import next_training, take_training
from peachdash.records import Scope
from peachdash.sentiment.text import text_sha256s
from peachdash.storage.data_sets import append_data_set
from peachdash.storage.database import Database

ADA = Scope.everything("ada")


def data_set_rows(train: int = 60, validation: int = 24, test: int = 12, seed: int = 1) -> pd.DataFrame:
    """Rows of a data set version with so many reviews in each split."""
    frame = make_frame(train + validation + test, seed)
    splits = ["train"] * train + ["validation"] * validation + ["test"] * test
    return pd.DataFrame(
        {
            "review_key": [f"{number:04d}" for number in range(len(frame))],
            "review_id": range(1, len(frame) + 1),
            "business_id": "creamery",
            "source": "google",
            "text_sha256": text_sha256s(frame["text"]),
            "text": frame["text"],
            "split": splits,
            "label": frame["label"],
            "slices": frame["slices"],
            "label_origin": "agreed",
        }
    )


def add_data_set(database: Database, rows: pd.DataFrame) -> int:
    """Store a version; its number."""
    with database.write() as connection:
        return append_data_set(connection, rows, hash_rows(rows), {"n": len(rows)}, "", "ada")[1]


def tiny_settings(home: Path, encoders: Path, models: Path, **more: Any) -> Settings:
    return Settings(home=home, encoders=encoders, models=models, device="cpu", **more)


@pytest.fixture
def settings(
    home: Path, encoders_dir: Path, models_dir: Path, generic: Any, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """A home that takes the random encoder for the small one, with a generic model on it."""
    monkeypatch.setenv("PEACHDASH_ENCODER_UNCHECKED", "1")
    return tiny_settings(home, encoders_dir, models_dir)


@pytest.fixture
def world(database: Database, settings: Settings) -> Database:
    """The database of that home, with one data set."""
    add_data_set(database, data_set_rows())
    return database


def work(database: Database, settings: Settings) -> None:
    """What the supervisor and the trainer do, one after the other."""
    training.hand_out(database, ADA, settings)
    with training.trainer_lock(settings) as ours:
        assert ours
        while (run := next_training(settings)) is not None:
            take_training(run, settings)
    training.take_finished(database, ADA, settings)


def environment(settings: Settings) -> dict[str, str]:
    """The settings for another process, which takes the random encoder for the published one."""
    names = ("home", "encoders", "models", "device")
    values = {f"PEACHDASH_{name.upper()}": str(getattr(settings, name)) for name in names}
    return {**values, "PEACHDASH_ENCODER_UNCHECKED": "1", "OMP_NUM_THREADS": "1"}


QUICK_CHANGES: dict[str, Any] = {
    "learning_rate": 2e-3,
    "batch_size": 4,
    "epochs": 3,
    "lora_rank": 8,
    "replay_share": 0.0,
}


def quick(**changes: Any) -> dict[str, Any]:
    return {**QUICK_CHANGES, **changes}
