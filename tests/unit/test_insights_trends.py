"""Shares over time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.insights.trends import TREND_COLUMNS, positive_shares, share_trend, sparklines
from peachdash.records import BANDS

ROWS = [
    (dt.date(2026, 3, 20), "negative", 4),
    (dt.date(2026, 1, 3), "positive", 3),
    (dt.date(2026, 1, 30), "positive", 3),
    (dt.date(2026, 1, 31), "undecided", 2),
    (None, "neutral", 50),
]


def rows(data: list = ROWS) -> pd.DataFrame:
    return pd.DataFrame(data, columns=["period_start", "band", "n"])


def test_trend_is_complete_and_sorted() -> None:
    trend = share_trend(rows(), 5)
    assert trend.columns.tolist() == list(TREND_COLUMNS)
    assert trend["band"].tolist() == list(BANDS) * 3
    assert trend["period_start"].is_monotonic_increasing
    assert trend["n"].sum() == 12
    by = trend.set_index([trend["period_start"].dt.month, "band"])
    assert by.loc[(1, "positive"), ["n", "total"]].tolist() == [6, 8]
    assert by.loc[(1, "positive"), "share"] == 0.75
    assert by.loc[(1, "positive"), "low"] < 0.75 < by.loc[(1, "positive"), "high"]


def test_missing_period_has_zero_totals_and_no_share() -> None:
    trend = share_trend(rows(), 5)
    february = trend[trend["period_start"] == pd.Timestamp("2026-02-01")]
    assert len(february) == 4
    assert (february["total"] == 0).all()
    assert february[["share", "low", "high"]].isna().all(axis=None)
    assert february["too_few"].all()


def test_too_few_follows_the_total_of_the_period() -> None:
    trend = share_trend(rows(), 5)
    assert trend.groupby("period_start")["too_few"].first().tolist() == [False, True, True]


def test_shares_of_a_period_sum_to_one() -> None:
    sums = share_trend(rows(), 5).groupby("period_start")["share"].sum(min_count=1)
    assert sums.dropna().to_numpy() == pytest.approx([1, 1])


def test_weeks_run_from_monday_over_the_turn_of_the_year() -> None:
    data = rows([(dt.date(2025, 12, 28), "positive", 1), (dt.date(2026, 1, 5), "positive", 1)])
    starts = share_trend(data, 1, unit="week")["period_start"].drop_duplicates()
    assert [day.date() for day in starts] == [
        dt.date(2025, 12, 22),
        dt.date(2025, 12, 29),
        dt.date(2026, 1, 5),
    ]


@pytest.mark.parametrize("data", [[], [(None, "positive", 3)]])
def test_no_dated_review_gives_an_empty_frame(data: list) -> None:
    trend = share_trend(rows(data), 5)
    assert trend.empty
    assert trend.columns.tolist() == list(TREND_COLUMNS)
    assert positive_shares(rows(data).assign(business_id="b")).empty
    assert sparklines(rows(data).assign(business_id="b")) == {}


def test_positive_shares_of_businesses_cover_the_same_periods() -> None:
    shares = positive_shares(rows().assign(business_id=["a", "b", "b", "a", "b"]))
    assert shares.columns.tolist() == [pd.Timestamp(f"2026-0{month}-01") for month in (1, 2, 3)]
    assert shares.loc["a"].tolist() == pytest.approx([0, np.nan, 0], nan_ok=True)
    assert shares.loc["b"].tolist() == pytest.approx([1, np.nan, np.nan], nan_ok=True)


def test_positive_shares_are_those_of_the_trend() -> None:
    trend = share_trend(rows(), 1)
    shares = positive_shares(rows().assign(business_id="a")).loc["a"]
    assert shares.tolist() == pytest.approx(
        trend.loc[trend["band"] == "positive", "share"].tolist(), nan_ok=True
    )


def test_sparklines_bridge_gaps_and_leave_the_ends_out() -> None:
    data = [
        ("a", dt.date(2026, 1, 5), "positive", 4),
        ("a", dt.date(2026, 3, 9), "positive", 1),
        ("a", dt.date(2026, 3, 9), "negative", 1),
        ("b", dt.date(2026, 2, 1), "undecided", 2),
        ("c", dt.date(2025, 12, 31), "neutral", 0),
    ]
    frame = pd.DataFrame(data, columns=["business_id", "period_start", "band", "n"])
    assert sparklines(frame) == {"a": [1.0, 0.75, 0.5], "b": [0.0], "c": []}


def test_bad_columns_and_bands_are_refused() -> None:
    with pytest.raises(BadInput, match="'n' is missing"):
        share_trend(rows().drop(columns="n"), 5)
    with pytest.raises(BadInput, match="'angry'"):
        share_trend(rows([(dt.date(2026, 1, 1), "angry", 1)]), 5)
    with pytest.raises(BadInput, match="business_id"):
        sparklines(rows())
