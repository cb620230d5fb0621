"""How many labels are needed: the champion's recipe on ever larger parts of the train split.

Three seeds each, measured on validation; `python -m scripts.learning_curve` writes the result beside the
models, and the page Before and after shows it. The test split plays no part. Each larger part holds the
smaller ones of its seed, and every run takes as many steps as the whole split would in its epochs, up to a
limit of epochs, so that small parts are not merely trained for a shorter time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from peachdash.errors import BadInput
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.training import train
from peachdash.sentiment.training_settings import TrainingSettings

COUNTS = (100, 200, 400, 800, 1200)
SEEDS = (13, 14, 15)
FILE = "learning_curve.json"
COLUMNS = ["size", "reviews", "seed", "macro_f1", "peachy_error"]
MOST_EPOCHS = 30


def measure_learning_curve(
    size: str,
    labelled: pd.DataFrame,
    validation: pd.DataFrame,
    settings: TrainingSettings,
    *,
    encoder_path: Path,
    start: ModelReference,
    replay: pd.DataFrame | None = None,
    counts: Sequence[int] = COUNTS,
    seeds: Sequence[int] = SEEDS,
    device: str = "auto",
    on_run: Callable[[dict[str, Any]], None] = lambda row: None,
) -> pd.DataFrame:
    """One row for each number of reviews and seed.

    Args:
        labelled: train reviews, columns text and label.
        validation: columns text, label and slices.
        settings: of the run on all reviews; the last epoch counts, since choosing one on validation
            flatters.
        counts: numbers of reviews; those beyond what there is are left out, and all reviews are added.

    Returns:
        Columns `COLUMNS`: macro-F1, and the error on validation reviews with "peachy", 0 to 1.
    """
    peachy = np.array([any(name.startswith("peachy") for name in names) for names in validation["slices"]])
    whole = len(labelled)
    wanted = [*(count for count in sorted(set(counts)) if count < whole), whole]
    rows = []
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(whole)
        for count in wanted:
            epochs = min(MOST_EPOCHS, round(settings.epochs * whole / count))
            trained = train(
                replace(settings, seed=seed, epochs=epochs, keep_epoch="last"),
                labelled.iloc[np.sort(order[:count])].reset_index(drop=True),
                validation,
                encoder_path=encoder_path,
                start=start,
                replay_frame=replay,
                device=device,
            )
            wrong = trained.validation_logits.argmax(axis=1) != trained.validation_labels
            row = {
                "size": size,
                "reviews": count,
                "seed": seed,
                "macro_f1": round(trained.history[-1]["macro_f1"], 4),
                "peachy_error": round(float(wrong[peachy].mean()), 4),
            }
            rows.append(row)
            on_run(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def load_learning_curve(models_dir: Path) -> pd.DataFrame:
    """The stored curve, columns `COLUMNS`; no rows where none was measured.

    Raises:
        BadInput: the file is damaged.
    """
    path = models_dir / FILE
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
        return pd.DataFrame([[row[name] for name in COLUMNS] for row in runs], columns=COLUMNS)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} holds no learning curve: {error}.") from error


def summarise_learning_curve(runs: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Mean over seeds with the lowest and highest: columns model (the size), reviews, score, low, high."""
    grouped = runs.groupby(["size", "reviews"], as_index=False)[measure].agg(["mean", "min", "max"])
    return grouped.rename(columns={"size": "model", "mean": "score", "min": "low", "max": "high"})


def write_learning_curve(models_dir: Path, runs: pd.DataFrame, settings: TrainingSettings) -> Path:
    """Stores the runs of one size, keeping those of the other, with their settings; returns the file."""
    path = models_dir / FILE
    size = str(runs["size"].iloc[0])
    kept = load_learning_curve(models_dir)
    both = pd.concat([kept[kept["size"] != size], runs], ignore_index=True)
    known = json.loads(path.read_text(encoding="utf-8"))["settings"] if path.is_file() else {}
    content = {"settings": {**known, size: settings.to_dict()}, "runs": both.to_dict("records")}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path
