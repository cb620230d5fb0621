"""Texts made clean without losing a word."""

from __future__ import annotations

import pandas as pd
import pytest

from peachdash.ingest.cells import Distinct, clean_label, clean_text, keep_english, without_missing


def clean(text: str) -> str | None:
    cell = clean_text(pd.Series([text], dtype="str"))[0]
    return None if pd.isna(cell) else cell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good", "good"),
        ("  good\r\nfood\rhere\n", "good\nfood\nhere"),
        ("Gr\0eat\x07 food\u200e", "Great food"),
        ("tab\tstays", "tab\tstays"),
        ("Fish &amp; chips", "Fish & chips"),
        ("it&#39;s &quot;ok&quot;", 'it\'s "ok"'),
        ("one<br>two<br />three", "one\ntwo\nthree"),
        ("AT&T rocks; 3 < 5", "AT&T rocks; 3 < 5"),
        ("two_x000D_\nlines", "two\nlines"),
        ("Itâ€™s a cafÃ©", "It’s a café"),
        ("â€œquotedâ€\x9d", "“quoted”"),
        ("Ã is a letter", "Ã is a letter"),
        ("😍😍", "😍😍"),
        ("zero\u200djoiner", "zero\u200djoiner"),
        ("", None),
        ("N/A", None),
        ("\x00", None),
        ("None of it", "None of it"),
    ],
)
def test_clean_text(text: str, expected: str | None) -> None:
    assert clean(text) == expected


def test_cleaning_twice_changes_nothing() -> None:
    texts = pd.Series(["a &amp; b", "x\r\ny", "  z ", "Itâ€™s", "plain"], dtype="str")
    once = clean_text(texts)
    assert clean_text(once).tolist() == once.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(Translated by Google) Good food\n\n(Original)\nBuena comida", "Good food"),
        ("(Translated by Google) Good food (Original) Buena comida", "Good food"),
        ("(Translated by Google) Good food", "Good food"),
        ("Buena comida\n\n(Translated by Google)\nThe food was good", "The food was good"),
        ("The food was good\n\n(Translated by Google)\nLa comida fue buena", "The food was good"),
        ("No marker (at all)", "No marker (at all)"),
        ("(Original) thinking here", "(Original) thinking here"),
    ],
)
def test_keep_english(text: str, expected: str) -> None:
    assert keep_english(text) == expected
    assert clean(text) == expected


def test_labels_are_one_line() -> None:
    assert clean_label(pd.Series([" Joe's\n  Diner ", None], dtype="str")).fillna("?").tolist() == [
        "Joe's Diner",
        "?",
    ]


def test_without_missing_is_exact_about_case() -> None:
    cells = pd.Series(["nan", "Nan", "NULL", "Null and void", "—", "-", "--x"], dtype="str")
    assert without_missing(cells).isna().tolist() == [True, False, True, False, True, True, False]


def test_distinct_goes_there_and_back() -> None:
    cells = pd.Series(["b", None, "a", "b"], index=[3, 4, 5, 9], dtype="str")
    distinct = Distinct(cells)
    assert distinct.texts.tolist() == ["b", "a"]
    spread = distinct.spread(pd.Series([2.0, 1.0]))
    assert spread.fillna(-1).to_dict() == {3: 2.0, 4: -1.0, 5: 1.0, 9: 2.0}
