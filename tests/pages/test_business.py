"""The Business page: course, splits, table of reviews, detail, and what can be done there."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from peachdash.storage import schema as t
from peachdash.ui.business_charts import split_title, trend_title

from .conftest import PAYLOAD, words


def table_of(app: AppTest) -> pd.DataFrame:
    return app.dataframe(key="review_table").value


def tick(app: AppTest, *rows: int) -> AppTest:
    app.session_state["review_table"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def test_the_headline_is_that_of_the_business(dashboard):
    app = dashboard.open("business", business="creamery", period="all")
    assert words(app).startswith("Sweet Creamery: ")
    assert "n = 30" in words(app)


def test_the_table_has_pages_of_25_and_text_first(dashboard):
    app = dashboard.open("business", period="all")
    assert len(table_of(app)) == 25
    assert table_of(app).columns[0] == "Review"
    assert "1 to 25 of 61 reviews" in words(app)


def test_a_link_opens_a_later_page(dashboard):
    app = dashboard.open("business", period="all", page="3")
    assert "51 to 61 of 61 reviews" in words(app)


def test_a_search_starts_at_the_first_page(dashboard):
    app = dashboard.open("business", period="all", page="3")
    app.text_input(key="search").set_value("59th").run()
    assert len(table_of(app)) == 1
    assert "1 to 1 of 1 review." in words(app)


def test_nothing_found_says_so(dashboard):
    app = dashboard.open("business", search="no such words")
    assert "No review matches." in words(app)


def test_readings_of_both_models_stand_with_their_probabilities(dashboard):
    app = dashboard.open("business", search="21th", period="all")
    cell = table_of(app)["Read as"].iloc[0].replace("\u00a0", " ")
    assert cell == "fine-tuned: negative 90% generic: positive 90%"


def test_only_reviews_that_the_models_read_differently(dashboard):
    app = dashboard.open("business", period="all", differ="true")
    assert set(table_of(app)["Read as"].str.contains("negative")) == {True}


def test_a_complaint_is_answered_undone_and_counted(dashboard):
    app = dashboard.open("business", business="creamery", period="all", complaints="Open complaints")
    before = int(metric(app, "Complaints open"))
    tick(app, 0, 1)
    app.button(key="answer_ticked").click().run()
    assert int(metric(app, "Complaints open")) == before - 2
    assert [row["answered"] for row in dashboard.rows(t.complaint_answers)] == [True, True]
    assert {row["answered_by"] for row in dashboard.rows(t.complaint_answers)} == {"local"}
    app.button(key="notice_undo_button").click().run()
    assert int(metric(app, "Complaints open")) == before


def test_ticks_on_other_reviews_offer_no_answer(dashboard):
    app = dashboard.open("business", period="all", bands="positive")
    tick(app, 0)
    offered = [part.label for part in app.button]
    assert not [label for label in offered if "complaint" in label]


def metric(app: AppTest, label: str) -> str:
    return next(str(each.value) for each in app.metric if each.label == label)


def number_of(dashboard, text: str) -> int:
    return next(row["review_id"] for row in dashboard.rows(t.reviews) if text in row["text"])


def test_the_detail_shows_text_readings_and_reply(dashboard):
    app = dashboard.open("business", review=str(number_of(dashboard, "the 6th.")))
    texts = [text.value for text in app.text]
    assert any("the 6th." in text for text in texts)
    assert "We are sorry." in texts
    assert "Counts as negative" in words(app)
    assert "the owner's reply was imported" in words(app)


def test_a_complaint_is_answered_from_its_detail(dashboard):
    number = number_of(dashboard, "the 9th.")
    app = dashboard.open("business", review=str(number))
    app.button(key="answer_one").click().run()
    assert [row["review_id"] for row in dashboard.rows(t.complaint_answers)] == [number]
    assert "Answered by local" in words(app)
    assert "marked the complaint as answered" in words(app)
    app.button(key="reopen_one").click().run()
    assert "A complaint that needs an answer." in words(app)


@pytest.mark.parametrize("address", ["0", "99999999", "-1", "x", "9" * 40, "³"])
def test_an_address_without_such_a_review_does_no_harm(dashboard, address):
    app = dashboard.open("business", review=address)
    assert app.metric


def trend(shares: list[float], too_few: bool = False) -> pd.DataFrame:
    starts = pd.date_range("2026-01-01", periods=len(shares), freq="MS")
    return pd.DataFrame(
        {"period_start": starts, "band": "positive", "share": shares, "too_few": [too_few] * len(shares)}
    )


def test_the_title_of_the_course_says_where_it_stands():
    assert (
        trend_title(trend([0.4, 0.6, 0.5]), "month")
        == "50% positive in Mar 2026; 40% to 60% in the months before"
    )
    assert trend_title(trend([0.4]), "month") == "40% positive in Jan 2026"
    assert "too few reviews" in trend_title(trend([0.4, 0.5], too_few=True), "month")
    assert "too few reviews" in trend_title(trend([]), "month")


def test_the_title_of_a_split_names_the_ends_that_have_enough_reviews():
    rows = [
        ("google", "positive", 9),
        ("google", "negative", 3),
        ("yelp", "negative", 12),
        ("tiny", "positive", 1),
    ]
    counts = pd.DataFrame(rows, columns=["group", "band", "n"])
    assert split_title(counts, "source") == "google reads 75% positive, yelp 0%"
    assert split_title(counts.head(1), "source") == "Shares by source"


def test_the_title_of_a_split_claims_no_difference_that_chance_explains():
    rows = [("google", "positive", 9), ("google", "negative", 6), ("yelp", "positive", 8),
            ("yelp", "negative", 7)]  # fmt: skip
    counts = pd.DataFrame(rows, columns=["group", "band", "n"])
    assert split_title(counts, "source") == "No clear difference: 53% to 60% positive"


def test_untrusted_text_is_text(dashboard):
    app = dashboard.open("business", review=str(number_of(dashboard, "<script>")), business="creamery")
    assert any(PAYLOAD in text.value for text in app.text)
    assert all(PAYLOAD not in part.value for kind in (app.markdown, app.caption, app.title) for part in kind)


def test_an_untrusted_name_is_escaped_wherever_markdown_is_rendered(dashboard):
    app = dashboard.open("business", business="evil", period="all")
    assert r"\<script\>" in app.title[0].value
    for kind in (app.title, app.markdown, app.caption):
        for part in kind:
            assert "](http" not in part.value
            assert ":red[" not in part.value
            assert "<script>" not in part.value
