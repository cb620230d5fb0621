"""The dashboard over a small filled database, or an empty one, driven by Streamlit's own test runner."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from peachdash.config import Settings
from peachdash.insights.issue_building import FoundIssues
from peachdash.jobs import service as service_module
from peachdash.jobs.grouping import new_issue_id
from peachdash.jobs.service import Service
from peachdash.jobs.supervisor import Supervisor
from peachdash.queries.issue_evidence import fetch_ungrouped
from peachdash.records import LABELS, ActiveModels, Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import Database, open_database
from peachdash.storage.predictions import append_predictions
from peachdash.storage.promotions import append_promotion
from peachdash.storage.reviews import append_import, append_reviews
from peachdash.workflows.issue_building import cut_sentences, store_issues

APP = str(Path(__file__).resolve().parents[2] / "app.py")
MODELS = ActiveModels(champion="small-champion0001", generic="small-generic00001")
PAYLOAD = "<script>alert(1)</script> ![x](http://evil.example/x.png) [a](javascript:alert(1)) :red[x] $x$"
_UNESCAPED = str.maketrans("\N{NO-BREAK SPACE}", " ", "\\*\u2060")
EVIL_NAME = f"Café *Evil* {PAYLOAD}"


@dataclass(frozen=True)
class Dashboard:
    """A running app over a database that the test can look into."""

    database: Database
    settings: Settings

    def open(self, page: str = "overview", /, **query: str) -> AppTest:
        """The page after its first run, without an exception."""
        app = AppTest.from_file(APP, default_timeout=30)
        if page != "overview":
            app.switch_page(f"pages/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    def rows(self, table: sa.Table) -> list[dict]:
        """Everything that a table holds."""
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def words(app: AppTest) -> str:
    """All text of the page, escapes, joiners, stars of Markdown and kept spaces taken out."""
    kinds = (
        app.title,
        app.subheader,
        app.markdown,
        app.caption,
        app.info,
        app.error,
        app.success,
        app.warning,
    )
    return "\n".join(str(part.value) for kind in kinds for part in kind).translate(_UNESCAPED)


def fill_issues(database: Database) -> dict[str, str]:
    """Two issues of the creamery and one of the diner; names with what Markdown would take for marks."""
    house = Scope.everything("ada")
    cut_sentences(database, house)
    with database.read() as connection:
        new = fetch_ungrouped(connection, house, MODELS)
    creamery = new["business_id"] == "creamery"
    ids = {"odd": new_issue_id(), "even": new_issue_id(), "diner": new_issue_id()}
    first = creamery & (new.groupby("business_id").cumcount() < 4)
    issue_ids = np.where(first, ids["odd"], np.where(creamery, ids["even"], ids["diner"]))
    vectors = list(np.eye(len(new), 64, dtype=np.float32))
    sentences = new.assign(issue_id=issue_ids, similarity=1.0, vector=vectors)
    businesses = ["creamery", "creamery", "diner"]
    founded = pd.DataFrame({"issue_id": list(ids.values()), "business_id": businesses, "vector": vectors[:3]})
    names = pd.DataFrame(
        {
            "issue_id": list(ids.values()),
            "name": ["*Soggy* <b>cones</b>", "=Long wait", "Cold broth"],
            "keywords": [["visit"], ["visit"], ["visit"]],
            "aspect": ["food or product", "waiting", "food or product"],
            "sentences": 1,
        }
    )
    store_issues(database, house, FoundIssues(founded, sentences, names), "space")
    return ids


def make_reviews() -> pd.DataFrame:
    """Sixty reviews of two businesses over two years and one of a third; labels in a fixed round."""
    rows = []
    for number in range(60):
        label = LABELS[number % 3]
        rows.append(
            {
                "business_id": "creamery" if number % 2 else "diner",
                "source": "google" if number % 4 < 2 else "yelp",
                "platform_id": f"test1-{number:03}",
                "review_date": dt.date(2026, 10, 31) - dt.timedelta(days=11 * number),
                "stars": {"negative": 1.0, "neutral": 3.0, "positive": 5.0}[label],
                "text": f"A {label} peachy visit, the {number}th. " + (PAYLOAD if number == 3 else ""),
                "owner_reply": "We are sorry." if number == 6 else None,
                "label": label,
            }
        )
    rows.append({**rows[0], "business_id": "evil", "platform_id": "other-1", "text": "One visit only."})
    filled = {"date_precision": "day", "title": "", "language": None, "reviewer_hash": None}
    frame = pd.DataFrame(rows).assign(**filled, possible_duplicate=False, unscored_reason=None)
    return frame.assign(text_sha256=text_sha256s(scored_texts(list(frame["title"]), list(frame["text"]))))


def make_predictions(reviews: pd.DataFrame) -> pd.DataFrame:
    """The champion is right and sure but for every tenth; the generic model takes each third for positive."""
    rows = []
    pairs = list(zip(reviews["text_sha256"], reviews["label"], strict=True))
    for revision in MODELS.revisions:
        for number, (text_sha256, truth) in enumerate(pairs):
            sure = revision == MODELS.generic or number % 10 != 0
            label = "positive" if revision == MODELS.generic and number % 3 == 0 else truth
            top = 0.9 if sure else 0.4
            values = {f"p_{name}": top if name == label else (1 - top) / 2 for name in LABELS}
            row = {"text_sha256": text_sha256, "revision": revision, "precision": "fp32", "label": label}
            rows.append({**row, **values, "needs_review": not sure})
    return pd.DataFrame(rows)


def fill(database: Database) -> None:
    """Clients, businesses, an import with one rejected row, readings, labels and promotions."""
    reviews = make_reviews()
    counts = {"rows_read": 64, "accepted": 61, "duplicates": 2, "rejected": 1}
    origin = {"origin": "demo", "imported_by": "ada", "format": "csv", "details": {}}
    record = {"import_id": "first", "file_name": "reviews.csv", "file_sha256": "first", **origin, **counts}
    rejects = pd.DataFrame(
        [{"row_number": 7, "column_name": "stars", "reason": "stars: 1 to 5", "raw": '{"text": "=1+1"}'}]
    )
    held_out = reviews[reviews["platform_id"].str.startswith("test1")].iloc[:45]
    gold = pd.DataFrame({"review_key": held_out["platform_id"], "label": held_out["label"]}).assign(
        split="test",
        slices=[["peachy_brand"]] * 45,
        reason_words="",
        aspect=None,
        adjudicated=False,
        reason="",
    )
    with database.write() as connection:
        ensure_client(connection, "north", "North Foods", is_demo=True)
        ensure_client(connection, "south", "South & Sons")
        add_business(connection, "Sweet Creamery", business_id="creamery", client_id="north", is_demo=True)
        add_business(connection, "Blue Diner", business_id="diner", client_id="north", is_demo=True)
        add_business(connection, EVIL_NAME, business_id="evil", client_id="south")
        append_import(connection, record, rejects)
        append_reviews(connection, "first", reviews.drop(columns="label"))
        append_predictions(connection, make_predictions(reviews))
        append_frame(connection, t.gold_labels, gold)
        append_promotion(connection, MODELS.champion, "ada", "shipped")


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled database file, made once; every test works on a copy."""
    path = tmp_path_factory.mktemp("filled") / "peachdash.duckdb"
    database = open_database(f"duckdb:///{path}")
    fill(database)
    database.close()
    return path


@pytest.fixture(scope="session", autouse=True)
def scanned_once() -> Iterator[None]:
    """Look once for packages that bring components: the test runner does so before every run."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages run through the entry script from the first run on, as they do once a server has had a visitor.

    The test runner forgets that before every run.
    """
    make = PagesManager.__init__

    def remember(self: PagesManager, *args: Any, **kwargs: Any) -> None:
        PagesManager.uses_pages_directory = False
        make(self, *args, **kwargs)

    monkeypatch.setattr(PagesManager, "__init__", remember)


@pytest.fixture
def make_dashboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filled_file: Path
) -> Iterator[Callable[[bool], Dashboard]]:
    """Build a dashboard whose models are two fixed revisions and whose supervisor stands still."""
    opened: list[Database] = []

    def make(filled: bool) -> Dashboard:
        settings = Settings(home=tmp_path / "home")
        settings.home.mkdir()
        if filled:
            shutil.copy(filled_file, settings.home / "peachdash.duckdb")
        database = open_database(settings.database)
        opened.append(database)
        service = Service(settings, database, Supervisor(database, settings))
        monkeypatch.setattr("peachdash.sentiment.active.find_active", lambda settings: MODELS)
        monkeypatch.setattr(service_module, "find_active", lambda settings: MODELS)
        monkeypatch.setattr(service_module, "_service", service)
        return Dashboard(database, settings)

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def dashboard(make_dashboard: Callable[[bool], Dashboard], entered: None) -> Dashboard:
    """Over the filled database."""
    return make_dashboard(True)


@pytest.fixture
def empty_dashboard(make_dashboard: Callable[[bool], Dashboard], entered: None) -> Dashboard:
    """Over a database without a row."""
    return make_dashboard(False)
