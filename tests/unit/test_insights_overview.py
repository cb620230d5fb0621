"""Businesses side by side and their headlines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import test_proportions_2indep as two_proportions

from peachdash.errors import BadInput
from peachdash.insights.overview import (
    COUNT_COLUMNS,
    business_sentence,
    overview_sentence,
    summarise_businesses,
)


def counts(*rows: tuple[str, tuple[int, ...], tuple[int, ...]], complaints: int = 0) -> pd.DataFrame:
    frame = pd.DataFrame([(*now, *before) for _, now, before in rows], columns=list(COUNT_COLUMNS))
    frame["business_id"] = [f"b{i}" for i in range(len(rows))]
    frame["name"] = [name for name, _, _ in rows]
    frame["complaints_open"] = complaints
    return frame.astype(dict.fromkeys(COUNT_COLUMNS, int))


SWEET = ("Sweet Stack Creamery", (40, 10, 152, 12), (90, 10, 100, 0))
STEADY = ("Varsity Diner", (10, 10, 80, 0), (11, 10, 79, 0))
TINY = ("Bell Street Books", (1, 0, 3, 0), (9, 1, 90, 0))
SILENT = ("Closed Cafe", (0, 0, 0, 0), (5, 0, 15, 0))
NEW = ("New Noodles", (2, 2, 16, 0), (0, 0, 2, 0))


def test_shares_and_change_by_hand() -> None:
    row = summarise_businesses(counts(SWEET), minimum_n=10).iloc[0]
    assert (row["n"], row["previous_n"]) == (214, 200)
    assert row["positive_share"] == pytest.approx(152 / 214)
    assert row[
        [f"{b}_share" for b in ("negative", "neutral", "positive", "undecided")]
    ].sum() == pytest.approx(1)
    assert row["change_points"] == pytest.approx(100 * (152 / 214 - 0.5))
    assert row["change_low"] < row["change_points"] < row["change_high"]
    assert row["p_value"] == pytest.approx(two_proportions(152, 214, 100, 200, method="agresti-caffo").pvalue)
    assert row["p_adjusted"] == row["p_value"]
    assert row["significant"]
    assert row["complaints_open"] == 0


@pytest.mark.parametrize("method", ["fdr_bh", "holm"])
def test_p_values_are_corrected_over_the_tested_businesses(method: str) -> None:
    mild = ("Mild", (10, 0, 30, 0), (20, 0, 22, 0))
    summary = summarise_businesses(counts(SWEET, STEADY, TINY, mild), minimum_n=10, correction=method)
    tested = summary["p_value"].notna()
    assert tested.tolist() == [True, True, False, True]
    assert summary.loc[tested, "p_adjusted"].to_numpy() == pytest.approx(
        multipletests(summary.loc[tested, "p_value"], method=method)[1]
    )
    assert (summary.loc[tested, "p_adjusted"] >= summary.loc[tested, "p_value"]).all()


def test_equal_windows_change_nothing() -> None:
    same = ("Same", (5, 5, 30, 0), (5, 5, 30, 0))
    row = summarise_businesses(counts(same), minimum_n=10).iloc[0]
    assert (row["change_points"], row["p_value"]) == (0, 1)
    assert not row["significant"]


def test_few_and_no_reviews() -> None:
    summary = summarise_businesses(counts(TINY, SILENT, NEW), minimum_n=10)
    assert summary["too_few"].tolist() == [True, True, False]
    assert summary["change_points"].isna().all()
    assert not summary["significant"].any()
    assert np.isnan(summary.loc[1, "positive_share"])
    assert summary.loc[2, "positive_share"] == 0.8


def test_extreme_shares_stay_in_bounds() -> None:
    flip = ("Flip", (0, 0, 10, 0), (10, 0, 0, 0))
    row = summarise_businesses(counts(flip), minimum_n=1).iloc[0]
    assert row["change_points"] == 100
    assert row["change_high"] <= 100
    assert row["positive_high"] == 1


def test_ranking_is_not_led_by_the_smallest_sample() -> None:
    none = (0, 0, 0, 0)
    usual = [(f"Usual {i}", (20 + 4 * i, 0, 80 - 4 * i, 0), none) for i in range(4)]
    rows = [("Tiny", (0, 0, 3, 0), none), ("Good", (10, 0, 190, 0), none), *usual]
    summary = summarise_businesses(counts(*rows), minimum_n=10)
    assert summary["positive_share"].idxmax() == 0
    assert summary["positive_shrunk"].idxmax() == 1


@pytest.mark.parametrize(
    ("business", "expected"),
    [
        (
            SWEET,
            "Sweet Stack Creamery: 71% positive (65 to 77%, n = 214), 21 points up on the quarter before.",
        ),
        (STEADY, "Varsity Diner: 80% positive (71 to 87%, n = 100), no clear change on the quarter before."),
        (TINY, "Bell Street Books: too few reviews to give a share (n = 4)."),
        (SILENT, "Closed Cafe: no reviews in this period."),
        (
            NEW,
            "New Noodles: 80% positive (58 to 92%, n = 20); "
            "too few reviews in the quarter before to compare with.",
        ),
    ],
)
def test_business_sentence(business: tuple, expected: str) -> None:
    summary = summarise_businesses(counts(business), minimum_n=10)
    assert business_sentence(summary.iloc[0], "the quarter before") == expected
    assert overview_sentence(summary, "the quarter before").startswith(expected)


def test_overview_sentences() -> None:
    worse = ("Peach Blossom", (60, 0, 40, 0), (10, 0, 90, 0))
    summary = summarise_businesses(counts(SWEET, STEADY, worse, TINY, complaints=2), minimum_n=10)
    assert overview_sentence(summary) == (
        "Against the period before, the positive share is clearly up at Sweet Stack Creamery "
        "and clearly down at Peach Blossom, of 3 businesses with enough reviews. "
        "8 complaints are waiting for an answer."
    )


def test_overview_says_when_the_data_carry_no_sentence() -> None:
    def said(*rows: tuple) -> str:
        return overview_sentence(summarise_businesses(counts(*rows), minimum_n=10))

    assert said(STEADY, STEADY).startswith("No clear change on the period before at any of 2 businesses")
    assert said(TINY, SILENT).startswith("Too few reviews in this period")
    assert said(NEW, TINY).startswith("1 business of 2 has enough reviews for a share, none enough")
    assert (
        overview_sentence(summarise_businesses(counts(), minimum_n=10))
        == "No business in view has reviews yet."
    )


def test_bad_counts_are_refused() -> None:
    with pytest.raises(BadInput, match="'undecided' is missing"):
        summarise_businesses(counts(SWEET).drop(columns="undecided"), minimum_n=10)
    with pytest.raises(BadInput, match="row 1"):
        summarise_businesses(counts(SWEET, ("Bad", (-1, 0, 0, 0), (0, 0, 0, 0))), minimum_n=10)
