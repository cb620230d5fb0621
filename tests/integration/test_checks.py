"""Confirming and correcting readings, and random samples of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.queries.feedback import fetch_last_answers, fetch_reports
from peachdash.queries.samples import fetch_sample_answers, fetch_unchecked
from peachdash.records import ActiveModels, ReviewFilter, Role, Scope
from peachdash.storage import schema as t
from peachdash.storage.predictions import append_predictions
from peachdash.storage.samples import load_population
from peachdash.workflows.checking import check_reading, draw_sample
from peachdash.workflows.deciding import accept_reports, reject_reports
from peachdash.workflows.feedback import report_reading
from tests.integration.conftest import CREAMERY_ONLY, EVERYTHING, MODELS, add_reviews, reading, review_rows

ALL = ReviewFilter()
UNDECIDED = "It was a scoop on Peachtree"
MANAGER = Scope("mia", Role.MANAGER, frozenset({"creamery", "diner"}))


def ask(database, query, *args, scope=EVERYTHING, **kwargs):
    with database.read() as connection:
        return query(connection, scope, *args, **kwargs)


def number_of(database, text: str) -> int:
    with database.read() as connection:
        found = sa.select(t.reviews.c.review_id).where(t.reviews.c.text == text)
        return int(connection.execute(found).scalar_one())


def stored(database, table):
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_a_confirmation_is_no_report(filled):
    number = number_of(filled, "Lovely ube scoop")
    check_reading(filled, CREAMERY_ONLY, MODELS, number, "positive")
    check_reading(filled, CREAMERY_ONLY, MODELS, number, "positive")
    (check,) = stored(filled, t.reading_checks)
    assert (check["label"], check["answer"], check["checked_by"], check["deciding"]) == (
        "positive", "positive", "clem", False,
    )  # fmt: skip
    assert stored(filled, t.reports) == []
    assert ask(filled, fetch_last_answers, [number], scope=CREAMERY_ONLY) == {number: "positive"}
    assert ask(filled, fetch_last_answers, [number]) == {}


def test_a_correction_is_a_report_and_another_answer_replaces_it(filled):
    number = number_of(filled, "Lovely ube scoop")
    check_reading(filled, CREAMERY_ONLY, MODELS, number, "negative", "sarcasm")
    assert ask(filled, fetch_reports, ALL)["suggestion"].tolist() == ["negative"]
    check_reading(filled, CREAMERY_ONLY, MODELS, number, "neutral")
    assert ask(filled, fetch_reports, ALL)["suggestion"].tolist() == ["neutral"]
    check_reading(filled, CREAMERY_ONLY, MODELS, number, "positive")
    assert ask(filled, fetch_reports, ALL).empty
    assert len(stored(filled, t.reading_checks)) == 3


def test_an_answer_to_an_undecided_reading_is_a_report_whatever_it_says(filled):
    check_reading(filled, CREAMERY_ONLY, MODELS, number_of(filled, UNDECIDED), "neutral")
    assert ask(filled, fetch_reports, ALL)["suggestion"].tolist() == ["neutral"]


def test_what_counts_by_a_decision_is_confirmed_against_the_decision(filled):
    number = number_of(filled, "Lovely ube scoop")
    report_reading(filled, MANAGER, MODELS, number, "negative")
    check_reading(filled, CREAMERY_ONLY, MODELS, number, "negative")
    assert len(stored(filled, t.reports)) == 1


def test_a_manager_who_corrects_decides(filled):
    number = number_of(filled, "Lovely ube scoop")
    check_reading(filled, MANAGER, MODELS, number, "negative")
    assert [row["verdict"] for row in stored(filled, t.decisions)] == ["negative"]


def test_answers_are_checked(filled):
    with pytest.raises(BadInput):
        check_reading(filled, CREAMERY_ONLY, MODELS, 1, "splendid")
    with pytest.raises(NotFound):
        check_reading(filled, CREAMERY_ONLY, MODELS, number_of(filled, "Cold broth, long wait"), "neutral")
    assert stored(filled, t.reading_checks) == []


def test_a_sample_is_drawn_once_from_sure_readings_only(filled):
    assert draw_sample(filled, MANAGER, MODELS, "doravale", seed=7) == 3
    rows = stored(filled, t.sampled_readings)
    assert {row["review_id"] for row in rows} == {
        number_of(filled, text)
        for text in ("Soggy cone. Just peachy.", "Lovely ube scoop", "Cold broth, long wait")
    }
    assert {(row["seed"], row["revision"], row["drawn_by"]) for row in rows} == {(7, MODELS.champion, "mia")}
    with pytest.raises(BadInput, match="asked for already"):
        draw_sample(filled, MANAGER, MODELS, "doravale")
    assert draw_sample(filled, MANAGER, ActiveModels(MODELS.generic, MODELS.generic), "doravale") > 0


def test_corrected_readings_are_drawn_too_but_not_what_was_left_out(filled):
    report_reading(filled, MANAGER, MODELS, number_of(filled, "Lovely ube scoop"), "negative")
    report_reading(filled, MANAGER, MODELS, number_of(filled, "Cold broth, long wait"), "spam")
    assert draw_sample(filled, MANAGER, MODELS, "doravale") == 2
    drawn = {row["review_id"]: row["label"] for row in stored(filled, t.sampled_readings)}
    assert drawn[number_of(filled, "Lovely ube scoop")] == "positive"


def test_a_seed_gives_the_same_sample_and_every_reading_the_same_chance(filled):
    rows = review_rows([{"text": f"Scoop number {number}"} for number in range(20)])
    add_reviews(filled, "second", rows)

    with filled.write() as connection:
        made = [reading(key, MODELS.champion, "positive") for key in rows["text_sha256"]]
        append_predictions(connection, pd.DataFrame(made))
    draw_sample(filled, MANAGER, MODELS, "doravale", size=5, seed=3)
    first = [
        row["review_id"] for row in sorted(stored(filled, t.sampled_readings), key=lambda r: r["sampled_id"])
    ]
    with filled.read() as connection:
        assert len(load_population(connection, MANAGER, "doravale", MODELS.champion)) == 23 - 5
    population = sorted(
        number_of(filled, text)
        for text in [*rows["text"], "Soggy cone. Just peachy.", "Lovely ube scoop", "Cold broth, long wait"]
    )
    assert first == [population[place] for place in np.random.default_rng(3).permutation(23)[:5]]


def test_who_may_draw(filled):
    stranger = Scope("sid", Role.MANAGER, frozenset({"boutique"}))
    half = Scope("hal", Role.MANAGER, frozenset({"creamery"}))
    for scope in (CREAMERY_ONLY, stranger, half):
        with pytest.raises(NotFound):
            draw_sample(filled, scope, MODELS, "doravale")
    for size in (0, 501):
        with pytest.raises(BadInput):
            draw_sample(filled, MANAGER, MODELS, "doravale", size=size)
    assert stored(filled, t.sampled_readings) == []


def sampled_id(database, number: int) -> str:
    return next(
        row["sampled_id"] for row in stored(database, t.sampled_readings) if row["review_id"] == number
    )


def test_only_answers_to_the_sample_count_never_complaints(filled):
    soggy, lovely = (number_of(filled, text) for text in ("Soggy cone. Just peachy.", "Lovely ube scoop"))
    draw_sample(filled, MANAGER, MODELS, "doravale", seed=1)
    complaint = report_reading(filled, CREAMERY_ONLY, MODELS, soggy, "positive")
    accept_reports(filled, MANAGER, [complaint], "positive")
    check_reading(filled, MANAGER, MODELS, soggy, "positive")
    answers = ask(filled, fetch_sample_answers, ALL)
    assert answers["answer"].isna().all()
    check_reading(filled, CREAMERY_ONLY, MODELS, lovely, "positive", sampled_id=sampled_id(filled, lovely))
    answers = ask(filled, fetch_sample_answers, ALL).set_index("review_id")["answer"]
    assert answers.dropna().to_dict() == {lovely: "positive"}
    assert len(ask(filled, fetch_unchecked, ALL)) == 2


def test_a_decision_on_a_sampled_answer_goes_before_it(filled):
    soggy, lovely = (number_of(filled, text) for text in ("Soggy cone. Just peachy.", "Lovely ube scoop"))
    draw_sample(filled, MANAGER, MODELS, "doravale", seed=1)
    for number, answer in ((soggy, "positive"), (lovely, "neutral")):
        check_reading(filled, CREAMERY_ONLY, MODELS, number, answer, sampled_id=sampled_id(filled, number))
    reports = ask(filled, fetch_reports, ALL).set_index("review_id")["report_id"]
    reject_reports(filled, MANAGER, [reports[soggy]], "a sneer")
    accept_reports(filled, MANAGER, [reports[lovely]], "neutral")
    answers = ask(filled, fetch_sample_answers, ALL).set_index("review_id")
    assert (answers.loc[soggy, "answer"], answers.loc[lovely, "answer"]) == ("negative", "neutral")
    check_reading(filled, CREAMERY_ONLY, MODELS, soggy, "neutral", sampled_id=sampled_id(filled, soggy))
    answers = ask(filled, fetch_sample_answers, ALL).set_index("review_id")
    assert answers.loc[soggy, "answer"] == "negative", "a client's later answer does not overrule a decision"


def test_a_sampled_id_belongs_to_its_review(filled):
    soggy, lovely = (number_of(filled, text) for text in ("Soggy cone. Just peachy.", "Lovely ube scoop"))
    draw_sample(filled, MANAGER, MODELS, "doravale")
    for wrong in ("guessed", sampled_id(filled, lovely)):
        with pytest.raises(NotFound):
            check_reading(filled, CREAMERY_ONLY, MODELS, soggy, "neutral", sampled_id=wrong)


def test_samples_of_another_client_are_not_there(filled):
    other = Scope("bo", Role.CLIENT, frozenset({"boutique"}))
    draw_sample(filled, EVERYTHING, MODELS, "doravale")
    assert ask(filled, fetch_unchecked, ALL, scope=other).empty
    assert ask(filled, fetch_sample_answers, ALL, scope=other).empty
    assert len(ask(filled, fetch_unchecked, ALL, scope=CREAMERY_ONLY)) == 2


def test_a_review_that_was_left_out_is_no_longer_asked_for(filled):
    soggy = number_of(filled, "Soggy cone. Just peachy.")
    draw_sample(filled, MANAGER, MODELS, "doravale")
    report_reading(filled, MANAGER, MODELS, soggy, "spam")
    assert soggy not in ask(filled, fetch_unchecked, ALL)["review_id"].tolist()
