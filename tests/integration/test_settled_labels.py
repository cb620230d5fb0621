"""When labelling in the app has settled a review."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.settled_labels import fetch_settled_labels
from peachdash.storage import schema_labelling as labelling
from peachdash.storage.database import Database
from tests.integration.conftest import CREAMERY_ONLY, EVERYTHING

MORNING = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


def label(database: Database, review_id: int, annotator: str, label: str | None, **more) -> None:
    values = {
        "given_id": f"{review_id}-{annotator}-{more.get('hour', 0)}",
        "task_id": "first",
        "review_id": review_id,
        "annotator": annotator,
        "label": label,
        "slices": [],
        "unsure": False,
        "reason_words": "",
        "given_utc": MORNING + dt.timedelta(hours=more.pop("hour", 0)),
        **more,
    }
    with database.write() as connection:
        connection.execute(sa.insert(labelling.given_labels).values(values))


def adjudicate(database: Database, review_id: int, label: str | None, hour: int = 5, **more) -> None:
    values = {
        "adjudication_id": f"{review_id}-{hour}",
        "task_id": "first",
        "review_id": review_id,
        "label": label,
        "slices": ["sarcasm"],
        "reason_words": "",
        "reason": "an edit decides",
        "adjudicated_by": "ada",
        "adjudicated_utc": MORNING + dt.timedelta(hours=hour),
        **more,
    }
    with database.write() as connection:
        connection.execute(sa.insert(labelling.adjudications).values(values))


def settled(database: Database) -> dict[int, tuple[str, str]]:
    with database.read() as connection:
        frame = fetch_settled_labels(connection, EVERYTHING)
    return {row.review_id: (row.label, row.label_origin) for row in frame.itertuples()}


def test_two_sure_and_equal_labels_settle_a_review(filled):
    label(filled, 1, "ada", "negative", slices=["peachy_sarcastic"])
    label(filled, 1, "ben", "negative", slices=["sarcasm"], hour=1)
    label(filled, 2, "ada", "positive")
    label(filled, 3, "ada", "neutral")
    label(filled, 3, "ben", "positive")
    label(filled, 5, "ada", "negative")
    label(filled, 5, "ben", "negative", unsure=True)
    with filled.read() as connection:
        frame = fetch_settled_labels(connection, EVERYTHING)
    assert frame["review_id"].tolist() == [1]
    row = frame.iloc[0]
    assert (row["label"], row["label_origin"], row["source"]) == ("negative", "agreed", "google")
    assert row["slices"] == ["peachy_sarcastic", "sarcasm"]
    assert row["text"] == "The linen bled on my sofa"


def test_the_latest_label_of_an_annotator_counts_and_none_takes_it_back(filled):
    label(filled, 1, "ada", "positive")
    label(filled, 1, "ben", "negative")
    label(filled, 1, "ada", "negative", hour=2)
    assert settled(filled) == {1: ("negative", "agreed")}
    label(filled, 1, "ben", None, hour=3)
    assert settled(filled) == {}


def test_an_adjudication_goes_before_and_can_be_taken_back(filled):
    for who in ("ada", "ben"):
        label(filled, 1, who, "negative")
    adjudicate(filled, 1, "neutral")
    assert settled(filled) == {1: ("neutral", "adjudicated")}
    adjudicate(filled, 1, None, hour=6)
    assert settled(filled) == {1: ("negative", "agreed")}


def test_of_two_tasks_the_one_settled_last_counts(filled):
    adjudicate(filled, 2, "positive", hour=7, adjudication_id="b", task_id="second")
    adjudicate(filled, 2, "neutral", hour=6)
    assert settled(filled) == {2: ("positive", "adjudicated")}


def test_none_is_settled_in_an_empty_database_and_clients_see_none(database):
    assert settled(database) == {}
    with database.read() as connection, pytest.raises(NotFound):
        fetch_settled_labels(connection, CREAMERY_ONLY)
