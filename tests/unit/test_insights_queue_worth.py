"""The queue in words, and what is like a text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from peachdash.insights.queue_worth import (
    arrival_words,
    error_words,
    queue_sentence,
    reason_words,
    saved_words,
)
from peachdash.insights.similar import nearest_by_vector, nearest_by_words


def test_the_sentence_counts_what_waits_and_what_needs_nobody():
    counts = {"waiting": 1, "sent": 4, "unsent": 16, "decided": 3, "arrived": 2}
    assert (
        queue_sentence(counts, "Creamery") == "Creamery: 1 reading waits for a person; 80% of 20 need none."
    )
    none = {**counts, "waiting": 0}
    assert queue_sentence(none, "Creamery").startswith("Creamery: no reading waits for a person")
    assert queue_sentence({"waiting": 0, "sent": 0, "unsent": 0}, "Creamery") == "Creamery: no reading yet."


def test_the_error_is_measured_or_not_told():
    assert error_words({"n": 0, "wrong": 0}, 10).startswith("Not measured")
    assert "3 checked so far" in error_words({"n": 3, "wrong": 0}, 10)
    assert error_words({"n": 40, "wrong": 4}, 10).startswith("10% (4 to 23%, n = 40)")


@pytest.mark.parametrize(
    ("seconds", "words"), [(20, "About 20 minutes, at 20 seconds"), (600, "About 10 hours, at 600 seconds")]
)
def test_time_saved_names_its_assumption(seconds, words):
    assert saved_words(60, seconds).startswith(words)


def test_reasons_and_arrivals():
    row = pd.Series({"unsure": True, "disagree": False, "sarcasm": True, "mixed": False})
    assert reason_words(row) == "the model is unsure, may be sarcasm"
    assert arrival_words(28, 28) == "1.0 a day in the latest 28 days"


def test_similar_texts_by_words_then_by_vectors():
    others = ["the soup was cold", "lovely dress", "cold soup again"]
    assert nearest_by_words("cold soup", others, 2) == [0, 2]
    assert nearest_by_words("cold soup", []) == []
    assert nearest_by_words("the", ["of", "and"]) == [0, 1]
    vectors = {"a": np.array([1.0, 0]), "b": np.array([0.9, 0.1]), "c": np.array([0, 1.0])}
    assert nearest_by_vector("a", ["a", "b", "c", "unknown"], vectors) == ["b", "c"]
    assert nearest_by_vector("unknown", ["a"], vectors) == []


def test_a_handful_of_readings_is_told_without_shares():
    one = {"sent": 1, "unsent": 0, "waiting": 1}
    assert queue_sentence(one, "Creamery") == "Creamery: 1 reading waits for a person."
    three = {"sent": 1, "unsent": 2, "waiting": 1}
    assert queue_sentence(three, "Creamery") == "Creamery: 1 reading waits for a person; 2 of 3 need none."
    assert arrival_words(1, 28) == "1 in the latest 28 days"
    assert arrival_words(0, 28) == "None in the latest 28 days"
    assert "every reading goes to a person" in saved_words(0, 20)
