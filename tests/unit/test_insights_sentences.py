"""Sentences: nothing lost, nothing doubled, places that fit, and texts that nobody foresees."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peachdash.insights.sentences import MOST_WORDS, split_sentences, split_texts


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


def test_sentences_stand_where_they_say():
    text = "Soggy cone. The line was long! We left."
    assert texts(text) == ["Soggy cone.", "The line was long!", "We left."]
    assert all(text[part.start : part.end] == part.text for part in split_sentences(text))


def test_a_title_ends_a_sentence():
    assert texts("Never again\nThe broth was cold.") == ["Never again", "The broth was cold."]


def test_numbers_and_single_words_join_their_neighbour():
    assert texts("1. Cold soup came. Twice.") == ["1. Cold soup came. Twice."]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_blank_text_has_none(text):
    assert texts(text) == []


@pytest.mark.parametrize("text", ["😀", "...", "1.", "ALL CAPS NO STOP"])
def test_odd_texts_are_one_sentence(text):
    assert texts(text) == [text]


def test_a_sentence_of_5000_words_is_cut():
    parts = texts(" ".join(["word"] * 5000))
    assert len(parts) == -(-5000 // MOST_WORDS)
    assert " ".join(parts) == " ".join(["word"] * 5000)


@given(st.text(max_size=300))
def test_only_white_space_is_left_out(text):
    parts = split_sentences(text)
    assert all(text[part.start : part.end] == part.text for part in parts)
    assert all(left.end <= right.start for left, right in itertools.pairwise(parts))
    kept = "".join(part.text for part in parts)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_table_of_sentences_counts_words_of_meaning():
    table = split_texts([("a", "Peachy, I suppose. The broth was cold."), ("b", "")])
    assert table["text_sha256"].tolist() == ["a", "a"]
    assert table["position"].tolist() == [0, 1]
    assert table["content_words"].tolist() == [0, 2]
