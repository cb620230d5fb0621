"""What a review counts as: the definition on which every number rests."""

from __future__ import annotations

import datetime as dt

import pytest

from peachdash.errors import NotFound
from peachdash.insights.window_counts import monthly_bands, sum_businesses
from peachdash.queries.business import fetch_split_counts, fetch_trend_counts
from peachdash.queries.catalogue import fetch_businesses, fetch_clients, fetch_date_range, fetch_sources
from peachdash.queries.overview import (
    fetch_latest_date,
    fetch_totals,
    fetch_window_counts,
    has_reviews,
)
from peachdash.queries.reviews import ReviewSelection, count_reviews, fetch_review, fetch_reviews
from peachdash.records import ActiveModels, ReviewFilter
from peachdash.workflows.feedback import mark_answered, report_reading, take_back_decision
from peachdash.workflows.imports import undo_import
from tests.integration.conftest import CREAMERY_ONLY, EVERYTHING, MODELS

ALL = ReviewFilter()


def totals(database, criteria=ALL, models=MODELS, scope=EVERYTHING):
    with database.read() as connection:
        return fetch_totals(connection, scope, criteria, models)


def bands(database):
    with database.read() as connection:
        frame = fetch_reviews(connection, EVERYTHING, ALL, MODELS, limit=100)
    return dict(zip(frame["review_id"], frame["band"], strict=True))


def test_bands_follow_the_champion_and_its_threshold(filled):
    found = bands(filled)
    assert sorted(found.values()) == [
        "negative", "negative", "negative", "positive", "undecided", "unscored",
    ]  # fmt: skip


def test_totals_add_up(filled):
    found = totals(filled)
    assert found["reviews"] == 6
    assert found["read"] == 5
    assert found["unscored"] == 1
    assert found["waiting"] == 0
    assert found["negative"] + found["neutral"] + found["positive"] + found["undecided"] == found["read"]
    assert (found["complaints"], found["complaints_open"], found["undated"]) == (3, 3, 1)


def test_reviews_that_no_model_has_read_wait(filled):
    found = totals(filled, models=ActiveModels("small-unknown", "small-unknown2"))
    assert (found["read"], found["waiting"], found["complaints"]) == (0, 5, 0)


def test_a_human_decision_goes_before_the_model_and_can_be_taken_back(filled):
    before = bands(filled)
    soggy = next(number for number, band in before.items() if band == "undecided")
    report_reading(filled, EVERYTHING, MODELS, soggy, "positive", "a regular wrote it")
    assert bands(filled)[soggy] == "positive"
    assert totals(filled)["human"] == 1
    take_back_decision(filled, EVERYTHING, soggy)
    assert bands(filled) == before
    assert totals(filled)["human"] == 0


def test_spam_counts_nowhere_but_stays_on_record(filled):
    negative = next(number for number, band in bands(filled).items() if band == "negative")
    report_reading(filled, EVERYTHING, MODELS, negative, "spam")
    found = totals(filled)
    assert (found["reviews"], found["read"], found["complaints"]) == (5, 4, 2)
    with filled.read() as connection:
        row = fetch_review(connection, EVERYTHING, MODELS, negative)
    assert row["excluded"]
    assert row["verdict"] == "spam"


def test_answers_and_their_undoing(filled):
    negative = next(number for number, band in bands(filled).items() if band == "negative")
    mark_answered(filled, EVERYTHING, [negative], note="called back")
    assert totals(filled)["complaints_open"] == 2
    with filled.read() as connection:
        row = fetch_review(connection, EVERYTHING, MODELS, negative)
    assert row["answered"]
    assert row["answered_by"] == "ada"
    mark_answered(filled, EVERYTHING, [negative], answered=False)
    assert totals(filled)["complaints_open"] == 3


def test_an_owner_reply_answers_a_complaint(filled):
    with filled.read() as connection:
        frame = fetch_reviews(connection, EVERYTHING, ALL, MODELS, limit=100)
    replied = frame[frame["owner_reply"].notna()]["review_id"].item()
    report_reading(filled, EVERYTHING, MODELS, replied, "negative")
    found = totals(filled)
    assert (found["complaints"], found["complaints_open"]) == (4, 3)


def test_marking_is_all_or_nothing(filled):
    with pytest.raises(NotFound):
        mark_answered(filled, EVERYTHING, [1, 999])
    assert totals(filled)["complaints_open"] == 3


def test_undone_imports_count_nowhere(filled):
    undo_import(filled, EVERYTHING, "first")
    assert totals(filled)["reviews"] == 0
    with pytest.raises(NotFound):
        undo_import(filled, EVERYTHING, "first")


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (ReviewFilter(client_id="doravale"), 5),
        (ReviewFilter(business_id="boutique"), 1),
        (ReviewFilter(source="yelp"), 1),
        (ReviewFilter(since=dt.date(2026, 2, 9)), 4),
        (ReviewFilter(until=dt.date(2026, 2, 9)), 2),
        (ReviewFilter(since=dt.date(2030, 1, 1)), 0),
    ],
)
def test_filters(filled, criteria, expected):
    assert totals(filled, criteria)["reviews"] == expected


def test_counts_by_business_match_the_totals(filled):
    with filled.read() as connection:
        frame = sum_businesses(fetch_window_counts(connection, EVERYTHING, ALL, MODELS))
    assert frame["reviews"].sum() == totals(filled)["reviews"]
    creamery = frame.loc["creamery"]
    assert (creamery["read"], creamery["negative"], creamery["positive"], creamery["undecided"]) == (
        3,
        1,
        1,
        1,
    )


def test_trend_leaves_undated_reviews_out(filled):
    with filled.read() as connection:
        month = fetch_trend_counts(connection, EVERYTHING, ALL, MODELS, "month")
        week = fetch_trend_counts(connection, EVERYTHING, ALL, MODELS, "week")
        spark = monthly_bands(fetch_window_counts(connection, EVERYTHING, ALL, MODELS))
    assert month["n"].sum() == week["n"].sum() == spark["n"].sum() == 4
    assert set(month["period_start"]) == {dt.date(2026, 1, 1), dt.date(2026, 2, 1), dt.date(2026, 3, 1)}
    assert all(day.weekday() == 0 for day in week["period_start"])


def test_splits(filled):
    with filled.read() as connection:
        sources = fetch_split_counts(connection, EVERYTHING, ALL, MODELS, "source")
        stars = fetch_split_counts(connection, EVERYTHING, ALL, MODELS, "stars")
    assert sources.groupby("group")["n"].sum().to_dict() == {"google": 4, "yelp": 1}
    assert stars.groupby("group")["n"].sum().to_dict() == {"1": 2, "2": 1, "4": 1, "5": 1}


def test_search_is_literal_and_every_word_must_occur(filled):
    def found(**selection):
        with filled.read() as connection:
            return count_reviews(connection, EVERYTHING, ALL, MODELS, ReviewSelection(**selection))

    assert found(search="SOGGY peachy") == 1
    assert found(search="soggy linen") == 0
    assert found(search="%") == 0
    assert found(bands=["negative"]) == 3
    assert found(complaints="open") == 3
    assert found(complaints="answered") == 0
    assert found(differing=True) == 2


def test_pages_of_reviews_do_not_overlap(filled):
    with filled.read() as connection:
        pages = [
            fetch_reviews(connection, EVERYTHING, ALL, MODELS, limit=4, offset=offset) for offset in (0, 4)
        ]
    numbers = [number for page in pages for number in page["review_id"]]
    assert len(numbers) == len(set(numbers)) == 6


def test_an_empty_database_gives_zeros_and_empty_frames(database):
    assert totals(database)["reviews"] == 0
    with database.read() as connection:
        assert fetch_window_counts(connection, EVERYTHING, ALL, MODELS).empty
        assert not has_reviews(connection, EVERYTHING)
        assert fetch_trend_counts(connection, EVERYTHING, ALL, MODELS).empty
        assert fetch_latest_date(connection, EVERYTHING, ALL) is None
        assert fetch_date_range(connection, EVERYTHING) is None
        assert fetch_sources(connection, EVERYTHING) == []


def test_a_scope_hides_the_rest(filled):
    with filled.read() as connection:
        assert fetch_businesses(connection, CREAMERY_ONLY)["business_id"].tolist() == ["creamery"]
        assert fetch_clients(connection, CREAMERY_ONLY)["client_id"].tolist() == ["doravale"]
        assert fetch_sources(connection, CREAMERY_ONLY) == ["google"]
        frame = fetch_reviews(connection, CREAMERY_ONLY, ALL, MODELS, limit=100)
        everything = fetch_reviews(connection, EVERYTHING, ALL, MODELS, limit=100)
        foreign = everything[everything["business_id"] == "boutique"]["review_id"].item()
        with pytest.raises(NotFound):
            fetch_review(connection, CREAMERY_ONLY, MODELS, foreign)
    assert set(frame["business_id"]) == {"creamery"}
    with pytest.raises(NotFound):
        report_reading(filled, CREAMERY_ONLY, MODELS, foreign, "positive")
