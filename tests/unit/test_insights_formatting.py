"""Numbers and dates in words."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from peachdash.insights import formatting as words


@pytest.mark.parametrize(
    ("share", "n", "expected"),
    [
        (0.714, 214, "71%"),
        (0.714, None, "71%"),
        (0.714, 999, "71%"),
        (0.7144, 1000, "71.4%"),
        (0, 5, "0%"),
        (1, 5, "100%"),
        (0.001, 999, "<1%"),
        (0.9999, 999, ">99%"),
        (0.0001, 5000, "<0.1%"),
        (0.9999, 5000, ">99.9%"),
        (float("nan"), 5, words.MISSING),
        (None, 5, words.MISSING),
    ],
)
def test_percent(share: float | None, n: int | None, expected: str) -> None:
    assert words.percent(share, n) == expected


def test_interval_and_estimate() -> None:
    assert words.percent_range(0.64, 0.77) == "64 to 77%"
    assert words.percent_range(None, 0.77) == words.MISSING
    assert words.estimate(0.71, 0.64, 0.77, 214) == "71% (64 to 77%, n = 214)"
    assert words.estimate(0.71, None, None, 1214) == "71.0% (n = 1,214)"
    assert words.estimate(None, None, None, 0) == f"{words.MISSING} (n = 0)"


def test_counts() -> None:
    assert words.count(1234567) == "1,234,567"
    assert words.count(None) == words.MISSING
    assert words.counted(1, "business", "businesses") == "1 business"
    assert words.counted(2, "business", "businesses") == "2 businesses"
    assert words.counted(1200, "review") == "1,200 reviews"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (9.2, "9 points up"),
        (-1.0, "1 point down"),
        (0.4, "unchanged"),
        (-0.4, "unchanged"),
        (None, words.MISSING),
    ],
)
def test_points(change: float | None, expected: str) -> None:
    assert words.points(change) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0, "p < 0.001"),
        (0.00099, "p < 0.001"),
        (0.001, "p = 0.001"),
        (0.0094, "p = 0.009"),
        (0.0099, "p = 0.01"),
        (0.049, "p = 0.05"),
        (0.3, "p = 0.30"),
        (0.999, "p = 1"),
        (1, "p = 1"),
        (float("nan"), words.MISSING),
    ],
)
def test_p_value(p: float, expected: str) -> None:
    assert words.p_value(p) == expected


def test_dates() -> None:
    assert words.date(dt.date(2026, 3, 3)) == "3 Mar 2026"
    assert words.date(pd.Timestamp("2026-12-31")) == "31 Dec 2026"
    assert words.date(None) == words.date(pd.NaT) == words.MISSING
    assert words.date_range(dt.date(2026, 1, 1), dt.date(2026, 3, 31)) == "1 Jan to 31 Mar 2026"
    assert words.date_range(dt.date(2025, 12, 1), dt.date(2026, 1, 2)) == "1 Dec 2025 to 2 Jan 2026"
    assert words.period(dt.date(2026, 3, 1), "month") == "Mar 2026"
    assert words.period(dt.date(2026, 3, 2), "week") == "week of 2 Mar 2026"


def test_listing() -> None:
    assert words.listing([]) == "none"
    assert words.listing(["A"]) == "A"
    assert words.listing(["A", "B", "C"]) == "A, B and C"
    assert words.listing(["A", "B", "C", "D"]) == "A, B, C and 1 other"
    assert words.listing(list("ABCDE"), most=2) == "A, B and 3 others"
