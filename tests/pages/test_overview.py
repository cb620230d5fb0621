"""The Overview page and its table."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from peachdash.ui.overview_table import Figure, overview_rows

from .conftest import APP, EVIL_NAME


def shown(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def test_figures_above_the_table_are_those_of_the_filter(dashboard):
    app = dashboard.open("overview", period="all")
    assert {metric.label: metric.value for metric in app.metric} == {
        "Reviews read": "61",
        "Undecided": "7",
        "Complaints open": "17",
    }


def test_every_business_has_a_row_with_the_most_complaints_first(dashboard):
    table = shown(dashboard.open("overview", period="all"))
    assert list(table["Business"])[-1] == EVIL_NAME
    assert list(table["Complaints"]) == sorted(table["Complaints"], reverse=True)
    assert table["Reviews"].sum() == 61


def test_a_business_without_reviews_in_the_dates_is_still_there(dashboard):
    table = shown(dashboard.open("overview", period="30", source="yelp"))
    assert EVIL_NAME in set(table["Business"])


def summary_row(**changes: object) -> pd.DataFrame:
    row = {"business_id": "b", "name": "B", "n": 200, "complaints_open": 1, "too_few": False}
    for band, share in (("positive", 0.7), ("negative", 0.2), ("undecided", 0.1)):
        row |= {f"{band}_share": share, f"{band}_low": share - 0.05, f"{band}_high": share + 0.05}
    return pd.DataFrame([{**row, "change_points": 9.0, "significant": True, **changes}])


def test_a_share_is_shown_with_its_interval_and_sorts_by_its_value():
    row = overview_rows(summary_row(), {"b": [0.5, 0.7]}).iloc[0]
    assert str(row["Positive"]) == "70% (65 to 75%)"
    assert row["Positive"] == pytest.approx(0.7)
    assert row["Course"] == [0.5, 0.7]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "▲ 9 points up"),
        ({"change_points": -9.0}, "▼ 9 points down"),
        ({"significant": False}, "no clear change"),
        ({"change_points": float("nan"), "significant": False}, "–"),
    ],
)
def test_only_clear_changes_are_marked(changes, expected):
    assert str(overview_rows(summary_row(**changes), {}).iloc[0]["Change"]) == expected


def test_too_few_reviews_are_called_that():
    row = overview_rows(summary_row(too_few=True, n=4), {}).iloc[0]
    assert [str(row[name]) for name in ("Positive", "Negative")] == ["too few reviews", "–"]


def test_figures_sort_as_numbers():
    assert sorted([Figure(0.12, "12%"), Figure(0.05, "5%"), Figure(0.71, "71%")])[0].words == "5%"


def test_a_click_on_a_business_opens_it_under_the_same_filter(dashboard, monkeypatch):
    opened = {}

    def switch(page: str, query_params: dict[str, str]) -> None:
        opened.update(page=page, **query_params)

    monkeypatch.setattr("peachdash.ui.overview_table.st.switch_page", switch)
    monkeypatch.setattr("peachdash.ui.overview_table.clicked_row", lambda: 1)
    app = AppTest.from_file(APP, default_timeout=30)
    app.query_params["period"] = "all"
    app.run()
    second = str(shown(app)["Business"].iloc[1])
    assert opened == {
        "page": "pages/business.py",
        "period": "all",
        "business": {"Sweet Creamery": "creamery", "Blue Diner": "diner"}[second],
    }
