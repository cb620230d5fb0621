"""Reporting a reading, deciding on it, what follows, and taking it back."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.ui import view_as
from peachdash.ui.report_queue import group_reports, queue_sentence
from peachdash.workflows.catalogue import change_business
from peachdash.workflows.checking import check_reading, draw_sample
from peachdash.workflows.deciding import accept_reports, reject_reports
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.links import make_link

from .conftest import MODELS, words
from .test_business import metric, number_of

ANA = Scope("ana@north.example", Role.CLIENT, frozenset({"creamery", "diner"}))
BEN = Scope("ben@north.example", Role.CLIENT, frozenset({"creamery", "diner"}))
HOUSE = Scope.everything("ada")
FOUR_VIEWS = ("Queue", "Reports", "Random sample", "Links")
MIA = Scope("mia@peach.example", Role.MANAGER, frozenset({"creamery", "diner"}))


def report(dashboard, text: str, suggestion: str, note: str = "") -> AppTest:
    app = dashboard.open("business", period="all", review=str(number_of(dashboard, text)))
    app.pills(key="report_suggestion").select(suggestion)
    app.text_area(key="report_note").set_value(note)
    return button(app, "Report").click().run()


def button(app: AppTest, label: str):
    return next(part for part in app.button if part.label == label)


def as_client(dashboard, page: str, **query: str) -> AppTest:
    """The page as a client of the northern businesses sees it."""
    app = dashboard.open(page, **query)
    app.session_state[view_as._STATE] = view_as.Guise(Role.CLIENT, "client:north", "client of North Foods")
    app.run()
    assert not app.exception
    return app


def test_a_report_decides_at_once_and_numbers_follow(dashboard):
    before = int(metric(dashboard.open("business", period="all"), "Complaints open"))
    app = report(dashboard, "the 9th.", "positive", "it is a compliment")
    assert int(metric(app, "Complaints open")) == before - 1
    assert "Counts as positive, decided by local" in words(app)
    assert "The model now reads it as negative 90% by itself." in words(app)
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
    button(app, "Report").click().run()
    assert "Choose what the review should count as." in words(app)
    assert dashboard.rows(t.reports) == []


def test_the_page_lists_reports_and_takes_them_back(dashboard):
    report(dashboard, "the 9th.", "positive", "*no* [link](http://evil.example)")
    app = dashboard.open("feedback", period="all", view="Reports")
    assert "1 reading reported as wrong, 1 accepted, none now read correctly without a correction." in words(
        app
    )
    row = app.dataframe(key="feedback_table").value.iloc[0]
    assert (row["Reading"], row["Outcome"]) == ("negative → positive", "counts as positive")
    app.session_state["feedback_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    app.button(key="take_back_ticked").click().run()
    assert app.dataframe(key="feedback_table").value.iloc[0]["Outcome"] == "accepted, later changed"
    assert [row["verdict"] for row in dashboard.rows(t.decisions)] == ["positive", None]


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
    app = dashboard.open("feedback", view="Reports")
    assert "This reading is wrong" in words(app)
    app = dashboard.open("feedback")
    assert "No report waits for a decision." in words(app)
    assert "No link has been made yet." in words(app.button(key="to_Links").click().run())


def test_many_are_reported_at_once_from_the_table(dashboard):
    app = dashboard.open("business", period="all")
    app.session_state["review_table"] = {"selection": {"rows": [0, 1, 4], "columns": [], "cells": []}}
    app.run()
    app.pills(key="ticked_suggestion").select("spam")
    app.text_input(key="ticked_note").set_value("a campaign")
    app.button(key="report_ticked_button").click().run()
    assert not app.exception
    assert metric(app, "Reviews read") == "58"
    assert [row["note"] for row in dashboard.rows(t.reports)] == ["a campaign"] * 3
    app.button(key="notice_undo_button").click().run()
    assert metric(app, "Reviews read") == "61"


def test_a_clients_report_waits_and_can_be_undone(dashboard):
    number = number_of(dashboard, "the 9th.")
    app = as_client(dashboard, "business", period="all", review=str(number))
    complaints = metric(app, "Complaints open")
    assert "Mark as answered" not in [part.label for part in app.button]
    app.pills(key="report_suggestion").select("positive")
    button(app, "Report").click().run()
    assert metric(app, "Complaints open") == complaints
    assert "reported as positive" in words(app)
    assert dashboard.rows(t.decisions) == []
    app.button(key="notice_undo_button").click().run()
    assert [row["outcome"] for row in dashboard.rows(t.report_outcomes)] == ["withdrawn"]


def queued(dashboard, *, conflict: bool = False) -> int:
    number = number_of(dashboard, "the 9th.")
    report_reading(dashboard.database, ANA, MODELS, number, "positive", "*she* <b>laughs</b>")
    if conflict:
        report_reading(dashboard.database, BEN, MODELS, number, "neutral")
    return number


def test_the_queue_shows_the_reading_the_suggestions_and_a_conflict(dashboard):
    queued(dashboard, conflict=True)
    app = dashboard.open("feedback")
    shown = words(app)
    assert "2 reports wait for a decision, on 1 review; on 1 review the reporters disagree." in shown
    for told in ("fine-tuned: negative 90%", "Reporters disagree", "ana@north.example"):
        assert told in shown
    assert "“*she* <b>laughs</b>”" in [part.value for part in app.text]


def test_accepting_counts_at_once_and_can_be_undone(dashboard):
    number = queued(dashboard, conflict=True)
    app = dashboard.open("feedback")
    app.button(key=f"accept_{number}_positive").click().run()
    assert f"Review {number} now counts as positive." in words(app)
    assert "No report waits for a decision." in words(app)
    outcomes = {row["outcome"] for row in dashboard.rows(t.report_outcomes)}
    assert outcomes == {"accepted", "rejected"}
    app.button(key="notice_undo_button").click().run()
    assert "2 reports wait" in words(app)
    assert [row["verdict"] for row in dashboard.rows(t.decisions)] == ["positive", None]


def test_rejecting_needs_a_reason_which_the_client_reads(dashboard):
    number = queued(dashboard)
    app = dashboard.open("feedback")
    app.button(key=f"reject_{number}").click().run()
    assert "A rejection needs a reason" in words(app)
    app.selectbox(key=f"queue_reason_{number}").select_index(0).run()
    app.button(key=f"reject_{number}").click().run()
    assert f"Reports on review {number} rejected." in words(app)
    table = as_client(dashboard, "feedback", view="Reports").dataframe(key="feedback_table").value
    assert table.iloc[0]["Outcome"] == "rejected"
    assert table.iloc[0]["Reason"].startswith("We read the review again")
    assert "another person" in table.iloc[0]["Reported"]


def test_labelling_is_kept_as_an_outcome(dashboard):
    number = queued(dashboard)
    app = dashboard.open("feedback")
    app.button(key=f"labelling_{number}").click().run()
    assert [row["outcome"] for row in dashboard.rows(t.report_outcomes)] == ["labelling"]


def test_somebody_else_was_faster(dashboard):
    number = queued(dashboard)
    app = dashboard.open("feedback")
    (report_id,) = [row["report_id"] for row in dashboard.rows(t.reports)]
    reject_reports(dashboard.database, MIA, [report_id], "no")
    app.button(key=f"accept_{number}_positive").click().run()
    assert "Somebody else decided on this meanwhile" in words(app)
    assert not app.error
    assert dashboard.rows(t.decisions) == []


def test_a_client_has_neither_queue_nor_links(dashboard):
    queued(dashboard)
    for view in ("Queue", "Links"):
        app = as_client(dashboard, "feedback", view=view)
        assert "Accept: positive" not in [part.label for part in app.button]
        assert "Make the link" not in [part.label for part in app.button]


def test_a_clients_page_says_what_came_of_their_reports(dashboard):
    database = dashboard.database
    own = Scope("local as client", Role.CLIENT, frozenset({"creamery", "diner"}))
    numbers = [number_of(dashboard, f"the {nth}.") for nth in ("5th", "9th", "12th")]
    ids = [report_reading(database, own, MODELS, number, "positive") for number in numbers]
    report_reading(database, BEN, MODELS, numbers[0], "spam")
    accept_reports(database, MIA, ids[:1], "positive")
    accept_reports(database, MIA, ids[1:2], "positive")
    shown = words(as_client(dashboard, "feedback"))
    assert (
        "You reported 3 readings, 2 accepted, 1 now read correctly without a correction, 1 still open."
        in shown
    )


def test_a_sample_is_drawn_checked_and_summed_up(dashboard):
    app = dashboard.open("feedback", view="Random sample")
    assert "no sample has been drawn" in words(app)
    app.number_input(key="sample_size").set_value(12)
    button(app, "Draw a random sample").click().run()
    assert "12 readings drawn at random" in words(app)
    assert "North Foods: too few checked" in words(app)
    drawn = sorted(dashboard.rows(t.sampled_readings), key=lambda row: row["sampled_id"])
    first = drawn[0]
    app.button(key=f"check_{first['sampled_id']}_{first['label']}").click().run()
    assert f"Review {first['review_id']} checked: read right." in words(app)
    second = drawn[1]
    app.button(key=f"check_{second['sampled_id']}_spam").click().run()
    assert [row["answer"] for row in dashboard.rows(t.reading_checks)] == [first["label"], "spam"]
    assert "10 of 12 to check" in words(app)
    for row in drawn[2:]:
        check_reading(
            dashboard.database, MIA, MODELS, row["review_id"], row["label"], sampled_id=row["sampled_id"]
        )
    shown = words(dashboard.open("feedback", view="Random sample"))
    assert "North Foods: 100% (74 to 100%, n = 11) of readings are right." in shown
    assert "people report what is wrong" in shown


def test_a_client_sees_their_own_accuracy_and_draws_nothing(dashboard):
    draw_sample(dashboard.database, MIA, MODELS, "north", size=3)
    app = as_client(dashboard, "feedback", view="Random sample")
    assert "North Foods: too few checked" in words(app)
    assert "Draw a random sample" not in [part.label for part in app.button]


def test_more_readings_to_check_than_are_read_at_once_are_counted(dashboard):
    draw_sample(dashboard.database, HOUSE, MODELS, "north", size=54, seed=3)
    (first, *_) = dashboard.rows(t.sampled_readings)
    report_reading(dashboard.database, MIA, MODELS, first["review_id"], "spam")
    shown = words(dashboard.open("feedback", view="Random sample"))
    assert "53 of 54 to check" in shown, "what was left out of all counts is not asked for"


def test_several_clients_are_neither_pooled_nor_ranked(dashboard):
    database = dashboard.database
    change_business(database, HOUSE, "diner", name="Blue Diner", client_id="south", kind="", neighbourhood="")
    for client, answers in (("north", 12), ("south", 1)):
        draw_sample(database, HOUSE, MODELS, client, size=12, seed=3)
        drawn = [row for row in dashboard.rows(t.sampled_readings) if row["client_id"] == client]
        for row in drawn[:answers]:
            number, label, sampled = row["review_id"], row["label"], row["sampled_id"]
            check_reading(database, HOUSE, MODELS, number, label, sampled_id=sampled)
    app = dashboard.open("feedback", view="Random sample")
    assert words(app).startswith("North Foods: 100% (76 to 100%, n = 12) of readings are right.")
    table = app.dataframe[0].value.set_index("Client")
    assert table.loc["North Foods", "Read right"] == "100% (76 to 100%, n = 12)"
    assert table.loc["South & Sons", "Read right"] == "too few (n = 1)"
    assert "Drawn in" in app.dataframe[1].value


def test_each_view_opens_with_its_own_answer(dashboard):
    queued(dashboard)
    token = make_link(dashboard.database, HOUSE, "north")
    assert token
    titles = {view: words(dashboard.open("feedback", view=view)).splitlines()[0] for view in FOUR_VIEWS}
    assert titles == {
        "Queue": "1 report waits for a decision, on 1 review.",
        "Reports": "1 reading reported as wrong, 0 accepted, 1 still open.",
        "Random sample": "How often readings are right is not known yet: no sample has been drawn.",
        "Links": "1 link is open; no answer came through 1 link in all.",
    }


def test_a_queue_longer_than_what_is_shown_says_so():
    rows = [{"review_id": 1, "suggestion": "spam", "report_id": str(number)} for number in range(3)]
    groups = group_reports(pd.DataFrame(rows))
    assert queue_sentence(groups, 3) == "3 reports wait for a decision, on 1 review."
    assert (
        queue_sentence(groups, 1204)
        == "1,204 reports wait for a decision; below are the 3 that wait longest."
    )
