"""Stars: spellings, scales, and what is no rating."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from peachdash.ingest.stars import parse_stars


def stars(*texts: str | None) -> list[float | None]:
    values, _ = parse_stars(pd.Series(texts, dtype="str"))
    return [None if math.isnan(value) else value for value in values]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4), ("4.0", 4), ("4,0", 4), ("4,5", 4.5), (" 3 ", 3), ("FOUR", 4), ("five", 5), ("one star", 1),
        ("1 star", 1), ("4 stars", 4), ("4-star", 4), ("5.0 star rating", 5), ("5/5", 5), ("4.0/5", 4),
        ("8/10", 4), ("80/100", 4), ("Rated 4 out of 5", 4), ("4 of 5 bubbles", 4), ("4 von 5 Sternen", 4),
        ("4 stars out of 5", 4), ("★★★★☆", 4), ("★", 1), ("⭐⭐⭐", 3), ("⭐️⭐️", 2),
        ("Rating: 4", 4), ("4★", 4),
    ],
)  # fmt: skip
def test_spellings(text: str, value: float) -> None:
    assert stars(text) == [value]


@pytest.mark.parametrize(
    "text", ["", "0", "0/5", "6/5", "-1", "abc", "great", "4 Main St", "2026-01-02", "☆☆☆", "4 4"]
)
def test_what_is_no_rating(text: str) -> None:
    assert stars(text, "5", "4", "3", "2", "1") == [None, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("texts", "values", "divisor"),
    [
        (["1", "5", "3"], [1, 5, 3], 1),
        (["10", "2", "5", "8.3"], [5, 1, 2.5, 4.15], 2),
        (["10", "50", "45", "20"], [1, 5, 4.5, 2], 10),
        (["i_stars_40", "bubble_45"], [4, 4.5], 10),
        (["100", "60", "80%"], [5, 3, 4], 20),
        (["1", "10"], [1, 5], 2),
    ],
)
def test_scales(texts: list[str], values: list[float], divisor: float) -> None:
    found, scale = parse_stars(pd.Series(texts, dtype="str"))
    assert (found.tolist(), scale) == (values, divisor)


def test_an_outlier_does_not_rescale_the_column() -> None:
    assert stars(*["5"] * 9, "47") == [5] * 9 + [None]
    assert stars(*["5"] * 9, "8") == [5] * 9 + [None]


def test_self_explaining_cells_do_not_count_for_the_scale() -> None:
    assert stars("8/10", "4", "5") == [4, 4, 5]


def test_values_lie_between_one_and_five() -> None:
    found, _ = parse_stars(pd.Series([str(number / 4) for number in range(-8, 60)], dtype="str"))
    assert found.dropna().between(1, 5).all()


def test_missing_and_empty_columns() -> None:
    assert stars(None, None) == [None, None]
    assert stars() == []
