"""The scored text and its key."""

import hashlib
import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peachdash.sentiment.text import (
    clean_text,
    scored_text,
    scored_texts,
    text_sha256,
    text_sha256s,
)
from peachdash.sentiment.text_columns import _PLAIN, column_sha256s


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Great", "Loved  it\n\nall", "Great\nLoved it all"),
        ("", "Only text", "Only text"),
        ("Only title", None, "Only title"),
        (None, float("nan"), ""),
        ("  \t", "\n\u00a0\u3000", ""),
        ("", "\u200b\ufeff", ""),
        ("", "\u200d\u200e", ""),
        ("A", "nul\x00 bell\x07 esc\x1b[0m", "A\nnul bell esc[0m"),
        ("", "Just PEACHY", "Just PEACHY"),
        ("", "cafe\u0301", "caf\u00e9"),
        ("", "e\x00\u0301", "\u00e9"),
        ("", "bad\ud800pair", "badpair"),
        ("", "\U0001f468\u200d\U0001f373 wow", "\U0001f468\u200d\U0001f373 wow"),
        ("", "👍", "👍"),
    ],
)
def test_scored_text(title: object, text: object, expected: str) -> None:
    assert scored_text(title, text) == expected


@given(st.text(), st.text())
def test_any_text_gives_one_clean_form(title: str, text: str) -> None:
    scored = scored_text(title, text)
    assert unicodedata.is_normalized("NFC", scored)
    assert scored.count("\n") == (1 if clean_text(title) and clean_text(text) else 0)
    assert clean_text(clean_text(text)) == clean_text(text)
    assert "\x00" not in scored
    assert len(text_sha256(scored)) == 64


def test_columns_give_what_single_rows_give() -> None:
    titles, texts = ["T", None, ""], ["a  b", "c", None]
    assert scored_texts(titles, texts) == ["T\na b", "c", ""]
    assert scored_texts(None, texts) == ["a b", "c", ""]
    assert scored_texts([], []) == []


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        scored_texts(["one"], ["one", "two"])


def test_sha256_is_that_of_the_utf8_bytes() -> None:
    assert text_sha256("caf\u00e9") == hashlib.sha256(b"caf\xc3\xa9").hexdigest()
    assert text_sha256s(["a", "b"]) == [text_sha256("a"), text_sha256("b")]
    assert text_sha256("a") != text_sha256("A")


AWKWARD = st.text(
    st.characters()
    | st.sampled_from("\t\n\r  \u00a0\u00ad\u200b\u200d\u2028\u0301\ufe0f\u00e9\u2019\U0001f351")
)


@given(st.lists(st.tuples(st.none() | AWKWARD, st.none() | AWKWARD), max_size=5))
def test_text_columns_give_what_single_rows_give(pairs: list[tuple[str | None, str | None]]) -> None:
    storable = [tuple(text and text.encode("utf-8", "ignore").decode() for text in pair) for pair in pairs]
    titles, texts = (pd.Series([pair[place] for pair in storable], dtype="str") for place in (0, 1))
    expected = [scored_text(*pair) for pair in storable]
    assert scored_texts(titles, texts) == expected
    assert column_sha256s(titles, texts) == text_sha256s(expected)


def test_characters_that_are_cleaned_by_columns_need_nothing_but_folded_spaces() -> None:
    plain = [chr(code) for code in range(0x110000) if re.fullmatch(f"[{_PLAIN}]", chr(code))]
    assert "\u00e9" in plain
    assert "\u00a0" not in plain
    for character in plain:
        assert clean_text(f"a{character}b") == " ".join(f"a{character}b".split())
        assert clean_text(f"{character}") == character.strip("\t\n\r ")
        assert unicodedata.combining(character) == 0
