"""The review queue: what is sent to people, and what a decision does."""

from __future__ import annotations

import pytest

from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.workflows.checking import check_reading, draw_sample

from .conftest import MODELS, words
from .test_feedback import as_client, button

MIA = Scope("mia@peach.example", Role.MANAGER, frozenset({"creamery", "diner"}))


def focus(app) -> int:
    key = next(part.key for part in app.button if str(part.key).startswith("queued_"))
    return int(str(key).split("_")[1])


def test_the_queue_holds_what_the_model_is_unsure_of_and_says_why(dashboard):
    app = dashboard.open("review_queue", period="all")
    shown = words(app)
    assert "wait for a person" in app.title[0].value
    assert "in the latest 28 days" in shown
    assert "Not measured" in shown
    assert "At 20 seconds" in shown or "at 20 seconds" in shown


def test_a_decision_counts_at_once_with_its_origin_and_can_be_undone(dashboard):
    app = dashboard.open("review_queue", period="all")
    number, before = focus(app), app.title[0].value
    app.button(key=f"queued_{number}_neutral").click().run()
    (decision,) = dashboard.rows(t.decisions)
    assert (decision["review_id"], decision["verdict"], decision["origin"]) == (number, "neutral", "queue")
    assert decision["report_id"] is None
    assert app.title[0].value != before
    assert focus(app) != number
    (check,) = dashboard.rows(t.reading_checks)
    assert check["answer"] == "neutral"
    app.button(key="notice_undo_button").click().run()
    assert [row["verdict"] for row in dashboard.rows(t.decisions)] == ["neutral", None]
    assert app.title[0].value == before


def test_somebody_else_was_faster(dashboard):
    from peachdash.workflows.queue_deciding import decide_queued

    app = dashboard.open("review_queue", period="all")
    number = focus(app)
    assert decide_queued(dashboard.database, MIA, MODELS, number, "positive")
    app.button(key=f"queued_{number}_negative").click().run()
    assert "Somebody else decided on this meanwhile" in words(app)
    assert [row["verdict"] for row in dashboard.rows(t.decisions)] == ["positive"]


def test_next_goes_on_without_a_decision(dashboard):
    app = dashboard.open("review_queue", period="all")
    number = focus(app)
    app.button(key=f"queued_{number}_next").click().run()
    assert focus(app) != number
    assert dashboard.rows(t.decisions) == []


def test_the_error_of_the_rest_comes_from_answers_to_random_samples(dashboard):
    draw_sample(dashboard.database, MIA, MODELS, "north", size=40, seed=1)
    for number, row in enumerate(dashboard.rows(t.sampled_readings)):
        answer = "neutral" if number % 5 == 0 and row["label"] != "neutral" else row["label"]
        check_reading(dashboard.database, MIA, MODELS, row["review_id"], answer, sampled_id=row["sampled_id"])
    shown = words(dashboard.open("review_queue", period="all"))
    assert "were found wrong in random samples" in shown


def test_the_assumption_of_the_time_saved_is_the_readers(dashboard):
    app = dashboard.open("review_queue", period="all")
    app.number_input(key="read_seconds").set_value(60).run()
    assert "at 60 seconds a review" in words(app)


def test_a_client_has_no_queue(dashboard):
    app = as_client(dashboard, "review_queue")
    assert not any(str(part.key).startswith("queued_") for part in app.button)


@pytest.mark.parametrize("page", ["review_queue"])
def test_an_empty_queue_says_so(empty_dashboard, page):
    assert empty_dashboard.open(page).title[0].value == "No reviews yet."


def test_why_asks_for_an_explanation_once_and_waits(dashboard):
    from peachdash.jobs.runs import list_runs

    app = dashboard.open("business", period="all", review="5")
    button(app, "Why does the model say so?").click().run()
    app.run()
    runs = [run for run in list_runs(dashboard.settings.jobs) if run.request["kind"] == "explain"]
    assert len(runs) == 1
    assert "The words are being weighed" in words(app)


def test_why_shows_words_confidence_and_similar_reviews(dashboard):
    import numpy as np
    import pandas as pd

    from peachdash.insights.aspects import load_head
    from peachdash.workflows.explaining import find_explanation, store_explanation

    house, space = Scope.everything("ada"), load_head(dashboard.settings.models).space
    work = find_explanation(dashboard.database, house, MODELS, 5, space)
    vectors = pd.DataFrame({"text_sha256": work.texts["text_sha256"]})
    vectors["vector"] = list(np.eye(len(vectors), 64, dtype=np.float32) + 0.1)
    text = work.texts["text"].iloc[0]
    told = {"label": 0, "words": [[0, 1, 0.01], [2, 10, 1.5], [11, 17, -0.7]], "error": 0.02}
    assert store_explanation(dashboard.database, house, work.text_sha256, work.revision, told, vectors, space)
    app = dashboard.open("business", period="all", review="5")
    button(app, "Why does the model say so?").click().run()
    shown = words(app)
    assert f"For negative: {text[2:10].lower()}" in shown
    assert f"Against negative: {text[11:17].lower()}" in shown
    assert "The most similar labelled reviews" in shown
