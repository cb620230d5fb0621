"""What the aspect head learns from: phrases that are apart from those it is chosen on, and told sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from peachdash.records import ASPECTS
from scripts.aspect_examples import (
    cut_reviews,
    join_phrases,
    load_held_out,
    load_negative,
    load_phrases,
    spoken_of,
)
from scripts.build_aspects import choose_threshold, tell_sentences
from scripts.measuring.aspects import score_kinds, score_semeval

DATA = Path(__file__).resolve().parents[2] / "data"


def test_phrases_are_known_once_and_none_is_held_out_too():
    phrases, held_out = load_phrases(DATA), load_held_out(DATA)
    texts = [*phrases["text"], *held_out["text"]]
    assert len(texts) == len({text.lower() for text in texts})
    assert set(phrases["aspects"].str[0]) == set(ASPECTS)
    assert held_out["aspects"].map(lambda own: set(own) <= set(ASPECTS)).all()
    assert held_out["aspects"].str.len().max() >= 2


def test_joined_phrases_speak_of_what_their_parts_do_and_are_the_same_every_time():
    phrases = pd.DataFrame(
        {"text": ["Cold soup.", "I paid a lot!"], "aspects": [["food or product"], ["price"]]}
    )
    joined = join_phrases(phrases, 50)
    assert joined.equals(join_phrases(phrases, 50))
    for text, aspects in zip(joined["text"], joined["aspects"], strict=True):
        assert ("food or product" in aspects) == ("cold soup" in text.lower())
        assert ("price" in aspects) == ("I paid a lot" in text)
    assert joined["aspects"].str.len().max() == 2


def test_one_sentence_of_a_review_speaks_of_its_aspect():
    reviews = pd.DataFrame(
        {"text": ["We came on a Monday. The soup was cold. So it goes on.", "Too expensive for me."],
         "aspect": ["food or product", "price"]}
    )  # fmt: skip
    sentences = cut_reviews(reviews)
    read = np.zeros((4, 7))
    read[1, ASPECTS.index("food or product")] = 0.9
    read[0, ASPECTS.index("price")] = 1.0
    told = tell_sentences(sentences, read)
    assert told["aspects"].tolist() == [["other"], ["food or product"], ["other"], ["price"]]
    assert told["weight"].tolist() == [0.5, 1.0, 0.5, 1.0]
    assert spoken_of(told["aspects"]).sum(axis=1).tolist() == [1] * 4


def test_the_threshold_is_the_one_that_finds_most():
    gold = np.zeros((4, 7), dtype=bool)
    gold[:2, 0] = True
    read = np.zeros((4, 7))
    read[:, 0] = [0.9, 0.46, 0.44, 0.1]
    assert choose_threshold(read, gold) == (0.45, 1.0)


def test_sentences_with_several_aspects_and_with_none_count_decision_by_decision():
    gold = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=bool)
    spoken = np.zeros((4, 7), dtype=bool)
    for row, aspect in ((0, "food or product"), (1, "waiting"), (2, "price"), (3, "place")):
        spoken[row, ASPECTS.index(aspect)] = True
    scores = score_semeval(spoken, gold)
    assert scores["micro-F1, all sentences"] == pytest.approx(6 / 8, abs=1e-3)
    assert scores["micro-F1, sentences about one of the four"] == pytest.approx(6 / 7, abs=1e-3)


def test_a_review_is_about_what_one_of_its_sentences_speaks_of():
    def find(texts):
        return np.array([[aspect in text for aspect in ASPECTS] for text in texts])

    gold = np.eye(7, dtype=bool)
    scores = score_kinds(find, [[aspect, "nothing"] for aspect in ASPECTS], gold)
    assert scores["macro-F1"] == 1.0


def test_the_reviews_are_those_of_one_split_with_an_aspect():
    train, validation = load_negative(DATA, "train"), load_negative(DATA, "validation")
    assert not set(train["text"]) & set(validation["text"])
    assert set(validation["aspect"]) <= set(ASPECTS)
