"""Labelling tasks, labels, adjudication and second looks, on a real database."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.labelling.disagreements import joint_slices, sides, waiting_pairs
from peachdash.queries.label_checks import fetch_settled
from peachdash.queries.label_pairs import fetch_pairs, fetch_shipped_pairs
from peachdash.queries.label_pools import count_pools, fetch_candidates
from peachdash.queries.labelling import fetch_annotators, fetch_label_work, fetch_tasks
from peachdash.records import SLICES, Pool, Role, Scope
from peachdash.storage import schema as t
from peachdash.storage import schema_labelling as s
from peachdash.storage import schema_training as training
from peachdash.storage.labelling import SECOND_LOOK, GivenLabel
from peachdash.workflows.adjudicating import adjudicate, look_again, take_back_adjudication
from peachdash.workflows.feedback import report_reading, take_back_decision, withdraw_reports
from peachdash.workflows.labelling import give_label, make_task, set_task_open, take_back_label
from peachdash.workflows.people import change_person
from peachdash.workflows.queue_deciding import decide_queued
from tests.integration.conftest import CREAMERY_ONLY, MODELS
from tests.integration.label_world import (
    ANA,
    BO,
    CYD,
    HOUSE,
    MACHINE,
    add_people,
    label_all,
    more_reviews,
    new_task,
    numbers,
    ship,
)

BOTH = ("Ada", "Ben")


def pools(database, *words: str) -> dict[str, int]:
    with database.read() as connection:
        return count_pools(connection, HOUSE, MODELS, words)


def texts_of(database, pool: Pool, *words: str) -> list[int]:
    with database.read() as connection:
        return list(fetch_candidates(connection, HOUSE, MODELS, pool, words)["review_id"])


def test_pools_of_the_six_reviews(filled):
    """Number 5 has no text; the least certain one is number 4; nothing was reported or trained."""
    assert pools(filled, "PEACH") == {
        "unlabelled": 5, "least certain": 5, "words": 2, "reported": 0, "new since the last training": 5,
    }  # fmt: skip
    assert texts_of(filled, Pool.LEAST_CERTAIN)[0] == 4
    assert texts_of(filled, Pool.WORDS, "broth", "linen") == [1, 6]
    assert texts_of(filled, Pool.WORDS, "100%_") == []


def test_what_was_reported_is_a_pool_until_it_is_withdrawn(filled):
    report_reading(filled, CREAMERY_ONLY, MODELS, 2, "positive", "a note")
    assert texts_of(filled, Pool.REPORTED) == [2]
    withdraw_reports(filled, CREAMERY_ONLY, 2)
    assert texts_of(filled, Pool.REPORTED) == []


def test_what_people_left_out_is_in_no_pool(filled):
    decide_queued(filled, HOUSE, MODELS, 3, "spam")
    assert 3 not in texts_of(filled, Pool.UNLABELLED)
    take_back_decision(filled, HOUSE, 3)
    assert 3 in texts_of(filled, Pool.UNLABELLED)


def test_labelled_texts_of_the_shipped_corpus_are_in_no_pool(filled):
    ship(filled, {"test": "Lovely ube scoop"})
    assert texts_of(filled, Pool.UNLABELLED) == [1, 2, 4, 6]


def test_new_is_what_came_after_the_data_set_of_the_last_training(filled):
    now = dt.datetime.now(dt.UTC)
    with filled.write() as connection:
        connection.execute(
            sa.insert(training.data_sets).values(
                data_set_id="d", number=1, note="", content_sha256="", summary={}, made_by="ada", made_utc=now
            )
        )
        connection.execute(
            sa.insert(training.training_runs).values(
                run_id="r", data_set_id="d", size="small", settings={}, code_version="", note="",
                requested_by="ada", requested_utc=now,
            )
        )  # fmt: skip
    assert len(texts_of(filled, Pool.NEW)) == 5, "a training that has not ended has learned nothing"
    with filled.write() as connection:
        connection.execute(
            sa.insert(training.training_outcomes).values(
                outcome_id="o", run_id="r", state="done", history=[], figures={}, seconds=1.0, message="",
                finished_utc=now,
            )
        )  # fmt: skip
    assert texts_of(filled, Pool.NEW) == []
    more_reviews(filled, 2)
    assert len(texts_of(filled, Pool.NEW)) == 2


def test_a_task_takes_reviews_out_of_the_pools_and_the_seed_draws_the_same(filled):
    more_reviews(filled, 30)
    first = new_task(filled, MACHINE, BOTH, 10)
    assert pools(filled)["unlabelled"] == 25
    with filled.write() as connection:
        connection.execute(sa.delete(s.labelling_items))
    assert numbers(filled, new_task(filled, MACHINE, BOTH, 10)) != sorted(numbers(filled, first))
    with filled.read() as connection:
        placed = connection.execute(sa.select(s.labelling_items.c.review_id)).scalars().fetchall()
    assert len(set(placed)) == 10


def test_a_pool_with_fewer_reviews_gives_what_it_has(filled):
    task = make_task(filled, MACHINE, MODELS, Pool.WORDS, 50, BOTH, words=["broth"], name=" Cold  soup ")
    assert numbers(filled, task) == [6]
    with filled.read() as connection:
        (row,) = fetch_tasks(connection, HOUSE).to_dict("records")
    assert (row["name"], row["words"], row["labelled"], row["reviews"]) == ("Cold soup", ["broth"], [0, 0], 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": 0}, "1 to"),
        ({"size": 10**6}, "1 to"),
        ({"annotators": ["Ada"]}, "Two annotators"),
        ({"annotators": ["Ada", " ada "]}, "same person"),
        ({"annotators": ["Ada", "x" * 200]}, "at most"),
        ({"annotators": ["Ada", "f" * 32]}, "name"),
        ({"pool": Pool.WORDS, "words": [" "]}, "Name one word"),
        ({"pool": Pool.WORDS, "words": ["nothing like this"]}, "No review is left"),
        ({"name": "x" * 300}, "at most"),
    ],
)
def test_a_bad_task_is_refused_before_anything_is_stored(filled, change, told):
    values = {"pool": Pool.UNLABELLED, "size": 3, "annotators": BOTH, **change}
    with pytest.raises(BadInput, match=told):
        make_task(filled, MACHINE, MODELS, **values)
    with filled.read() as connection:
        assert fetch_tasks(connection, HOUSE).empty


def test_an_empty_database_has_empty_pools(database):
    assert set(pools(database, "peachy").values()) == {0}
    with pytest.raises(BadInput, match="No review is left"):
        new_task(database, MACHINE, BOTH)
    with database.read() as connection:
        assert fetch_pairs(connection, HOUSE).empty
        assert fetch_shipped_pairs(connection, HOUSE).empty
        assert fetch_settled(connection, HOUSE).empty


def test_who_signs_in_is_chosen_among_active_people_of_the_house(filled):
    people = add_people(filled)
    with filled.read() as connection:
        asked = fetch_annotators(connection, ANA)
    assert set(asked["people"]) == set(people.values())
    assert asked["own"] == people["ana"]
    change_person(filled, HOUSE, people["cyd"], active=False)
    with pytest.raises(BadInput, match="active analysts"):
        new_task(filled, ANA, [people["ana"], people["cyd"]])
    with pytest.raises(BadInput, match="active analysts"):
        new_task(filled, ANA, [people["ana"], "Ben"])


def test_labels_are_checked(filled):
    task = new_task(filled, MACHINE, BOTH)
    (first, *_) = numbers(filled, task)
    for said, told in (
        (GivenLabel("angry"), "'angry'"),
        (GivenLabel(None), "None"),
        (GivenLabel("neutral", ("noisy",)), "'noisy'"),
        (GivenLabel("negative", aspect="weather"), "'weather'"),
        (GivenLabel("negative", reason_words="x" * 500), "at most"),
    ):
        with pytest.raises(BadInput, match=told):
            give_label(filled, MACHINE, task, "Ada", first, said)
    with pytest.raises(NotFound):
        give_label(filled, MACHINE, task, "Ada", 10**9, GivenLabel("neutral"))
    give_label(filled, MACHINE, task, "Ada", first, GivenLabel("positive", (), False, "kept not", "price"))
    with pytest.raises(BadInput, match="Take the label back"):
        give_label(filled, MACHINE, task, "Ada", first, GivenLabel("neutral"))
    with filled.read() as connection:
        (row,) = connection.execute(sa.select(s.label_drafts)).mappings()
    assert (row["reason_words"], row["aspect"]) == ("", None)


def test_a_closed_task_takes_no_labels_and_goes_on_when_opened(filled):
    task = new_task(filled, MACHINE, BOTH)
    set_task_open(filled, MACHINE, task, False)
    with pytest.raises(BadInput, match="closed"):
        label_all(filled, MACHINE, task, "Ada", ["neutral"])
    set_task_open(filled, MACHINE, task, True)
    label_all(filled, MACHINE, task, "Ada", ["neutral"])
    with filled.read() as connection:
        assert fetch_tasks(connection, HOUSE)["labelled"].iloc[0] == [1, 0]


def test_a_review_of_an_undone_import_leaves_the_task(filled):
    from peachdash.workflows.imports import undo_import

    task = new_task(filled, MACHINE, BOTH, 3)
    undo_import(filled, HOUSE, "first")
    with filled.read() as connection:
        assert fetch_label_work(connection, MACHINE, task, "Ada").empty
        assert fetch_tasks(connection, HOUSE)["reviews"].tolist() == [0]


def labelled(database) -> tuple[str, list[int]]:
    """Four reviews: alike, different, alike but unsure, alike."""
    task = new_task(database, MACHINE, BOTH)
    unsure = GivenLabel("neutral", ("mixed",), True)
    label_all(database, MACHINE, task, "Ada", ["negative", "positive", unsure, "positive"])
    cold = GivenLabel("negative", ("local",), False, "cold", "service")
    label_all(database, MACHINE, task, "Ben", ["negative", cold, "neutral", "positive"])
    return task, numbers(database, task)


def waiting(database) -> list[int]:
    with database.read() as connection:
        return list(waiting_pairs(fetch_pairs(connection, HOUSE))["review_id"])


def settled(database) -> dict[int, tuple[str, str]]:
    with database.read() as connection:
        rows = fetch_settled(connection, HOUSE)
    return {row.review_id: (row.label, row.origin) for row in rows.itertuples()}


def test_disagreements_and_unsure_ones_wait_until_they_are_settled(filled):
    task, items = labelled(filled)
    assert waiting(filled) == [items[1], items[2]]
    assert adjudicate(
        filled, CYD, task, items[1], GivenLabel("negative", ("local",)), "  the point is  a fault "
    )
    assert not adjudicate(filled, BO, task, items[1], GivenLabel("positive"), "late")
    assert waiting(filled) == [items[2]]
    assert settled(filled) == {
        items[0]: ("negative", "agreed"), items[1]: ("negative", "adjudicated"),
        items[3]: ("positive", "agreed"),
    }  # fmt: skip
    with filled.read() as connection:
        pairs = fetch_pairs(connection, HOUSE).set_index("review_id")
    assert pairs.loc[items[1], "ruled_reason"] == "the point is a fault"
    take_back_adjudication(filled, CYD, task, items[1])
    assert waiting(filled) == [items[1], items[2]]
    with pytest.raises(NotFound):
        take_back_adjudication(filled, CYD, task, items[1])


def test_an_adjudication_needs_a_reason(filled):
    task, items = labelled(filled)
    with pytest.raises(BadInput, match="Write why"):
        adjudicate(filled, CYD, task, items[1], GivenLabel("negative"), "  ")
    with pytest.raises(BadInput, match="'angry'"):
        adjudicate(filled, CYD, task, items[1], GivenLabel("angry"), "why")


def test_sides_are_drawn_and_stay(filled):
    labelled(filled)
    with filled.read() as connection:
        rows = fetch_pairs(connection, HOUSE).to_dict("records")
    for row in rows:
        assert sides(row) == sides(row)
        assert {side.name for side in sides(row)} == set(BOTH)
    drawn = [{**rows[1], "review_id": number} for number in range(40)]
    assert {sides(row)[0].name for row in drawn} == set(BOTH), "nobody is always A"
    assert joint_slices({"slices_a": ["plain", "local"], "slices_b": ["local", "sarcasm"]}, SLICES) == [
        "local", "sarcasm", "plain",
    ]  # fmt: skip


def test_a_second_look_confirms_or_changes_once_and_can_be_taken_back(filled):
    _, items = labelled(filled)
    assert look_again(filled, CYD, items[0], GivenLabel("positive"), "read once more")
    assert settled(filled)[items[0]] == ("positive", "adjudicated")
    assert not look_again(filled, BO, items[0], GivenLabel("neutral"), "me too")
    take_back_adjudication(filled, CYD, SECOND_LOOK, items[0])
    assert settled(filled)[items[0]] == ("negative", "agreed")
    with pytest.raises(NotFound):
        look_again(filled, CYD, items[2], GivenLabel("neutral"), "not settled yet")


def test_held_out_labels_are_out_of_reach_of_a_second_look(filled):
    ship(filled, {split: f"held {split}" for split in ("train", "validation", "test")})
    with filled.read() as connection:
        found = fetch_settled(connection, HOUSE)
    assert list(found["text"]) == ["held train"]
    with filled.read() as connection:
        rows = connection.execute(sa.select(t.reviews.c.platform_id, t.reviews.c.review_id))
        numbers_of = dict(rows.fetchall())
    for split in ("validation", "test"):
        with pytest.raises(NotFound):
            look_again(filled, CYD, numbers_of[split], GivenLabel("negative"), "the model says so")


def test_a_review_that_a_data_set_holds_out_is_left_alone_too(filled):
    _, items = labelled(filled)
    with filled.read() as connection:
        key = connection.execute(
            sa.select(t.reviews.c.text_sha256).where(t.reviews.c.review_id == items[0])
        ).scalar_one()
    row = {
        "data_set_id": "d", "review_key": "1", "business_id": "creamery", "source": "google", "text": "",
        "text_sha256": key, "split": "test", "label": "negative", "slices": [], "label_origin": "agreed",
    }  # fmt: skip
    with filled.write() as connection:
        connection.execute(sa.insert(training.data_set_reviews).values(row))
    assert items[0] not in settled(filled)


@pytest.mark.parametrize("role", [Role.CLIENT, Role.MANAGER])
def test_labels_are_for_those_who_label(filled, role):
    task, items = labelled(filled)
    scope = Scope("mia@x.example", role, frozenset({"creamery", "diner", "boutique"}))
    for attempt in (
        lambda: new_task(filled, scope, BOTH),
        lambda: give_label(filled, scope, task, "Ada", items[0], GivenLabel("neutral")),
        lambda: take_back_label(filled, scope, task, "Ada", items[0]),
        lambda: set_task_open(filled, scope, task, False),
        lambda: adjudicate(filled, scope, task, items[1], GivenLabel("neutral"), "why"),
        lambda: look_again(filled, scope, items[0], GivenLabel("neutral"), "why"),
    ):
        with pytest.raises(NotFound):
            attempt()
