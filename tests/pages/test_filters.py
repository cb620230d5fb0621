"""The filter: one state, kept in the address, shown in words, never a crash."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from peachdash.ui.filters import Choices, Filters, make_view, parse_filters

from .conftest import words

CHOICES = Choices(
    clients={"north": "North", "south": "South"},
    businesses=pd.DataFrame(
        {
            "business_id": ["creamery", "evil"],
            "business": ["Creamery", "Evil"],
            "client_id": ["north", "south"],
            "is_demo": [True, False],
        }
    ),
    sources=["google", "yelp"],
    dates=(dt.date(2025, 1, 1), dt.date(2026, 10, 31)),
)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(client="north", business="creamery", source="yelp", period="30"),
        Filters(period="all"),
        Filters(period="custom", since=dt.date(2026, 1, 1), until=dt.date(2026, 3, 31)),
        Filters(period="custom", until=dt.date(2026, 3, 31)),
    ],
)
def test_the_address_brings_back_the_filter(filters):
    assert parse_filters(filters.to_query(), CHOICES) == (filters, [])


def test_defaults_leave_the_address_clean():
    assert Filters().to_query() == {}


@pytest.mark.parametrize(
    "query",
    [
        {"business": "nobody"},
        {"period": "-1"},
        {"source": "<script>"},
        {"client": "north", "business": "evil"},
        {"period": "custom", "since": "yesterday"},
        {"period": "custom", "since": "2026-02-30", "until": "2026-13-01"},
        {"period": "custom", "since": "2026-05-01", "until": "2026-01-01"},
    ],
)
def test_what_the_address_cannot_mean_is_noted(query):
    filters, notes = parse_filters(query, CHOICES)
    assert notes
    assert parse_filters(filters.to_query(), CHOICES)[1] == []


def test_a_business_of_another_client_is_lifted():
    filters, _ = parse_filters({"client": "north", "business": "evil"}, CHOICES)
    assert (filters.client, filters.business) == ("north", None)


def test_periods_are_anchored_on_the_latest_review():
    view = make_view(Filters(period="90"), CHOICES, [])
    assert view.criteria.until == dt.date(2026, 10, 31)
    assert view.criteria.since == dt.date(2026, 8, 3)
    assert view.previous is not None
    assert view.previous.end == dt.date(2026, 8, 2)
    assert view.previous.days == 90


def test_all_dates_have_no_window_before():
    view = make_view(Filters(period="all"), CHOICES, [])
    assert view.previous is None
    assert (view.criteria.since, view.criteria.until) == (None, None)


def test_without_dated_reviews_nothing_is_restricted():
    undated = Choices(CHOICES.clients, CHOICES.businesses, CHOICES.sources, None)
    view = make_view(Filters(period="90"), undated, [])
    assert (view.criteria.since, view.previous) == (None, None)


def test_a_bad_address_is_noted_quietly(dashboard):
    app = dashboard.open("overview", business="<b>nobody</b>", period="7")
    assert "Ignored in the address: business “<b>nobody</b>” is not known here; period “7”" in words(app)
    assert app.metric[0].value == "35"


def test_a_link_shows_its_view(dashboard):
    app = dashboard.open("overview", business="creamery", period="all", source="yelp")
    assert "15 reviews · filter: Sweet Creamery, yelp, all dates" in words(app)
    assert app.selectbox(key="filter_business").value == "creamery"


def test_a_choice_goes_into_the_address_and_along_to_other_pages(dashboard):
    app = dashboard.open()
    app.selectbox(key="filter_client").select("north").run()
    app.selectbox(key="filter_period").select("90").run()
    assert app.query_params["client"] in ("north", ["north"])
    app.query_params.clear()  # what the browser does when a page of the navigation is clicked
    app.switch_page("pages/feedback.py").run()
    assert app.selectbox(key="filter_client").value == "north"
    assert app.selectbox(key="filter_period").value == "90"


def test_another_client_lifts_the_business(dashboard):
    app = dashboard.open("overview", client="north", business="diner")
    app.selectbox(key="filter_client").select("south").run()
    assert app.selectbox(key="filter_business").value == ""
    assert app.selectbox(key="filter_business").options == ["All businesses", *_names_of_south(app)]


def _names_of_south(app) -> list[str]:
    return [name for name in app.selectbox(key="filter_business").options if name.startswith("Café")]


def test_custom_dates_start_from_what_was_shown(dashboard):
    app = dashboard.open("overview", period="30")
    app.selectbox(key="filter_period").select("custom").run()
    assert app.date_input(key="filter_dates").value == (dt.date(2026, 10, 2), dt.date(2026, 10, 31))
    app.date_input(key="filter_dates").set_value((dt.date(2026, 10, 1), dt.date(2026, 10, 31))).run()
    assert "1 Oct to 31 Oct 2026" in words(app)


def test_the_filter_can_be_cleared(dashboard):
    app = dashboard.open("overview", business="creamery")
    next(button for button in app.button if button.label == "Clear the filter").click().run()
    assert "filter: all businesses, all sources" in words(app)
    assert not [button for button in app.button if button.label == "Clear the filter"]
