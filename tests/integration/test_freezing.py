"""Labels of all origins frozen into versions, on a real database."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from peachdash.data_sets.assembling import SplitShares
from peachdash.errors import BadInput, NotFound
from peachdash.queries.data_sets import fetch_data_set, fetch_data_set_reviews, fetch_data_sets
from peachdash.records import Role, Scope
from peachdash.sentiment.corpus import load_labelled
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import append_decision
from peachdash.storage.labelling import GivenLabel
from peachdash.workflows.adjudicating import look_again
from peachdash.workflows.freezing import EXCLUDED, freeze_data_set, preview_freeze
from peachdash.workflows.setup import load_demo
from tests.integration.conftest import CREAMERY_ONLY, EVERYTHING, add_reviews, review_rows
from tests.integration.test_settled_labels import adjudicate, label

DATA = Path(__file__).parents[2] / "data"
TRAIN_ALL = SplitShares(1.0, 0.0)


def decide(database, review_id: int, verdict: str | None, origin: str = "correction") -> None:
    with database.write() as connection:
        append_decision(connection, review_id, verdict, origin, "ada", "")


def rows_of(database, number: int) -> pd.DataFrame:
    with database.read() as connection:
        found = fetch_data_set(connection, EVERYTHING, number)
        return fetch_data_set_reviews(connection, EVERYTHING, found["data_set_id"]).set_index("review_key")


@pytest.fixture
def labelled(filled):
    """Review 2 corrected, 3 from the queue, 4 a double label, and a shipped test review, number 7."""
    add_reviews(filled, "shipped", review_rows([{"text": "Held out", "platform_id": "key-1"}]))
    gold = {"review_key": ["key-1"], "split": ["test"], "label": ["neutral"], "slices": [["plain"]]}
    frame = pd.DataFrame(gold).assign(reason_words="", aspect=None, adjudicated=False, reason="")
    with filled.write() as connection:
        connection.execute(
            sa.update(t.imports).where(t.imports.c.import_id == "shipped").values(origin="demo")
        )
        append_frame(connection, t.gold_labels, frame)
    decide(filled, 2, "negative")
    decide(filled, 3, "positive", "queue")
    for who in ("ada", "ben"):
        label(filled, 4, who, "neutral")
    return filled


def test_every_origin_is_in_it_and_marked(labelled):
    _, number = freeze_data_set(labelled, EVERYTHING, "first", TRAIN_ALL)
    rows = rows_of(labelled, number)
    assert rows["label_origin"].to_dict() == {
        "2": "correction", "3": "queue", "4": "agreed", "key-1": "agreed",
    }  # fmt: skip
    assert rows["split"].to_dict() == {"2": "train", "3": "train", "4": "train", "key-1": "test"}
    assert rows.loc["key-1", "slices"] == ["plain"]
    assert rows.loc["key-1", "review_id"] == 7
    with labelled.read() as connection:
        found = fetch_data_set(connection, EVERYTHING)
    assert (found["number"], found["note"], found["made_by"]) == (1, "first", "ada")
    assert found["summary"]["splits"] == {"train": 3, "validation": 0, "test": 1}


def test_the_same_content_is_not_frozen_twice_and_a_change_is(labelled):
    freeze_data_set(labelled, EVERYTHING, shares=TRAIN_ALL)
    with pytest.raises(BadInput, match="Data set 1 holds exactly these reviews and labels"):
        freeze_data_set(labelled, EVERYTHING, "again", TRAIN_ALL)
    decide(labelled, 2, "neutral")
    adjudicate(labelled, 6, "negative")
    preview = preview_freeze(labelled, EVERYTHING, TRAIN_ALL)
    assert (preview.last, preview.same_as) == (1, None)
    assert preview.changes.sentence == "1 added, 1 with another label."
    assert freeze_data_set(labelled, EVERYTHING, shares=TRAIN_ALL)[1] == 2
    assert rows_of(labelled, 1).loc["2", "label"] == "negative", "a version never changes"
    assert rows_of(labelled, 2).loc["2", "label"] == "neutral"


def test_a_second_look_at_a_shipped_label_counts_and_its_split_stays(labelled):
    with labelled.write() as connection:
        connection.execute(sa.update(t.gold_labels).values(split="train"))
    said = GivenLabel("negative", ("sarcasm",), False, "", None)
    assert look_again(labelled, EVERYTHING, 7, said, "It is meant the other way.")
    _, number = freeze_data_set(labelled, EVERYTHING, shares=SplitShares(0.0, 1.0))
    row = rows_of(labelled, number).loc["key-1"]
    assert (row["label"], row["label_origin"], row["split"]) == ("negative", "adjudicated", "train")
    assert row["slices"] == ["sarcasm"]


def test_a_preview_stores_nothing(labelled):
    preview_freeze(labelled, EVERYTHING)
    with labelled.read() as connection:
        assert fetch_data_sets(connection, EVERYTHING).empty


def test_what_is_excluded_retracted_or_taken_back_is_not_in_it(labelled):
    decide(labelled, 4, "spam")
    decide(labelled, 3, None)
    with labelled.write() as connection:
        connection.execute(
            sa.insert(t.import_retractions).values(
                import_id="shipped", retracted_by="ada", retracted_utc=pd.Timestamp.now("UTC"), reason=""
            )
        )
    preview = preview_freeze(labelled, EVERYTHING, TRAIN_ALL)
    assert preview.assembled.rows["review_key"].tolist() == ["2"]
    assert preview.assembled.left_out == {EXCLUDED: 1}


def test_a_test_review_stays_one_when_the_shares_change(labelled):
    freeze_data_set(labelled, EVERYTHING, shares=SplitShares(0.0, 0.0))
    assert rows_of(labelled, 1).loc["4", "split"] == "test"
    adjudicate(labelled, 6, "negative")
    freeze_data_set(labelled, EVERYTHING, shares=TRAIN_ALL)
    rows = rows_of(labelled, 2)
    assert rows.loc["4", "split"] == "test"
    assert rows.loc["6", "split"] == "train"


def test_an_empty_database_has_nothing_to_freeze(database):
    assert preview_freeze(database, EVERYTHING).assembled.rows.empty
    with pytest.raises(BadInput, match="no label to freeze"):
        freeze_data_set(database, EVERYTHING)


def test_clients_and_managers_freeze_nothing(labelled):
    manager = Scope("mia", Role.MANAGER, frozenset({"creamery"}))
    for scope in (CREAMERY_ONLY, manager):
        with pytest.raises(NotFound):
            preview_freeze(labelled, scope)


def test_the_shipped_labels_make_the_shipped_splits(database):
    """On the corpus of the repository: its own splits, and no near copy of a test review in train."""
    load_demo(database, EVERYTHING, DATA)
    _, number = freeze_data_set(database, EVERYTHING)
    with database.read() as connection:
        summary = fetch_data_set(connection, EVERYTHING, number)["summary"]
    shipped = {split: len(load_labelled(DATA, split)) for split in ("train", "validation", "test")}
    assert summary["splits"]["test"] == shipped["test"]
    assert sum(summary["splits"].values()) + sum(summary["left_out"].values()) == sum(shipped.values())
    assert summary["splits"]["train"] > 0.98 * shipped["train"]
