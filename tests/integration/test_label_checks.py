"""The search for likely label errors, from the labels to the worker and back to a second look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from peachdash.config import REPOSITORY, Settings
from peachdash.errors import BadInput
from peachdash.insights.aspects import load_head
from peachdash.jobs import label_checking
from peachdash.jobs.label_checking import ask_check, execute_check_run, find_check_progress, take_check
from peachdash.jobs.supervisor import WORKER_KINDS
from peachdash.jobs.worker import next_run
from peachdash.labelling.exchange import long_frame
from peachdash.labelling.label_csv import flat_frame
from peachdash.records import LABELS
from peachdash.storage.labelling import GivenLabel
from peachdash.ui.formatting import safe_csv
from peachdash.workflows.adjudicating import look_again, take_back_adjudication
from peachdash.workflows.label_checks import find_check_work, list_suspects
from peachdash.workflows.label_import import import_labels
from tests.integration.conftest import add_reviews, review_rows
from tests.integration.label_world import HOUSE

WORDS = {"negative": "cold and late", "neutral": "open till nine", "positive": "lovely and warm"}
PLANTED = 7
"""Of the reviews below, the one with a wrong label: its words are those of another."""


class WordVectors:
    """An embedder that tells the three kinds of text apart, with some noise; and counts what it embeds."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts, on_batch=None):
        draw = np.random.default_rng(len(texts))
        vectors = draw.normal(0, 0.05, (len(texts), 384)).astype(np.float32)
        for row, text in enumerate(texts):
            vectors[row, [text.startswith(words) for words in WORDS.values()].index(True)] += 1
        self.embedded += len(texts)
        if on_batch is not None and texts:
            on_batch(len(texts), len(texts))
        return vectors


@pytest.fixture
def labelled(filled):
    """Sixty labelled reviews, twenty of each class, one of them labelled wrongly."""
    kinds = [LABELS[number % 3] for number in range(60)]
    texts = [f"{WORDS[kind]}, number {number}" for number, kind in enumerate(kinds)]
    add_reviews(filled, "more", review_rows([{"text": text} for text in texts]))
    kinds[PLANTED] = "negative" if kinds[PLANTED] != "negative" else "positive"
    blank = {"task": "", "review_id": "", "title": "", "role": "annotator", "slices": [], "unsure": False}
    rows = [
        {
            **blank,
            "text": text,
            "annotator": who,
            "label": kind,
            "reason_words": "",
            "aspect": None,
            "reason": "",
        }
        for text, kind in zip(texts, kinds, strict=True)
        for who in ("Ada", "Ben")
    ]
    result = import_labels(filled, HOUSE, safe_csv(flat_frame(long_frame(rows))), "labels.csv")
    assert result["accepted"] == 60
    return filled


def search(database, jobs: Path, embedder: WordVectors):
    settings = Settings(home=jobs.parent)
    space = load_head(settings.models).space
    run = ask_check(jobs, find_check_work(database, HOUSE, space))
    assert next_run(jobs).run_id == run.run_id, "the resident worker takes it"
    execute_check_run(run, embedder, settings.models)
    run.set_state("done")
    take_check(database, HOUSE, run, settings.models)
    return run


def test_a_planted_error_is_found_looked_at_and_gone(labelled, tmp_path):
    assert list_suspects(labelled, HOUSE).reviews == 0
    embedder = WordVectors()
    run = search(labelled, tmp_path / "jobs", embedder)
    assert run.state == "stored"
    assert label_checking.KIND in WORKER_KINDS
    found = list_suspects(labelled, HOUSE)
    assert (found.reviews, found.found, found.is_current, found.settled) == (60, 1, True, 60)
    (row,) = found.rows.to_dict("records")
    assert row["text"].endswith(f"number {PLANTED}")
    assert row["suggestion"] == "neutral"
    assert row["quality"] < 0.1
    look_again(labelled, HOUSE, row["review_id"], GivenLabel("neutral"), "hours only")
    again = list_suspects(labelled, HOUSE)
    assert again.rows.empty
    assert not again.is_current, "a label changed since"
    take_back_adjudication(labelled, HOUSE, "second look", row["review_id"])
    assert len(list_suspects(labelled, HOUSE).rows) == 1


def test_a_confirmed_label_is_not_offered_again(labelled, tmp_path):
    search(labelled, tmp_path / "jobs", WordVectors())
    (row,) = list_suspects(labelled, HOUSE).rows.to_dict("records")
    look_again(labelled, HOUSE, row["review_id"], GivenLabel(row["label"]), "meant ironically")
    found = list_suspects(labelled, HOUSE)
    assert found.rows.empty
    assert found.is_current, "the label is what it was"


def test_vectors_are_kept_and_the_same_search_is_stored_once(labelled, tmp_path):
    embedder = WordVectors()
    search(labelled, tmp_path / "jobs", embedder)
    assert embedder.embedded == 60
    search(labelled, tmp_path / "jobs", embedder)
    assert embedder.embedded == 60
    assert list_suspects(labelled, HOUSE).found == 1


def test_a_search_goes_on_once_whoever_asks(labelled, tmp_path):
    work = find_check_work(labelled, HOUSE, "space")
    first = ask_check(tmp_path / "jobs", work)
    assert ask_check(tmp_path / "jobs", work).run_id == first.run_id
    progress = find_check_progress(tmp_path / "jobs")
    assert progress.is_active
    assert find_check_progress(tmp_path / "none") is None


def test_too_few_labels_are_refused_before_a_run_begins(filled):
    with pytest.raises(BadInput, match="two or more"):
        find_check_work(filled, HOUSE, "space")


def test_the_worker_runs_it_by_its_kind(labelled, tmp_path):
    from peachdash.jobs.worker import Tools, take_run

    settings = Settings(home=tmp_path)
    run = ask_check(settings.jobs, find_check_work(labelled, HOUSE, "space"))
    import os

    take_run(run, Tools(None, WordVectors()), settings, os.getppid())
    assert run.state == "done", run.error


REAL = REPOSITORY.parent / "shared" / "data" / "reviews" / "semeval2014_restaurants_train.jsonl.gz"


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_file(), reason="the real review sets are not here (../shared/data)")
def test_planted_errors_among_real_sentences_are_found():
    """900 sentences that people labelled, 45 of them labelled wrongly on purpose, by the real encoder."""
    from peachdash.labelling.label_errors import check_labels
    from peachdash.sentiment.embedding import Embedder

    rows = pd.read_json(REAL, lines=True).dropna(subset=["label"]).drop_duplicates("text").head(900)
    labels = rows["label"].reset_index(drop=True)
    planted = np.random.default_rng(2).choice(len(labels), 45, replace=False)
    labels[planted] = ["positive" if label == "negative" else "negative" for label in labels[planted]]
    vectors = Embedder(Settings().encoders, "cpu").embed(list(rows["text"]))
    found = check_labels(vectors, list(rows["text"]), labels, rows["text"].reset_index(drop=True))
    suspected = np.flatnonzero(found.rows["suspected"])
    hits = len(set(planted) & set(suspected))
    least_likely = np.argsort(found.rows["quality"].to_numpy())[: len(labels) // 5]
    assert len(set(planted) & set(least_likely)) / len(planted) > 0.5, "most are in the least likely fifth"
    assert hits / len(suspected) > 4 * len(planted) / len(labels), "four times as often as by chance"
