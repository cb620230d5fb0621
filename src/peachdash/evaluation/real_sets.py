"""Published reviews with labels by others: what a model can do beyond the reviews that it was made for.

The files are not part of Peachdash. Each is gzip with one JSON object a line (text, label, …) in a folder
`reviews`; a set whose file is missing is skipped. None of them was trained or tuned on.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from peachdash.errors import BadInput
from peachdash.evaluation.evaluate import proportion
from peachdash.evaluation.results import Estimate
from peachdash.records import LABELS


@dataclass(frozen=True)
class RealSet:
    """A labelled set of real reviews.

    Attributes:
        name: by which it is asked for, and the name of its file without `.jsonl.gz`.
        title: what it is called on the screen.
        classes: 3, or 2 where it knows only negative and positive.
        labels_from: `people`, or `stars` (three stars count as neutral, though they often mean mixed).
    """

    name: str
    title: str
    classes: int
    labels_from: str


REAL_SETS: tuple[RealSet, ...] = (
    RealSet("semeval2014_restaurants_train", "SemEval 2014 restaurant sentences", 3, "people"),
    RealSet("uci_yelp", "UCI Yelp sentences", 2, "people"),
    RealSet("uci_amazon", "UCI Amazon sentences", 2, "people"),
    RealSet("womens_clothing", "Women's clothing reviews", 3, "stars"),
    RealSet("yelp10k", "Yelp reviews, Phoenix", 3, "stars"),
)
DEFAULT_SETS: tuple[str, ...] = tuple(item.name for item in REAL_SETS if item.labels_from == "people")
RESAMPLES = 2000


def find_real_sets(folder: Path, names: tuple[str, ...] = DEFAULT_SETS) -> list[RealSet]:
    """The named sets whose files lie in `folder/reviews`, in the order of `REAL_SETS`.

    Raises:
        BadInput: a name is unknown.
    """
    unknown = sorted(set(names) - {item.name for item in REAL_SETS})
    if unknown:
        known = ", ".join(item.name for item in REAL_SETS)
        raise BadInput(f"There is no set {unknown[0]!r}; known are {known}.")
    return [item for item in REAL_SETS if item.name in names and _path(folder, item).is_file()]


def load_real_set(folder: Path, real_set: RealSet) -> pd.DataFrame:
    """The labelled texts of a set; rows without a label or text are left out.

    Returns:
        Columns review_id (position in the file), text, gold, slices (empty lists) and business_id (the same
        as review_id: the sets name no business, so every text stands for itself).

    Raises:
        BadInput: the file cannot be read, or a label is none of the three.
    """
    path = _path(folder, real_set)
    try:
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            rows = [json.loads(line) for line in handle if line.strip()]
        pairs = [(str(number), row["text"], row["label"]) for number, row in enumerate(rows)]
    except (OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is no gzip file of JSON lines with text and label: {error}.") from error
    kept = [pair for pair in pairs if pair[2] is not None and isinstance(pair[1], str) and pair[1].strip()]
    frame = pd.DataFrame(kept, columns=["review_id", "text", "gold"])
    if not frame["gold"].isin(LABELS).all():
        wrong = frame.loc[~frame["gold"].isin(LABELS), "gold"].iloc[0]
        raise BadInput(f"{path}: expected the labels {', '.join(LABELS)}, found {str(wrong)[:40]!r}.")
    return frame.assign(slices=[[] for _ in range(len(frame))], business_id=frame["review_id"])


def hash_real_set(frame: pd.DataFrame) -> str:
    """SHA-256 over texts and labels in order."""
    lines = (f"{text}\t{gold}" for text, gold in zip(frame["text"], frame["gold"], strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def right_readings(frame: pd.DataFrame, *, two_classes: bool = False) -> np.ndarray:
    """Which readings are right, (N,) bool.

    Args:
        frame: columns gold and label; with `two_classes` also p_negative and p_positive.
        two_classes: take the likelier of negative and positive, whatever neutral has.
    """
    if not two_classes:
        return np.asarray(frame["gold"] == frame["label"], dtype=bool)
    positive = np.asarray(frame["p_positive"] > frame["p_negative"], dtype=bool)
    return np.asarray(positive == np.asarray(frame["gold"] == "positive", dtype=bool))


def accuracy_of(right: np.ndarray, confidence: float = 0.95) -> Estimate:
    """The share of right readings with Wilson's interval."""
    return proportion(int(right.sum()), len(right), confidence)


def accuracy_difference(
    before: np.ndarray, after: np.ndarray, *, confidence: float = 0.95, seed: int = 0
) -> Estimate:
    """The accuracy of `after` minus that of `before` on the same texts, both (N,) bool.

    The interval is the percentile interval of a paired bootstrap over the texts.

    Raises:
        BadInput: the two differ in length.
    """
    if len(before) != len(after):
        raise BadInput(f"Paired readings must be equally many, not {len(before):,} and {len(after):,}.")
    if len(before) == 0:
        return Estimate(None, None, None, 0, "no texts")
    difference = after.astype(float) - before.astype(float)
    value = float(difference.mean())
    if np.ptp(difference) == 0:
        return Estimate(value, value, value, len(difference))
    drawn = bootstrap(
        (difference,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=100,
        method="percentile",
        confidence_level=confidence,
        rng=seed,
    )
    interval = drawn.confidence_interval
    return Estimate(value, float(interval.low), float(interval.high), len(difference))


def _path(folder: Path, real_set: RealSet) -> Path:
    return folder / "reviews" / f"{real_set.name}.jsonl.gz"
