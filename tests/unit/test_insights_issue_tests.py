"""New, rising, fading: checked against counts that were worked out by hand, and against no change at all."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from scipy.stats import binomtest

from peachdash.errors import BadInput
from peachdash.insights.issue_tests import ChangeSettings, find_changes

LATEST = dt.date(2026, 10, 31)
SETTINGS = ChangeSettings(recent_days=28, fading_days=84)


def days(*ago: int) -> list[dt.date]:
    return [LATEST - dt.timedelta(days=number) for number in ago]


def mentions(**issues: list[dt.date]) -> pd.DataFrame:
    rows = [(issue, day) for issue, found in issues.items() for day in found]
    return pd.DataFrame(rows, columns=["issue_id", "review_date"])


DAILY = pd.Series(days(*range(400)))


def test_a_burst_is_new_and_its_p_value_is_the_binomial_one():
    table = find_changes(mentions(cone=days(1, 3, 5, 8, 13)), DAILY, LATEST, SETTINGS)
    row = table.loc["cone"]
    assert (row["recent"], row["earlier"], row["recent_reviews"], row["earlier_reviews"]) == (5, 0, 28, 372)
    assert row["p_value"] == pytest.approx(binomtest(5, 5, 28 / 400, alternative="greater").pvalue)
    assert row["change"] == "new"


def test_what_was_there_before_rises():
    table = find_changes(mentions(cone=days(1, 2, 4, 6, 9, 12, 200, 260, 300)), DAILY, LATEST, SETTINGS)
    assert table.loc["cone", "change"] == "rising"


def test_an_even_course_is_steady():
    table = find_changes(mentions(cone=days(*range(3, 400, 9))), DAILY, LATEST, SETTINGS)
    assert table.loc["cone", "change"] == "steady"


def test_a_busy_month_is_no_rise():
    """Four times the reviews, four times the mentions: nothing has changed."""
    reviews = pd.Series([*days(*range(400)), *[day for day in days(*range(28)) for _ in range(3)]])
    table = find_changes(mentions(cone=days(*[1, 5, 9, 13], *range(30, 400, 28))), reviews, LATEST, SETTINGS)
    assert table.loc["cone", "change"] == "steady"


def test_what_stops_fades():
    table = find_changes(mentions(cone=days(*range(30, 112, 6))), DAILY, LATEST, SETTINGS)
    assert table.loc["cone", "change"] == "fading"


def test_many_tests_make_each_one_harder():
    one = find_changes(mentions(cone=days(1, 2, 3)), DAILY, LATEST, SETTINGS)
    others = {f"other{number}": days(2, 9, 20, *range(40, 400, 40)) for number in range(30)}
    many = find_changes(mentions(cone=days(1, 2, 3), **others), DAILY, LATEST, SETTINGS)
    assert many.loc["cone", "p_value"] == one.loc["cone", "p_value"]
    assert many.loc["cone", "p_adjusted"] == pytest.approx(min(1, 31 * one.loc["cone", "p_value"]))


def test_what_cannot_be_tested_is_steady():
    undated = pd.DataFrame({"issue_id": ["cone"] * 5, "review_date": [None] * 5})
    assert find_changes(undated, DAILY, LATEST).loc["cone", "change"] == "steady"
    assert find_changes(mentions(cone=days(1, 2, 3)), pd.Series(days(1, 2, 3)), LATEST).loc[
        "cone", "change"
    ] == ("steady")
    assert find_changes(mentions(cone=days(1)), pd.Series([], dtype=object), None).loc["cone", "recent"] == 0
    assert find_changes(mentions(), DAILY, LATEST).empty


def test_later_days_are_not_known_yet():
    table = find_changes(mentions(cone=days(-1, -2, -3, -5, 30)), DAILY, LATEST, SETTINGS)
    assert (table.loc["cone", "recent"], table.loc["cone", "earlier"]) == (0, 1)


def test_settings_that_cannot_be():
    with pytest.raises(BadInput):
        ChangeSettings(level=1.5)
    with pytest.raises(BadInput):
        ChangeSettings(recent_days=0)
