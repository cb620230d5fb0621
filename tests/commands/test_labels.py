"""`peachdash labels`: out to a file, in from one, and wrong use in one line."""

from __future__ import annotations

import csv
import json

import pytest

TEXTS = ("Soggy cone. Just peachy.", "Lovely ube scoop", "Open till nine")
ROWS = "".join(f'"{text}",{who},negative\n' for text in TEXTS[:2] for who in ("ada", "ben"))


@pytest.fixture
def stored(peachdash, tmp_path):
    """Three reviews, of which two have two labels."""
    export = tmp_path / "reviews.csv"
    export.write_text("business,review\n" + "".join(f'A Shop,"{text}"\n' for text in TEXTS))
    assert peachdash("import", export).status == 0
    labels = tmp_path / "labels.csv"
    labels.write_text("text,annotator,label\n" + ROWS + f'"{TEXTS[2]}",ada,neutral\n"unknown",ada,neutral\n')
    return peachdash("labels", "import", labels, "--name", "First round")


def test_an_import_says_what_it_took_and_what_not(stored):
    assert stored.status == 0, stored.err
    assert stored.out.splitlines() == [
        "reviews with two labels 2 (adjudicated 0), known 0; rows rejected 2",
        "  row 5: one annotator only; a label counts once two have given theirs",
        "  row 6: no stored review has this number and text",
    ]


def test_an_import_of_which_nothing_could_be_used_fails(stored, peachdash, tmp_path):
    again = peachdash("labels", "import", tmp_path / "labels.csv")
    assert again.status == 0, "what is known already is no failure"
    (tmp_path / "none.csv").write_text("text,annotator,label\nunknown,ada,neutral\n")
    done = peachdash("labels", "import", tmp_path / "none.csv")
    assert done.status == 2
    assert done.out.splitlines()[0].endswith("rows rejected 1")
    assert len(done.out.splitlines()) == 2


def test_labels_are_exported_as_csv(stored, peachdash, tmp_path):
    done = peachdash("labels", "export", tmp_path / "out.csv")
    assert done.status == 0
    assert "4 labels of 2 reviews" in done.err
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {(row["task"], row["annotator"], row["label"]) for row in rows} == {
        ("First round", "ada", "negative"), ("First round", "ben", "negative"),
    }  # fmt: skip


def test_labels_are_exported_for_label_studio_and_known_when_they_come_back(stored, peachdash, tmp_path):
    target = tmp_path / "out.json"
    assert peachdash("labels", "export", target, "--task", "first ROUND", "--predictions").status == 0
    tasks = json.loads(target.read_text())
    assert sorted(task["data"]["text"] for task in tasks) == sorted(TEXTS[:2])
    assert tasks[0]["annotations"][0]["result"][0]["value"] == {"choices": ["negative"]}
    assert peachdash("labels", "import", target, "--json").json["known"] == 2


def test_wrong_use_is_one_clear_line(stored, peachdash, tmp_path):
    peachdash("labels", "export", tmp_path / "out.txt").assert_refused(".csv or .json")
    peachdash("labels", "export", tmp_path / "o.csv", "--predictions").assert_refused(
        "--predictions", ".json"
    )
    peachdash("labels", "export", tmp_path / "o.csv", "--task", "x").assert_refused("'x'", "First round")
    (tmp_path / "bad.json").write_text("{")
    peachdash("labels", "import", tmp_path / "bad.json").assert_refused("bad.json is no JSON")
    (tmp_path / "zero.csv").write_text("")
    peachdash("labels", "import", tmp_path / "zero.csv").assert_refused("zero.csv is empty: expected a CSV")
    peachdash("labels", "import", tmp_path / "none.csv").assert_refused("cannot be read")


def test_an_empty_database_gives_an_empty_file(peachdash, tmp_path):
    done = peachdash("labels", "export", tmp_path / "out.json", "--shipped")
    assert done.status == 0, done.err
    assert json.loads((tmp_path / "out.json").read_text()) == []
