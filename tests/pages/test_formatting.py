"""Words for the screen: harmless, exact, and safe in a spreadsheet."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from peachdash.ui.formatting import moment, plain, preview, review_date, safe_cell, safe_csv, stars_words

JOINER = "\u2060"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](http://evil.example/x.png)",
        "[a](javascript:alert(1))",
        ":red[x]",
        "$x$ and $$y$$",
        "**b** *i* `c` ~~s~~",
        "# h",
        "- item",
        "1. item",
        "&lt;b&gt;",
        "www.evil.example",
        "me@evil.example",
        ":smile: :material/home:",
    ],
)
def test_plain_keeps_every_letter_and_escapes_every_mark(text):
    escaped = plain(text)
    assert escaped.replace("\\", "").replace(JOINER, "") == text
    for mark in "<>[]()*_`~$#!|&":
        assert escaped.count(mark) == escaped.count("\\" + mark)


@pytest.mark.parametrize(
    ("text", "broken"), [(":red[x]", ":" + JOINER), ("http://x", ":" + JOINER + "//"), ("a@b", JOINER + "@")]
)
def test_plain_breaks_what_no_backslash_stops(text, broken):
    assert broken in plain(text)


def test_plain_is_one_line_of_limited_length():
    assert plain("a\n\nb") == "a b"
    assert len(plain("a" * 1000, 40)) == 40


def test_preview_fits_two_lines():
    assert preview("Title", "text") == "Title · text"
    assert preview(None, float("nan")) == ""
    assert len(preview("", "word " * 200)) <= 100


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        ("day", "3 Mar 2026"),
        ("week", "week of 3 Mar 2026"),
        ("month", "about Mar 2026"),
        ("year", "about 2026"),
    ],
)
def test_dates_are_as_exact_as_they_are_known(precision, expected):
    assert review_date(dt.date(2026, 3, 3), precision) == expected


def test_missing_values():
    assert review_date(None, "unknown") == "undated"
    assert moment(None) == "–"
    assert moment(pd.NaT) == "–"
    assert stars_words(float("nan")) == "–"
    assert stars_words(4.5) == "4.5 ★"


def test_moments_are_utc():
    east = dt.timezone(dt.timedelta(hours=2))
    assert moment(dt.datetime(2026, 3, 3, 1, 5, tzinfo=east)) == "2 Mar 2026, 23:05"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n=", "\ufeff="])
def test_no_cell_is_a_formula(start):
    assert safe_cell(start + "1+1") == "'" + start + "1+1"


def test_other_cells_stay():
    assert [safe_cell(value) for value in ("a=b", "", 3, None)] == ["a=b", "", 3, None]


def test_a_download_is_safe_in_every_cell_and_heading():
    content = safe_csv(pd.DataFrame({"=h": ["=1+1", "fine"], "n": [1, 2]})).decode("utf-8-sig")
    assert content.splitlines() == ["'=h,n", "'=1+1,1", "fine,2"]
