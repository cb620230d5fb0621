"""The Before and after page."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from peachdash.evaluation import Estimate
from peachdash.records import LABELS
from peachdash.storage import schema as t
from peachdash.ui.differing_table import matching_reviews
from peachdash.ui.model_scores import confusion_title, score_words

from .conftest import words


def test_figures_of_both_models_on_the_same_reviews(dashboard):
    app = dashboard.open("before_after")
    told = words(app)
    assert "Of 45 held-out reviews, the fine-tuned model reads 100% right, the generic one 67%." in told
    assert "Only the fine-tuned model is right on 15 reviews, only the generic one on 0" in told
    assert "McNemar's exact test: p < 0.001" in told
    assert "2 businesses, which are few clusters" in told
    assert "made with language models" in told
    assert {metric.label: metric.value for metric in app.metric} == {"generic": "33%", "fine-tuned": "0%"}


def test_the_test_split_is_measured_once_for_each_model(dashboard):
    for _ in range(2):
        dashboard.open("before_after")
    assert sorted(row["name"] for row in dashboard.rows(t.evaluations)) == ["fine-tuned", "generic"]


def test_the_scores_have_intervals_for_every_class(dashboard):
    table = dashboard.open("before_after").dataframe[0].value
    scores = [f"{name} {score}" for name in (*LABELS, "macro") for score in ("precision", "recall", "F1")]
    assert list(table["Score"]) == scores
    recall = table[table["Score"] == "negative recall"].iloc[0]
    assert recall["generic"].startswith("0.00 (0.00 to ")
    assert recall["fine-tuned"].startswith("1.00 (")


def test_the_differing_reviews_can_be_searched(dashboard):
    app = dashboard.open("before_after", period="all")
    assert "15 of 15 reviews" in words(app)
    app.text_input(key="differ_search").set_value("21th").run()
    assert list(app.dataframe(key="differing_table").value["Right"]) == ["fine-tuned right"]
    app.selectbox(key="right").select("a").run()
    assert "0 of 15 reviews" in words(app)


def test_unread_labelled_reviews_are_a_clear_line(dashboard):
    with dashboard.database.write() as connection:
        connection.execute(t.predictions.delete().where(t.predictions.c.label == "neutral"))
    assert "of 45 labelled reviews so far" in words(dashboard.open("before_after"))


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "review_id": ["a", "b"],
            "business_id": ["creamery", "diner"],
            "title": [None, "Soggy"],
            "text": ["Peachy cone", "cone, again"],
            "review_date": [dt.date(2026, 1, 1), None],
            "right": ["a", "neither"],
            "slices": [["sarcasm"], None],
        }
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["a", "b"]),
        ({"search": "CONE soggy"}, ["b"]),
        ({"search": ".*"}, []),
        ({"businesses": {"creamery"}}, ["a"]),
        ({"since": dt.date(2025, 1, 1)}, ["a"]),
        ({"until": dt.date(2025, 1, 1)}, []),
        ({"right": "neither"}, ["b"]),
        ({"kind": "sarcasm"}, ["a"]),
    ],
)
def test_matching(given, expected):
    choice = {"businesses": {"creamery", "diner"}, "since": None, "until": None} | given
    assert list(matching_reviews(rows(), **choice)["review_id"]) == expected


def test_scores_in_words():
    assert score_words(Estimate(0.8123, 0.74, 0.871, 90)) == "0.81 (0.74 to 0.87)"
    assert score_words(Estimate(0.5, None, None, 9, "one business")) == "0.50"
    assert score_words(Estimate(None, None, None, 0, "no reviews")) == "–"


def test_the_most_frequent_mistake_is_named():
    class Model:
        confusion = ((5, 1, 7), (2, 5, 0), (0, 0, 5))

    assert confusion_title("generic", Model()) == "generic: most often takes negative for positive (7 times)"
    Model.confusion = ((5, 0, 0), (0, 5, 0), (0, 0, 5))
    assert confusion_title("generic", Model()) == "generic: no mistake"
