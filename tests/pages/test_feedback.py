"""Reporting a reading, what follows, and taking it back."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from peachdash.storage import schema as t

from .conftest import words
from .test_business import metric, number_of


def report(dashboard, text: str, suggestion: str, note: str = "") -> AppTest:
    app = dashboard.open("business", period="all", review=str(number_of(dashboard, text)))
    app.pills(key="report_suggestion").select(suggestion)
    app.text_area(key="report_note").set_value(note)
    return next(button for button in app.button if button.label == "Report").click().run()


def test_a_report_decides_at_once_and_numbers_follow(dashboard):
    before = int(metric(dashboard.open("business", period="all"), "Complaints open"))
    app = report(dashboard, "the 9th.", "positive", "it is a compliment")
    assert int(metric(app, "Complaints open")) == before - 1
    assert "Counts as positive, decided by local" in words(app)
    (stored,), (decision,) = dashboard.rows(t.reports), dashboard.rows(t.decisions)
    assert (stored["suggestion"], stored["label"], stored["note"]) == (
        "positive",
        "negative",
        "it is a compliment",
    )
    assert (decision["verdict"], decision["report_id"]) == ("positive", stored["report_id"])


@pytest.mark.parametrize("verdict", ["spam", "not_about_us", "duplicate"])
def test_a_review_that_is_none_leaves_all_counts(dashboard, verdict):
    app = report(dashboard, "the 9th.", verdict)
    assert metric(app, "Reviews read") == "60"
    assert "Left out of all counts" in words(app)


def test_a_report_needs_a_suggestion(dashboard):
    app = dashboard.open("business", review=str(number_of(dashboard, "the 9th.")))
    next(button for button in app.button if button.label == "Report").click().run()
    assert "Choose what the review should count as." in words(app)
    assert dashboard.rows(t.reports) == []


def test_the_page_lists_reports_and_takes_them_back(dashboard):
    report(dashboard, "the 9th.", "positive", "*no* [link](http://evil.example)")
    app = dashboard.open("feedback", period="all")
    assert "1 reading reported as wrong; 1 correction in force." in words(app)
    row = app.dataframe(key="feedback_table").value.iloc[0]
    assert (row["Model read"], row["Suggested"], row["Outcome"]) == (
        "negative",
        "positive",
        "counts as positive",
    )
    app.session_state["feedback_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    app.button(key="take_back_ticked").click().run()
    assert app.dataframe(key="feedback_table").value.iloc[0]["Outcome"] == "taken back"
    assert [row["verdict"] for row in dashboard.rows(t.decisions)] == ["positive", None]
    assert "0 corrections in force" in words(app)


def test_a_decision_is_taken_back_from_the_detail(dashboard):
    app = report(dashboard, "the 9th.", "spam")
    app.button(key="take_back_one").click().run()
    assert metric(app, "Reviews read") == "61"
    assert "took the decision back" in words(app)


def test_undo_takes_a_report_back(dashboard):
    app = report(dashboard, "the 9th.", "spam")
    app.button(key="notice_undo_button").click().run()
    assert metric(app, "Reviews read") == "61"


def test_an_empty_page_leads_to_the_reviews(dashboard):
    app = dashboard.open("feedback")
    assert "This reading is wrong" in words(app)
