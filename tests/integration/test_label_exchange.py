"""Labels into a file and into another database, and what a file may not do."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from peachdash.errors import BadInput, NotFound
from peachdash.labelling.label_csv import flat_frame
from peachdash.labelling.label_studio import to_tasks
from peachdash.queries.label_checks import fetch_settled
from peachdash.queries.label_pairs import fetch_pairs
from peachdash.queries.labelling import fetch_tasks
from peachdash.storage.database import open_database
from peachdash.storage.labelling import GivenLabel
from peachdash.ui.formatting import safe_csv
from peachdash.workflows.adjudicating import adjudicate
from peachdash.workflows.label_exchange import export_labels, find_task, from_plain, to_plain
from peachdash.workflows.label_import import import_labels
from peachdash.workflows.labelling import set_task_open
from tests.integration.conftest import CREAMERY_ONLY, MODELS
from tests.integration.label_world import HOUSE, MACHINE, label_all, new_task, numbers, ship

COMPARED = [
    "review_id",
    "label_a",
    "label_b",
    "slices_a",
    "unsure_b",
    "ruled_label",
    "ruled_reason",
    "annotator_a",
]


@pytest.fixture
def labelled(filled):
    """Three of four reviews with two labels, one of them adjudicated."""
    task = new_task(filled, MACHINE, ("Ada", "Ben"))
    sure = GivenLabel("negative", ("sarcasm", "local"), False, "soggy", "service")
    label_all(filled, MACHINE, task, "Ada", [sure, "positive", "neutral", "neutral"])
    label_all(filled, MACHINE, task, "Ben", ["negative", GivenLabel("neutral", (), True), "neutral"])
    set_task_open(filled, MACHINE, task, False)
    adjudicate(filled, HOUSE, task, numbers(filled, task)[1], GivenLabel("positive"), "praise, with a fault")
    return filled


@pytest.fixture
def another(tmp_path, filled_file):
    """The same reviews in another database."""
    shutil.copy(filled_file, tmp_path / "other.duckdb")
    database = open_database(f"duckdb:///{tmp_path / 'other.duckdb'}")
    yield database
    database.close()


def pairs(database) -> pd.DataFrame:
    with database.read() as connection:
        return fetch_pairs(connection, HOUSE)


def files(database) -> dict[str, bytes]:
    found = from_plain(
        json.loads(json.dumps(to_plain(export_labels(database, HOUSE, MODELS, readings=True))))
    )
    tasks = to_tasks(found.items, found.rows, found.readings)
    return {"labels.csv": safe_csv(flat_frame(found.rows)), "labels.json": json.dumps(tasks).encode()}


@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_labels_come_through_both_formats_unchanged(labelled, another, name):
    content = files(labelled)[name]
    result = import_labels(another, HOUSE, content, name)
    assert (result["accepted"], result["adjudicated"], result["rejected"]) == (3, 1, 0)
    pd.testing.assert_frame_equal(pairs(another)[COMPARED], pairs(labelled)[COMPARED])
    with another.read() as connection:
        (task,) = fetch_tasks(connection, HOUSE).to_dict("records")
        assert len(fetch_settled(connection, HOUSE)) == 3
    assert (task["pool"], task["open"], task["annotators"]) == ("import", False, ["Ada", "Ben"])


@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_the_same_file_again_adds_nothing(labelled, name):
    before = len(pairs(labelled))
    result = import_labels(labelled, HOUSE, files(labelled)[name], name)
    assert (result["accepted"], result["known"], result["rejected"]) == (0, 3, 0)
    assert len(pairs(labelled)) == before


def test_the_champions_readings_are_predictions_of_labelled_reviews_only(labelled):
    tasks = json.loads(files(labelled)["labels.json"])
    assert len(tasks) == 4
    assert all(bool(task["predictions"]) <= bool(task["annotations"]) for task in tasks)
    assert any(task["predictions"] for task in tasks)


def test_imported_tasks_cannot_be_opened(labelled, another):
    result = import_labels(another, HOUSE, files(labelled)["labels.csv"], "labels.csv", " From Ada ")
    with pytest.raises(BadInput, match="came from a file"):
        set_task_open(another, HOUSE, result["tasks"][0], True)
    assert find_task(another, HOUSE, "from ada") == result["tasks"][0]
    with pytest.raises(NotFound, match="Known: From Ada"):
        find_task(another, HOUSE, "unknown")


def rejects(database, *lines: str) -> dict[int, str]:
    content = "\n".join(["review_id,text,annotator,label,role,reason", *lines]).encode()
    result = import_labels(database, HOUSE, content, "some.csv")
    return {reject["row"]: reject["reason"] for reject in result["rejects"]}


def test_bad_rows_are_rejected_with_their_reason_and_the_rest_is_taken(filled):
    found = rejects(
        filled,
        "1,,Ada,negative,,",
        "1,,Ben,positive,,",
        "1,,Cyd,neutral,,",
        "2,,Ada,angry,,",
        "2,,Ben,positive,,",
        "3,,,neutral,,",
        "999,,Ada,neutral,,",
        "5,Another text,Ada,neutral,,",
        ",Cold broth long wait,Ada,neutral,,",
        "1,,Dee,negative,adjudicator,",
        "6,,Dee,negative,adjudicator,because",
    )
    assert found[3] == "a third annotator; the first two are taken"
    assert found[4] == "label: expected one of negative, neutral, positive"
    assert found[5].startswith("one annotator only")
    assert found[6] == "annotator: missing"
    assert {found[row] for row in (7, 8, 9)} == {"no stored review has this number and text"}
    assert found[10] == "reason: an adjudication needs one"
    assert found[11].startswith("an adjudication without")
    assert set(found) == set(range(3, 12))
    (pair,) = pairs(filled).to_dict("records")
    assert (pair["label_a"], pair["label_b"]) == ("negative", "positive")


def test_a_later_label_of_the_same_annotator_counts(filled):
    assert rejects(filled, "1,,Ada,negative,,", "1,,Ada,neutral,,", "1,,Ben,neutral,,") == {}
    assert pairs(filled)["label_a"].tolist() == ["neutral"]


def test_several_pairs_become_several_tasks(filled):
    rejects(filled, "1,,Ada,negative,,", "1,,Ben,negative,,", "2,,Cyd,positive,,", "2,,Ada,positive,,")
    with filled.read() as connection:
        tasks = fetch_tasks(connection, HOUSE)
    assert sorted(tasks["annotators"].tolist()) == [["Ada", "Ben"], ["Ada", "Cyd"]]


def test_labels_of_another_program_find_their_review_by_text(filled):
    task = {
        "data": {"text": "Soggy cone.  Just peachy."},
        "annotations": [
            {"completed_by": who, "result": [
                {"from_name": "x", "to_name": "y", "type": "choices", "value": {"choices": [label]}}
            ]}
            for who, label in ((1, "Negative"), (2, "Positive"))
        ],
    }  # fmt: skip
    result = import_labels(filled, HOUSE, json.dumps([task]).encode(), "project-1.json")
    assert result["accepted"] == 1
    assert pairs(filled)["review_id"].tolist() == [2]


def test_a_date_in_the_future_does_not_outlast_later_decisions(filled):
    content = (
        b"review_id,text,annotator,label,at_utc\n1,,Ada,negative,2999-01-01T00:00:00Z\n"
        b"1,,Ben,negative,2999-01-01T00:00:00Z\n"
    )
    import_labels(filled, HOUSE, content, "some.csv")
    assert (pd.to_datetime(pairs(filled)["at_utc_a"], utc=True) <= pd.Timestamp.now("UTC")).all()


def test_labels_of_the_shipped_corpus_are_not_overwritten(filled):
    ship(filled, {"test": "held out"})
    found = rejects(filled, ",held out,Ada,negative,,", ",held out,Ben,negative,,")
    assert set(found.values()) == {"the shipped corpus has labelled this text; a second look can change it"}


def test_an_empty_file_is_taken_as_it_is(filled):
    result = import_labels(filled, HOUSE, b"[]", "none.json")
    assert result == {"accepted": 0, "adjudicated": 0, "known": 0, "rejected": 0, "rejects": [], "tasks": []}


def test_others_neither_export_nor_import(labelled):
    with pytest.raises(NotFound):
        export_labels(labelled, CREAMERY_ONLY, MODELS)
    with pytest.raises(NotFound):
        import_labels(labelled, CREAMERY_ONLY, b"[]", "none.json")
