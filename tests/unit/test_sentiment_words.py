"""Looking words up gives the ids of the tokenizers package, whatever the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peachdash.sentiment import words
from peachdash.sentiment.corpus import load_reviews
from peachdash.sentiment.encoders import SMALL, find_encoder
from peachdash.sentiment.tokens import load_tokenizer
from peachdash.sentiment.words import WordTokenizer, splits_into_words

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = find_encoder(SMALL, REPOSITORY / ".cache" / "encoders")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the small encoder is not installed")
ODD = [
    "[SEP]",
    "[CLS] a",
    "a[MASK]b",
    "[sep]",
    "<s>",
    "\x00",
    "a\x00b",
    "́",
    "≠",
    "漢字",
    "🍑👩‍👩‍👧",
    "ﬁ",
    "İ",
    " ",
    "\u2028",
]


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(FOLDER)


def rows(encoded):
    ids, offsets = encoded
    return [part.tolist() for part in np.split(ids, offsets[1:-1])]


def by_package(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]


def test_reviews_and_odd_texts_have_the_ids_of_the_package(tokenizer):
    texts = [*load_reviews(REPOSITORY / "data", "validation")["text"], *ODD, "", "a,b" * 20_000, "x" * 300]
    assert rows(WordTokenizer(tokenizer).encode(texts)) == by_package(tokenizer, texts)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.characters(), st.sampled_from([*ODD, " ", "the", "ing"]))).map("".join))
)
def test_any_texts_have_the_ids_of_the_package(texts):
    texts = [text for text in texts if not any("\ud800" <= letter <= "\udfff" for letter in text)]
    made = load_tokenizer(FOLDER) if not hasattr(by_package, "kept") else by_package.kept
    by_package.kept = made
    assert rows(WordTokenizer(made).encode(texts)) == (by_package(made, texts) if texts else [[]])


def test_no_text_has_no_token(tokenizer):
    ids, offsets = WordTokenizer(tokenizer).encode([])
    assert (ids.tolist(), offsets.tolist()) == ([], [0])


def test_a_full_memory_starts_anew(tokenizer, monkeypatch):
    monkeypatch.setattr(words, "WORDS_KEPT", 3)
    made = WordTokenizer(tokenizer)
    for text in ("the soup was good", "the soup was cold", "peachy"):
        assert rows(made.encode([text])) == by_package(tokenizer, [text])
    assert len(made._numbers) < 8


def test_tokenizers_of_another_kind_are_told_apart(tokenizer):
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    assert splits_into_words(tokenizer)
    assert not splits_into_words(Tokenizer(BPE()))
