"""A home with a small data set, and a random encoder of two layers in place of the published one.

PYTEST_DONT_REWRITE: it is imported beside the fixtures of `tests/unit/sentiment_tiny`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from sentiment_tiny import make_frame

from peachdash.config import Settings
from peachdash.data_sets.assembling import hash_rows
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
