"""Loading the demo: fictional businesses, their reviews and the labels that stand in `data/`."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from peachdash.errors import BadInput, NotFound
from peachdash.records import Scope
from peachdash.sentiment.corpus import gold_file, reviews_file
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage.catalogue import add_business, ensure_client, load_business_names, slug
from peachdash.storage.database import Database
from peachdash.storage.models import sync_labels
from peachdash.storage.reviews import append_import, append_reviews, load_identity, load_standing_import
from peachdash.workflows.duplicates import find_matches

SPLITS = ("train", "validation", "test", "unlabelled")
_NO_REJECTS = pd.DataFrame(columns=["row_number", "column_name", "reason", "raw"])


def load_demo(
    database: Database, scope: Scope, data: Path, on_step: Callable[[str], None] = lambda words: None
) -> int:
    """Store what the database lacks of the demo; how many reviews were new.

    Each file is one import, whole or not at all, so that a kill costs one file at most.

    Raises:
        NotFound: the viewer is no admin.
        BadInput: a file of the demo is missing or damaged.
    """
    if not scope.may_manage_people:
        raise NotFound("The demo is for admins.")
    businesses = read_json_file(data / "businesses.json")
    with database.write() as connection:
        known = load_business_names(connection)
        for business in businesses:
            client_id = slug(business["client"])
            ensure_client(connection, client_id, business["client"], is_demo=True)
            if business["id"] not in known.values():
                add_business(
                    connection,
                    business["name"],
                    business_id=business["id"],
                    client_id=client_id,
                    kind=business["kind"],
                    neighbourhood=business["neighbourhood"],
                    is_demo=True,
                )
    added = 0
    for split in SPLITS:
        count = _load_reviews(database, scope, reviews_file(data, split))
        on_step(f"{split}: {count:,} new reviews")
        added += count
    on_step(f"labels: {_load_labels(database, data):,} new or changed")
    return added


def _load_reviews(database: Database, scope: Scope, path: Path) -> int:
    content = _read_bytes(path)
    file_sha256 = hashlib.sha256(content).hexdigest()
    with database.write() as connection:
        if load_standing_import(connection, file_sha256) is not None:
            return 0
        records = read_json_lines(path)
        if not records:
            return 0
        rows = _review_frame(records)
        known = load_identity(connection, rows["business_id"].unique())
        rows = rows.assign(**find_matches(rows, known)[["duplicate_of", "possible_duplicate"]])
        new = rows[rows["duplicate_of"].isna()]
        import_id = uuid.uuid4().hex
        record = {
            "import_id": import_id,
            "file_name": path.name,
            "file_sha256": file_sha256,
            "format": "peachdash corpus",
            "origin": "demo",
            "imported_by": scope.viewer,
            "rows_read": len(rows),
            "accepted": len(new),
            "duplicates": len(rows) - len(new),
            "rejected": 0,
            "details": {},
        }
        append_import(connection, record, _NO_REJECTS)
        append_reviews(connection, import_id, new)
    return len(new)


def _review_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(records)
    dates = pd.to_datetime(frame["date"], format="%Y-%m-%d").dt.date
    return pd.DataFrame(
        {
            "row": range(1, len(frame) + 1),
            "business": frame["business_id"],
            "business_id": frame["business_id"],
            "source": frame["source"],
            "platform_id": frame["review_id"],
            "review_date": dates,
            "date_precision": "day",
            "stars": frame["stars"].astype(float),
            "title": frame["title"].fillna(""),
            "text": frame["text"],
            "text_sha256": text_sha256s(scored_texts(list(frame["title"]), list(frame["text"]))),
            "language": "en",
            "owner_reply": frame["owner_reply"],
            "reviewer_hash": None,
            "unscored_reason": None,
        }
    )


def _load_labels(database: Database, data: Path) -> int:
    gold = load_gold(gold_file(data))
    annotations = load_annotations(data / "labels" / "annotations.csv.gz")
    gold = gold.rename(columns={"review_id": "review_key"})
    annotations = annotations.rename(columns={"review_id": "review_key"})
    with database.write() as connection:
        return sync_labels(connection, gold, annotations)


GOLD_DEFAULTS: dict[str, Any] = {"reason_words": "", "aspect": None, "adjudicated": False, "reason": ""}


def load_gold(path: Path) -> pd.DataFrame:
    """The gold labels of a file, whose lines leave out what they have nothing to say of.

    Returns:
        Columns review_id, split, label, slices (list), reason_words (blank unless negative), aspect (None
        unless negative), adjudicated (bool) and reason (blank unless adjudicated).

    Raises:
        BadInput: the file is missing or a line is no JSON.
    """
    return pd.DataFrame([{**GOLD_DEFAULTS, **row} for row in read_json_lines(path)])


def load_annotations(path: Path) -> pd.DataFrame:
    """What each annotator said of each review, from a CSV file, gzipped where its name ends so.

    Returns:
        Columns review_id, annotator, label, slices (list), unsure (bool), reason_words, aspect (None where
        there is none) and annotated_utc.

    Raises:
        BadInput: the file is missing or damaged.
    """
    try:
        content, packed = io.BytesIO(_read_bytes(path)), "gzip" if path.suffix == ".gz" else None
        frame = pd.read_csv(content, dtype=str, keep_default_na=False, compression=packed)
        return frame.assign(
            slices=[text.split(";") if text else [] for text in frame["slices"]],
            unsure=frame["unsure"] == "yes",
            aspect=frame["aspect"].astype(object).where(frame["aspect"] != "", None),
            annotated_utc=pd.to_datetime(frame["annotated_utc"], utc=True, format="ISO8601"),
        )
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise BadInput(f"{path} is no table of annotations: {error}.") from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file, gzipped where its name ends so.

    Raises:
        BadInput: the file is missing or a line is no JSON; the message names both.
    """
    records = []
    for number, line in enumerate(_unpacked(path).decode("utf-8").splitlines(), start=1):
        try:
            records.append(json.loads(line))
        except ValueError as error:
            raise BadInput(f"{path}, line {number}: expected a JSON object ({error}).") from error
    return records


def read_json_file(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        BadInput: the file is missing or no JSON.
    """
    try:
        return json.loads(_read_bytes(path))
    except ValueError as error:
        raise BadInput(f"{path}: expected JSON ({error}).") from error


def _unpacked(path: Path) -> bytes:
    content = _read_bytes(path)
    try:
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        raise BadInput(f"{path} is no gzip file: {error}.") from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}. It belongs to the repository.") from error
