"""Loading the shipped corpus, and measuring on its held-out part."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.queries.status import fetch_status
from peachdash.records import Role, Scope
from peachdash.storage.predictions import append_predictions
from peachdash.workflows.evaluation import compare_revisions, evaluate_revision
from peachdash.workflows.scoring import find_unread
from peachdash.workflows.setup import load_demo
from tests.integration.conftest import EVERYTHING, MODELS, reading

BUSINESSES = [
    {"id": name, "name": name.title(), "kind": "shop", "client": "Co " + name[0], "neighbourhood": "Midtown"}
    for name in ("ash", "birch", "cedar")
]
LABELS = ("negative", "neutral", "positive")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Thirty labelled test reviews of three businesses, three of each other split."""
    data = tmp_path / "data"
    (data / "reviews").mkdir(parents=True)
    (data / "labels").mkdir()
    (data / "businesses.json").write_text(json.dumps(BUSINESSES))
    gold, annotations = [], []
    for split, count in (("train", 3), ("validation", 3), ("test", 30), ("unlabelled", 3)):
        reviews = []
        for number in range(count):
            key = f"{split}-{number}"
            peachy = " peachy" if number % 2 else ""
            reviews.append(
                {
                    "review_id": key,
                    "business_id": BUSINESSES[number % 3]["id"],
                    "date": f"2026-0{1 + number % 9}-10",
                    "source": "google",
                    "stars": None if number == 0 else 1 + number % 5,
                    "title": "",
                    "text": f"{split} text number {number}{peachy}",
                    "owner_reply": None,
                }
            )
            label = LABELS[number % 3]
            slices = ["peachy_slang"] if peachy else ["plain"]
            if split != "unlabelled":
                gold.append(
                    {"review_id": key, "split": split, "label": label, "slices": slices, "reason_words": "",
                     "aspect": None, "adjudicated": False, "reason": ""}
                )  # fmt: skip
                annotations += [
                    {"review_id": key, "annotator": who, "label": label, "slices": slices, "unsure": False,
                     "reason_words": "", "aspect": None, "annotated_utc": "2026-11-01T10:00:00+00:00"}
                    for who in ("annotator-a", "annotator-b")
                ]  # fmt: skip
        write_lines(data / "reviews" / f"{split}.jsonl", reviews)
    write_lines(data / "labels" / "gold.jsonl", gold)
    table = pd.DataFrame(annotations).assign(unsure="no", aspect="")
    table["slices"] = table["slices"].str.join(";")
    table.to_csv(data / "labels" / "annotations.csv.gz", index=False)
    return data


def write_lines(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_all(database, corpus, revision, wrong: int) -> None:
    """Predictions of a made-up model that reads every test review right but the first `wrong` ones."""
    gold = {row["review_id"]: row["label"] for row in read_lines(corpus / "labels" / "gold.jsonl")}
    texts = find_unread(database, EVERYTHING, [revision], labelled_split="test")
    keys = {row["text"]: row["review_id"] for row in read_lines(corpus / "reviews" / "test.jsonl")}
    rows = []
    for text_sha256, text in texts.itertuples(index=False):
        number = int(keys[text].split("-")[1])
        label = gold[keys[text]]
        if number < wrong:
            label = LABELS[(LABELS.index(label) + 1) % 3]
        rows.append(reading(text_sha256, revision, label, 0.8))
    with database.write() as connection:
        append_predictions(connection, pd.DataFrame(rows))


def status(database):
    with database.read() as connection:
        return fetch_status(connection, EVERYTHING, MODELS)


def test_the_demo_loads_once(database, corpus):
    assert load_demo(database, EVERYTHING, corpus) == 39
    assert load_demo(database, EVERYTHING, corpus) == 0
    found = status(database)
    assert (found["businesses"], found["reviews"], found["imports"]) == (3, 39, 4)
    assert found["labelled"] == {"test": 30, "train": 3, "validation": 3}


def test_a_kill_between_two_files_is_made_good(database, corpus, monkeypatch):
    real = load_demo.__globals__["_load_reviews"]

    def killed(database, scope, path):
        if path.name == "test.jsonl":
            raise KeyboardInterrupt
        return real(database, scope, path)

    monkeypatch.setitem(load_demo.__globals__, "_load_reviews", killed)
    with pytest.raises(KeyboardInterrupt):
        load_demo(database, EVERYTHING, corpus)
    monkeypatch.undo()
    assert status(database)["reviews"] == 6
    assert load_demo(database, EVERYTHING, corpus) == 33


def test_new_reviews_and_changed_labels_of_a_later_version_arrive(database, corpus):
    load_demo(database, EVERYTHING, corpus)
    reviews = read_lines(corpus / "reviews" / "unlabelled.jsonl")
    reviews.append({**reviews[0], "review_id": "unlabelled-new", "text": "a new one"})
    write_lines(corpus / "reviews" / "unlabelled.jsonl", reviews)
    gold = read_lines(corpus / "labels" / "gold.jsonl")
    gold[0] |= {"label": "positive", "adjudicated": True, "reason": "read again"}
    write_lines(corpus / "labels" / "gold.jsonl", gold)
    assert load_demo(database, EVERYTHING, corpus) == 1
    assert status(database)["labelled"] == {"test": 30, "train": 3, "validation": 3}


def test_damaged_demo_files_are_named(database, corpus):
    path = corpus / "reviews" / "test.jsonl"
    path.write_text(path.read_text() + "{broken\n")
    with pytest.raises(BadInput, match=r"test\.jsonl, line 31"):
        load_demo(database, EVERYTHING, corpus)
    path.unlink()
    with pytest.raises(BadInput, match=r"test\.jsonl"):
        load_demo(database, EVERYTHING, corpus)


def test_an_evaluation_is_computed_once_and_shown_again(database, corpus):
    load_demo(database, EVERYTHING, corpus)
    read_all(database, corpus, MODELS.champion, wrong=3)
    first = evaluate_revision(database, EVERYTHING, MODELS.champion, "champion")
    again = evaluate_revision(database, EVERYTHING, MODELS.champion, "champion")
    assert (first.was_stored, again.was_stored) == (False, True)
    assert first.evaluation == again.evaluation
    assert first.evaluation.n == 30
    assert first.evaluation.accuracy.value == pytest.approx(0.9)
    assert first.evaluation.slice_errors["peachy"].n == 15


def test_changed_labels_are_a_new_reading(database, corpus):
    load_demo(database, EVERYTHING, corpus)
    read_all(database, corpus, MODELS.champion, wrong=0)
    evaluate_revision(database, EVERYTHING, MODELS.champion, "champion")
    gold = read_lines(corpus / "labels" / "gold.jsonl")
    next(row for row in gold if row["review_id"] == "test-0")["label"] = "positive"
    write_lines(corpus / "labels" / "gold.jsonl", gold)
    load_demo(database, EVERYTHING, corpus)
    again = evaluate_revision(database, EVERYTHING, MODELS.champion, "champion")
    assert not again.was_stored
    assert again.evaluation.accuracy.value == pytest.approx(29 / 30)


def test_unread_and_absent_test_reviews_are_said(database, corpus):
    with pytest.raises(BadInput, match="no labelled reviews"):
        evaluate_revision(database, EVERYTHING, MODELS.champion, "champion")
    load_demo(database, EVERYTHING, corpus)
    with pytest.raises(BadInput, match="0 of 30"):
        evaluate_revision(database, EVERYTHING, MODELS.champion, "champion")


def test_a_comparison_counts_who_was_right(database, corpus):
    load_demo(database, EVERYTHING, corpus)
    read_all(database, corpus, MODELS.generic, wrong=12)
    read_all(database, corpus, MODELS.champion, wrong=2)
    found = compare_revisions(database, EVERYTHING, MODELS.generic, MODELS.champion)
    assert (found.only_a_right, found.only_b_right, found.both_wrong) == (0, 10, 2)
    assert found.p_value == pytest.approx(2 * 0.5**10)
    assert len(found.disagreements) == 10


def test_figures_are_for_all_but_texts_stay_within_the_scope(database, corpus):
    load_demo(database, EVERYTHING, corpus)
    read_all(database, corpus, MODELS.generic, wrong=12)
    read_all(database, corpus, MODELS.champion, wrong=0)
    scope = Scope("mia", Role.MANAGER, frozenset({"ash"}))
    result = evaluate_revision(database, scope, MODELS.champion, "champion")
    assert result.evaluation.n == 30
    assert set(result.readings["business_id"]) == {"ash"}
    comparison = compare_revisions(database, scope, MODELS.generic, MODELS.champion)
    assert comparison.n == 30
    assert {item.business_id for item in comparison.disagreements} == {"ash"}
