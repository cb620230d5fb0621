"""Published review sets: reading the files, two-class accuracy, paired differences."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.evaluation.real_sets import (
    DEFAULT_SETS,
    REAL_SETS,
    accuracy_difference,
    accuracy_of,
    find_real_sets,
    hash_real_set,
    load_real_set,
    right_readings,
)

YELP = next(item for item in REAL_SETS if item.name == "uci_yelp")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def write(folder: Path, rows: list, name: str = "uci_yelp") -> Path:
    (folder / "reviews").mkdir(exist_ok=True)
    with gzip.open(folder / "reviews" / f"{name}.jsonl.gz", "wt") as handle:
        handle.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


def test_rows_without_label_or_text_are_left_out(tmp_path):
    rows = [
        {"text": "fine", "label": "positive"},
        {"text": "hm", "label": None},
        {"text": " ", "label": "negative"},
        {"text": "cold", "label": "negative"},
    ]
    frame = load_real_set(write(tmp_path, rows), YELP)
    assert list(frame["text"]) == ["fine", "cold"]
    assert list(frame["review_id"]) == ["0", "3"]
    assert frame["business_id"].is_unique


@pytest.mark.parametrize("row", [{"text": "fine"}, {"text": "fine", "label": "great"}, [1]])
def test_a_damaged_file_is_named(tmp_path, row):
    with pytest.raises(BadInput, match="uci_yelp"):
        load_real_set(write(tmp_path, [row]), YELP)


def test_a_file_that_is_no_gzip_is_named(tmp_path):
    folder = write(tmp_path, [])
    (folder / "reviews" / "uci_yelp.jsonl.gz").write_text("{}")
    with pytest.raises(BadInput, match="uci_yelp"):
        load_real_set(folder, YELP)


def test_only_sets_that_are_there_are_found_and_unknown_ones_refused(tmp_path):
    assert find_real_sets(tmp_path) == []
    assert find_real_sets(write(tmp_path, [])) == [YELP]
    with pytest.raises(BadInput, match="known are"):
        find_real_sets(tmp_path, ("imdb",))


def test_a_changed_label_changes_the_hash(tmp_path):
    frame = load_real_set(write(tmp_path, [{"text": "fine", "label": "positive"}]), YELP)
    assert hash_real_set(frame) != hash_real_set(frame.assign(gold="negative"))


def test_a_reading_of_neutral_is_wrong_but_may_lean_right_between_two():
    frame = pd.DataFrame(
        {
            "gold": ["positive", "negative", "negative"],
            "label": ["neutral", "negative", "neutral"],
            "p_negative": [0.1, 0.8, 0.2],
            "p_positive": [0.3, 0.1, 0.3],
        }
    )
    assert right_readings(frame).tolist() == [False, True, False]
    assert right_readings(frame, two_classes=True).tolist() == [True, True, False]


def test_differences_are_paired():
    before = np.array([True, False] * 50)
    assert accuracy_difference(before, before).value == 0
    assert accuracy_difference(before, before).low == 0
    better = before.copy()
    better[1:20:2] = True
    found = accuracy_difference(before, better)
    assert found.value == pytest.approx(0.1)
    assert 0 < (found.low or 0) < 0.1
    assert accuracy_difference(np.array([], bool), np.array([], bool)).value is None
    with pytest.raises(BadInput, match="equally many"):
        accuracy_difference(before, better[:3])


def test_accuracy_has_its_interval():
    found = accuracy_of(np.array([True, True, False, True]))
    assert (found.value, found.n) == (0.75, 4)
    assert (found.low or 1) < 0.75


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data with published reviews is absent")
def test_the_published_files_are_read():
    counts = {item.name: len(load_real_set(SHARED, item)) for item in find_real_sets(SHARED)}
    assert counts == {"semeval2014_restaurants_train": 2418, "uci_yelp": 1000, "uci_amazon": 1000}
    assert set(counts) == set(DEFAULT_SETS)
