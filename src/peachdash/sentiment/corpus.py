"""Peach's own reviews and labels as files: `data/reviews/<split>.jsonl` and `data/labels/gold.jsonl.gz`.

A review line has review_id, business_id, date, source, stars, title, text and owner_reply; a label line has
review_id, label, slices (a list of names), and may have reason_words and aspect. Labels may also come as
`gold.csv` with slices separated by `;`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pandas as pd

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.text import scored_texts

SPLITS = ("train", "validation", "test", "unlabelled")
REVIEW_COLUMNS = ["review_id", "business_id", "date", "source", "stars", "title", "text", "owner_reply"]


def load_reviews(data_dir: Path, split: str) -> pd.DataFrame:
    """The reviews of a split as they stand in the file.

    Returns:
        Columns of `REVIEW_COLUMNS`; a key that a line lacks is None there. `review_id` is a string.

    Raises:
        BadInput: no such split or file, a line that is no JSON object or has no review_id, or an id twice.
    """
    if split not in SPLITS:
        raise BadInput(f"The split must be one of {', '.join(SPLITS)}, not {split!r}.")
    path = reviews_file(data_dir, split)
    rows = [{column: row.get(column) for column in REVIEW_COLUMNS} for row in _json_lines(path)]
    frame = pd.DataFrame(rows, columns=REVIEW_COLUMNS)
    frame["review_id"] = [str(value) for value in frame["review_id"]]
    _require_unique(frame["review_id"], path)
    return frame


def gold_file(data_dir: Path) -> Path:
    """Where the gold labels lie."""
    return _packed_or_plain(data_dir / "labels" / "gold.jsonl")


def reviews_file(data_dir: Path, split: str) -> Path:
    """Where the reviews of a split lie."""
    return _packed_or_plain(data_dir / "reviews" / f"{split}.jsonl")


def _packed_or_plain(path: Path) -> Path:
    """A file of JSON Lines, gzipped where there is such a one."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() else path


def load_labels(data_dir: Path) -> pd.DataFrame:
    """The adjudicated labels of all splits.

    Returns:
        Columns review_id (string), label (negative, neutral or positive) and slices (list of strings).

    Raises:
        BadInput: no label file, an unknown label, or an id twice.
    """
    lines, table = gold_file(data_dir), data_dir / "labels" / "gold.csv"
    path = lines if lines.is_file() or not table.is_file() else table
    rows = list(_json_lines(path)) if path is lines else _csv_rows(path)
    records = [(str(row["review_id"]), row.get("label"), _slices(row.get("slices"))) for row in rows]
    frame = pd.DataFrame(records, columns=["review_id", "label", "slices"])
    unknown = frame.loc[~frame["label"].isin(LABELS), "review_id"]
    if len(unknown):
        raise BadInput(
            f"{path}: {len(unknown)} labels are not {', '.join(LABELS)}, first at {unknown.iloc[0]}."
        )
    _require_unique(frame["review_id"], path)
    return frame


def load_labelled(data_dir: Path, split: str) -> pd.DataFrame:
    """The labelled reviews of a split with their scored texts, in the order of the file.

    Returns:
        Columns review_id, text (the scored text, never blank), label, slices (list) and business (its id).

    Raises:
        BadInput: files are missing or malformed, or no review of the split has a label.
    """
    reviews = load_reviews(data_dir, split)
    reviews["text"] = scored_texts(list(reviews["title"]), list(reviews["text"]))
    merged = reviews.merge(load_labels(data_dir), on="review_id", how="inner", validate="one_to_one")
    merged = merged[merged["text"] != ""].rename(columns={"business_id": "business"})
    if merged.empty:
        raise BadInput(f"No review of the split {split} in {data_dir} has a label.")
    return merged[["review_id", "text", "label", "slices", "business"]].reset_index(drop=True)


def load_unlabelled_texts(data_dir: Path) -> list[str]:
    """The distinct scored texts of the unlabelled reviews, blank ones left out, in the order of the file."""
    reviews = load_reviews(data_dir, "unlabelled")
    texts = scored_texts(list(reviews["title"]), list(reviews["text"]))
    return list(dict.fromkeys(text for text in texts if text))


def load_natural_slices(data_dir: Path) -> list[list[str]]:
    """The slices of each unlabelled review, for the natural shares; an empty list where there is no file.

    Raises:
        BadInput: the file is damaged.
    """
    path = data_dir / "labels" / "natural_slices.jsonl"
    return [_slices(row.get("slices")) for row in _json_lines(path)] if path.is_file() else []


def frame_sha256(frame: pd.DataFrame) -> str:
    """A hash (64 digits) of the columns text and label of a frame, whatever the order of its rows."""
    lines = sorted(
        json.dumps([text, label]) for text, label in zip(frame["text"], frame["label"], strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise BadInput(f"{path} does not exist.")
    with _open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise BadInput(f"{path}, line {number} is no JSON: {error.msg}.") from error
            if not isinstance(row, dict) or not row.get("review_id"):
                raise BadInput(f"{path}, line {number} is no object with a review_id.")
            yield row


def _open_text(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    if rows and "review_id" not in rows[0]:
        raise BadInput(f"{path} has no column review_id.")
    return rows


def _slices(value: object) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return [str(part) for part in value] if isinstance(value, list) else []


def _require_unique(ids: pd.Series, path: Path) -> None:
    repeated = ids[ids.duplicated()]
    if len(repeated):
        raise BadInput(f"{path} has {len(repeated)} review ids twice, first {repeated.iloc[0]}.")
