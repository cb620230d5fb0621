"""Data sets: what a freeze would hold, the freeze itself, the versions and what changed."""

from __future__ import annotations

import pytest

from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training
from peachdash.storage.feedback import append_decision
from peachdash.workflows.freezing import freeze_data_set

from .conftest import words

ADA = Scope.everything("ada")


def decide(dashboard, review_id: int, verdict: str) -> None:
    with dashboard.database.write() as connection:
        append_decision(connection, review_id, verdict, "correction", "ada", "")


def unlabelled(dashboard) -> list[int]:
    """Numbers of reviews with a text of their own and no shipped label."""
    gold = {row["review_key"] for row in dashboard.rows(t.gold_labels)}
    reviews = dashboard.rows(t.reviews)
    taken = {row["text_sha256"] for row in reviews if row["platform_id"] in gold}
    return [row["review_id"] for row in reviews if row["text"] and row["text_sha256"] not in taken]


def test_before_the_first_freeze_the_page_says_what_it_would_hold(dashboard):
    decide(dashboard, unlabelled(dashboard)[0], "negative")
    app = dashboard.open("data_sets")
    assert app.title[0].value.startswith("Nothing is frozen yet: ")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Test"] == "45"
    assert figures["Train"] == "1"
    assert "There is no validation review" in words(app)


def test_a_freeze_is_stored_and_the_page_then_has_nothing_to_freeze(dashboard):
    app = dashboard.open("data_sets")
    app.text_input(key="freeze_note").set_value("before the fair").run()
    app.button(key="freeze_data_set").click().run()
    (row,) = dashboard.rows(training.data_sets)
    assert (row["number"], row["note"], row["summary"]["splits"]["test"]) == (1, "before the fair", 45)
    assert len(dashboard.rows(training.data_set_reviews)) == row["summary"]["n"]
    assert "Data set 1 is frozen" in words(app)
    assert "nothing has changed since" in app.title[0].value
    assert app.button(key="freeze_data_set").disabled


def test_new_labels_are_told_and_the_next_version_shows_what_changed(dashboard):
    decide(dashboard, unlabelled(dashboard)[0], "negative")
    freeze_data_set(dashboard.database, ADA)
    decide(dashboard, unlabelled(dashboard)[0], "positive")
    decide(dashboard, unlabelled(dashboard)[1], "neutral")
    app = dashboard.open("data_sets")
    assert "2 new or changed labels since" in app.title[0].value
    assert "1 added, 1 with another label" in words(app)
    app.button(key="freeze_data_set").click().run()
    assert [row["number"] for row in dashboard.rows(training.data_sets)] == [1, 2]


def test_shares_are_kept_within_a_hundred(dashboard):
    app = dashboard.open("data_sets")
    app.number_input(key="freeze_train_percent").set_value(100).run()
    assert not app.exception
    assert "The other 0% become test reviews" in words(app)


def test_an_empty_database_says_what_to_do_next(empty_dashboard):
    app = empty_dashboard.open("data_sets")
    assert app.title[0].value == "No labelled reviews yet."
    assert "peachdash setup" in words(app)
    assert app.button(key="to_labelling").label == "To labelling"


@pytest.mark.parametrize("page", ["data_sets", "train"])
def test_others_than_analysts_do_not_get_the_page(dashboard, monkeypatch, page):
    from peachdash.records import Role

    narrow = Scope("mia", Role.MANAGER, frozenset({"creamery"}))
    monkeypatch.setattr("peachdash.ui.gate.current_scope", lambda: narrow, raising=False)
    monkeypatch.setattr("peachdash.ui.access.viewed_scope", lambda database, scope: narrow)
    app = dashboard.open(page)
    assert not list(app.metric)
    assert "freeze_data_set" not in str(app.button)
