"""Labels to CSV and Label Studio's JSON and back."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.labelling.exchange import ROW_COLUMNS, long_frame
from peachdash.labelling.label_csv import flat_frame, read_csv
from peachdash.labelling.label_studio import LABEL_CONFIG, read_tasks, to_tasks
from peachdash.ui.formatting import safe_csv

NO_READINGS = pd.DataFrame(columns=["review_id", "model_version", "label", "score"])


def rows() -> pd.DataFrame:
    shared = {"task": "first", "review_id": "7", "title": "", "text": "=1+1 is what I paid. Just peachy."}
    said = {
        "slices": ["sarcasm"],
        "unsure": True,
        "reason_words": "what I paid",
        "aspect": "price",
        "reason": "",
    }
    ruled = {"label": "negative", "slices": [], "unsure": False, "reason_words": "", "aspect": None}
    return long_frame(
        [
            {**shared, "role": "annotator", "annotator": "ada@x.example", "label": "negative", **said,
             "at_utc": "2026-11-28T10:00:00+00:00"},
            {**shared, "role": "annotator", "annotator": "Ben", "label": "neutral", **said, "slices": [],
             "unsure": False, "reason_words": "", "aspect": None, "at_utc": "2026-11-28T11:00:00+00:00"},
            {**shared, "role": "adjudicator", "annotator": "cyd", **ruled, "reason": "a sneer",
             "at_utc": "2026-11-28T12:00:00+00:00"},
        ]
    )  # fmt: skip


def items() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"review_id": "7", "task": "first", "title": "", "text": rows()["text"].iloc[0]},
            {"review_id": "8", "task": "first", "title": "Hm", "text": "Open till nine."},
        ]
    )


def test_csv_there_and_back_is_the_same():
    content = safe_csv(flat_frame(rows()))
    assert b"'=1+1" in content, "no spreadsheet takes the text for a formula"
    pd.testing.assert_frame_equal(read_csv(content), rows(), check_dtype=False)


def test_label_studio_there_and_back_is_the_same():
    content = json.dumps(to_tasks(items(), rows(), NO_READINGS)).encode()
    pd.testing.assert_frame_equal(read_tasks(content), rows(), check_dtype=False)


def test_tasks_have_the_form_that_label_studio_reads():
    readings = pd.DataFrame(
        [{"review_id": "7", "model_version": "small-1", "label": "positive", "score": 0.9}]
    )
    first, second = to_tasks(items(), rows(), readings)
    assert first["data"]["text"].startswith("=1+1")
    assert second["annotations"] == second["predictions"] == []
    ada, ben, ruling = first["annotations"]
    assert ada["completed_by"] == {"email": "ada@x.example"}
    assert "completed_by" not in ben, "Label Studio refuses users that it does not know by e-mail"
    assert [one["ground_truth"] for one in (ada, ben, ruling)] == [False, False, True]
    assert ada["result"][0] == {
        "from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["negative"]},
    }  # fmt: skip
    assert ada["result"][-1]["type"] == "textarea"
    assert first["predictions"] == [
        {"model_version": "small-1", "score": 0.9,
         "result": [{"from_name": "label", "to_name": "text", "type": "choices",
                     "value": {"choices": ["positive"]}}]}
    ]  # fmt: skip
    names = {item["from_name"] for one in first["annotations"] for item in one["result"]}
    assert all(f'name="{name}"' in LABEL_CONFIG for name in names)


FOREIGN = [
    {
        "id": 1,
        "data": {"text": "Soggy cone. Just peachy."},
        "annotations": [
            {"completed_by": 3, "was_cancelled": False, "ground_truth": False,
             "created_at": "2026-03-09T22:16:08.728353Z",
             "result": [{"from_name": "sentiment", "to_name": "txt", "type": "choices",
                         "value": {"choices": ["Negative"]}}]},
            {"completed_by": {"id": 4, "email": "b@x.example", "first_name": "B"}, "was_cancelled": False,
             "result": [{"from_name": "sentiment", "to_name": "txt", "type": "choices",
                         "value": {"choices": ["Positive"]}}]},
            {"completed_by": 5, "was_cancelled": True, "result": []},
        ],
        "predictions": [{"model_version": "m", "result": []}],
    }
]  # fmt: skip


def test_an_export_of_another_project_is_understood():
    found = read_tasks(json.dumps(FOREIGN).encode())
    assert list(found["label"]) == ["negative", "positive"]
    assert list(found["annotator"]) == ["Label Studio user 3", "b@x.example"]
    assert list(found["role"]) == ["annotator", "annotator"]
    assert found["at_utc"].notna().tolist() == [True, False]


def test_a_ground_truth_is_an_adjudication_where_two_others_labelled():
    task = json.loads(json.dumps(FOREIGN))
    task[0]["annotations"][2] = {**task[0]["annotations"][0], "completed_by": 9, "ground_truth": True}
    found = read_tasks(json.dumps(task).encode())
    assert list(found["role"]) == ["annotator", "annotator", "adjudicator"]
    assert found["reason"].iloc[2] == "ground truth in Label Studio"
    alone = [{**FOREIGN[0], "annotations": [{**FOREIGN[0]["annotations"][0], "ground_truth": True}]}]
    assert list(read_tasks(json.dumps(alone).encode())["role"]) == ["annotator"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "no JSON"),
        (b'{"a": 1}', "list of tasks"),
        (b"[1]", "list of tasks"),
        (b'[{"text": "x", "sentiment": "Positive"}]', "not as JSON-MIN"),
        (b"\xff\xfe", "no JSON"),
        (b" \n", "The file is empty: expected Label Studio's JSON"),
        (b"[" * 200_000, "nested too deeply to be Label Studio's JSON"),
    ],
)
def test_other_json_is_refused_in_words(content, told):
    with pytest.raises(BadInput, match=told):
        read_tasks(content)


@pytest.mark.parametrize(
    "broken", [None, 3, "x", {"value": 3}, {"value": {"choices": "negative"}}, {"value": None}]
)
def test_odd_results_do_not_stop_the_rest(broken):
    task = json.loads(json.dumps(FOREIGN))
    task[0]["annotations"][0]["result"].append(broken)
    assert len(read_tasks(json.dumps(task).encode())) == 2


def test_a_plain_table_of_another_program_is_understood():
    content = b"text,sentiment,annotator\nSoggy cone,Negative,ada\n"
    found = read_csv(content)
    assert list(found.columns) == ROW_COLUMNS
    assert found[["text", "label", "annotator", "role"]].iloc[0].tolist() == [
        "Soggy cone", "negative", "ada", "annotator",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"label,annotator\n", "text or review_id"), (b"text,label\n", "column annotator"), (b"", "is empty"),
     (b"text,annotator\n", "column label"), (b"\xff\xfe\x00", "no CSV")],
)  # fmt: skip
def test_other_tables_are_refused_in_words(content, told):
    with pytest.raises(BadInput, match=told):
        read_csv(content)


def test_empty_files_are_no_labels():
    assert read_tasks(b"[]").empty
    assert read_csv(b"text,label,annotator\n").empty
