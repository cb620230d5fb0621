"""A real DuckDB file with two clients, three businesses and made-up readings of two revisions."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from peachdash.records import ActiveModels, Role, Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database, open_database
from peachdash.storage.predictions import append_predictions
from peachdash.storage.reviews import append_import, append_reviews

MODELS = ActiveModels(champion="small-champion0001", generic="small-generic00001")
EVERYTHING = Scope.everything("ada")
CREAMERY_ONLY = Scope(viewer="clem", role=Role.CLIENT, business_ids=frozenset({"creamery"}))


def reading(
    text_sha256: str, revision: str, label: str, top: float = 0.9, needs_review: bool = False
) -> dict:
    rest = (1 - top) / 2
    values = {f"p_{name}": top if name == label else rest for name in ("negative", "neutral", "positive")}
    return {
        "text_sha256": text_sha256,
        "revision": revision,
        "precision": "fp32",
        "label": label,
        "needs_review": needs_review,
        **values,
    }


def review_rows(rows: list[dict]) -> pd.DataFrame:
    """Rows of `reviews` from a few given values; the rest is filled in."""
    blank = {
        "business_id": "creamery",
        "source": "google",
        "platform_id": None,
        "review_date": dt.date(2026, 3, 2),
        "date_precision": "day",
        "stars": 4.0,
        "title": "",
        "text": "",
        "language": None,
        "owner_reply": None,
        "reviewer_hash": None,
        "possible_duplicate": False,
        "unscored_reason": None,
    }
    frame = pd.DataFrame([{**blank, **row} for row in rows])
    hashes = text_sha256s(scored_texts(list(frame["title"]), list(frame["text"])))
    return frame.assign(text_sha256=hashes)


def add_reviews(database: Database, import_id: str, rows: pd.DataFrame) -> None:
    record = {
        "import_id": import_id,
        "file_name": f"{import_id}.csv",
        "file_sha256": import_id,
        "format": "csv",
        "origin": "command",
        "imported_by": "ada",
        "rows_read": len(rows),
        "accepted": len(rows),
        "duplicates": 0,
        "rejected": 0,
        "details": {},
    }
    empty = pd.DataFrame(columns=["row_number", "column_name", "reason", "raw"])
    with database.write() as connection:
        append_import(connection, record, empty)
        append_reviews(connection, import_id, rows)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file without a row, made once; every test works on a copy."""
    return _made(tmp_path_factory.mktemp("empty"), lambda database: None)


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of `filled`, made once."""
    return _made(tmp_path_factory.mktemp("filled"), fill)


def _made(folder: Path, what: Callable[[Database], None]) -> Path:
    path = folder / "peachdash.duckdb"
    database = open_database(f"duckdb:///{path}")
    what(database)
    database.close()
    return path


@pytest.fixture
def database(home: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An open database without a row, or with the six reviews where the test asks for `filled` too."""
    made = "filled_file" if "filled" in request.fixturenames else "empty_file"
    home.mkdir(exist_ok=True)
    shutil.copy(request.getfixturevalue(made), home / "peachdash.duckdb")
    opened = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    yield opened
    opened.close()


@pytest.fixture
def filled(database: Database) -> Database:
    """Six reviews: review 1 to 4 of the creamery, 5 of the diner, 6 of the boutique (another client)."""
    return database


def fill(database: Database) -> None:
    """Store the reviews of `filled` with their readings."""
    with database.write() as connection:
        ensure_client(connection, "doravale", "Doravale Foods")
        ensure_client(connection, "magnolia", "Magnolia Rack")
        add_business(connection, "Sweet Stack Creamery", business_id="creamery", client_id="doravale")
        add_business(connection, "Bun and Banchan", business_id="diner", client_id="doravale")
        add_business(connection, "Peach Blossom", business_id="boutique", client_id="magnolia")
    rows = review_rows(
        [
            {"text": "Soggy cone. Just peachy.", "review_date": dt.date(2026, 1, 5), "stars": 1.0},
            {"text": "Lovely ube scoop", "review_date": dt.date(2026, 2, 9), "stars": 5.0},
            {"text": "It was a scoop on Peachtree", "owner_reply": "Thanks"},
            {"text": "", "stars": 5.0, "unscored_reason": "no_text", "review_date": dt.date(2026, 3, 3)},
            {"business_id": "diner", "text": "Cold broth, long wait", "stars": 2.0, "source": "yelp"},
            {"business_id": "boutique", "text": "The linen bled on my sofa", "stars": 1.0,
             "review_date": None, "date_precision": "unknown"},
        ]
    )  # fmt: skip
    add_reviews(database, "first", rows)
    keys = dict(zip(rows["text"], rows["text_sha256"], strict=True))
    champion = {
        "Soggy cone. Just peachy.": "negative",
        "Lovely ube scoop": "positive",
        "Cold broth, long wait": "negative",
        "The linen bled on my sofa": "negative",
    }
    readings = [reading(keys[text], MODELS.champion, label) for text, label in champion.items()]
    readings.append(reading(keys["It was a scoop on Peachtree"], MODELS.champion, "neutral", 0.4, True))
    generic = {**champion, "Soggy cone. Just peachy.": "positive", "It was a scoop on Peachtree": "positive"}
    readings += [reading(keys[text], MODELS.generic, label) for text, label in generic.items()]
    with database.write() as connection:
        append_predictions(connection, pd.DataFrame(readings))
