"""Windows anchored on the latest review, and period starts."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peachdash.errors import BadInput
from peachdash.insights.periods import Period, period_pair, period_starts, truncate, truncate_dates

D = dt.date


def test_default_window_ends_on_the_latest_review() -> None:
    current, previous = period_pair(D(2026, 3, 31))
    assert current == Period(D(2026, 1, 1), D(2026, 3, 31))
    assert current.days == previous.days == 90
    assert previous.end == D(2025, 12, 31)


def test_window_is_cut_at_the_latest_review() -> None:
    current, previous = period_pair(D(2026, 3, 10), D(2026, 3, 1), D(2026, 12, 31))
    assert current == Period(D(2026, 3, 1), D(2026, 3, 10))
    assert previous == Period(D(2026, 2, 19), D(2026, 2, 28))


def test_window_after_the_latest_review_is_kept() -> None:
    assert period_pair(D(2026, 1, 1), D(2026, 2, 1), D(2026, 2, 3))[0] == Period(D(2026, 2, 1), D(2026, 2, 3))
    assert period_pair(D(2026, 1, 1), D(2026, 2, 1))[0] == Period(D(2026, 2, 1), D(2026, 2, 1))


def test_open_ends() -> None:
    assert period_pair(None) is None
    assert period_pair(None, D(2026, 1, 1)) is None
    assert period_pair(None, None, D(2026, 1, 7), days=7)[0] == Period(D(2026, 1, 1), D(2026, 1, 7))
    assert period_pair(D(2026, 6, 1), None, D(2026, 1, 7), days=1)[0] == Period(D(2026, 1, 7), D(2026, 1, 7))


def test_dates_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(BadInput, match="swap"):
        period_pair(D(2026, 1, 1), D(2026, 3, 1), D(2026, 2, 1))
    with pytest.raises(BadInput, match="days"):
        period_pair(D(2026, 1, 1), days=0)


@given(st.dates(D(1990, 1, 1), D(2090, 1, 1)), st.dates(D(1990, 1, 1), D(2090, 1, 1)))
def test_both_windows_are_equally_long_and_touch(latest: D, since: D) -> None:
    current, previous = period_pair(latest, since)
    assert current.days == previous.days >= 1
    assert (current.start - previous.end).days == 1


def test_truncation_by_hand() -> None:
    assert truncate(D(2026, 3, 31), "month") == D(2026, 3, 1)
    assert truncate(D(2026, 3, 1), "week") == D(2026, 2, 23)
    assert truncate(D(2026, 2, 23), "week") == D(2026, 2, 23)


@pytest.mark.parametrize("unit", ["week", "month"])
def test_truncated_series_agrees_with_single_dates(unit: str) -> None:
    days = [D(2025, 12, 25) + dt.timedelta(days=i) for i in range(45)]
    found = truncate_dates(pd.Series([*days, None]), unit)
    assert found.iloc[:-1].dt.date.tolist() == [truncate(day, unit) for day in days]
    assert pd.isna(found.iloc[-1])


def test_period_starts_are_complete() -> None:
    assert period_starts(D(2025, 11, 30), D(2026, 2, 1), "month").strftime("%m").tolist() == [
        "11",
        "12",
        "01",
        "02",
    ]
    weeks = period_starts(D(2026, 1, 1), D(2026, 1, 12), "week")
    assert [day.date() for day in weeks] == [D(2025, 12, 29), D(2026, 1, 5), D(2026, 1, 12)]
