"""Nobody learns what the other annotator said before both are in: asked as an adversary would.

Two databases differ in one thing: what Bo said of reviews that Ana has still to label, or could still
change her mind on. Everything that anybody can ask must be answered the same in both.
"""

from __future__ import annotations

import json
import re
import shutil

import pytest

from peachdash.errors import BadInput, NotFound
from peachdash.labelling.label_csv import flat_frame
from peachdash.labelling.label_studio import to_tasks
from peachdash.queries.label_checks import fetch_settled
from peachdash.queries.label_exports import fetch_label_items, fetch_label_readings, fetch_label_rows
from peachdash.queries.label_pairs import fetch_pairs
from peachdash.queries.label_pools import count_pools
from peachdash.queries.labelling import fetch_label_work, fetch_own_labels, fetch_tasks
from peachdash.queries.people import AuditSearch, fetch_audit
from peachdash.records import Role, Scope
from peachdash.storage.database import open_database
from peachdash.storage.labelling import GivenLabel
from peachdash.workflows.adjudicating import adjudicate, look_again, take_back_adjudication
from peachdash.workflows.label_exchange import export_labels, perform_label_request
from peachdash.workflows.label_import import import_labels
from peachdash.workflows.labelling import give_label, set_task_open, take_back_label
from tests.integration.conftest import MODELS
from tests.integration.isolation_world import described
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
)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")
ASKING = {"ana": ANA, "bo": BO, "cyd": CYD, "machine": MACHINE}


def begin(database) -> tuple[str, dict[str, str]]:
    """People, and a task of four reviews for Ana and Bo."""
    more_reviews(database)
    people = add_people(database)
    return new_task(database, CYD, [people["ana"], people["bo"]]), people


def go_on(database, task_id: str, people: dict[str, str], of_bo: str) -> None:
    """Bo has labelled all four reviews; Ana two, and the second of hers still waits as a draft.

    Of the first review both are in, and alike in both databases; of the others Bo said `of_bo`.
    """
    hard = GivenLabel(of_bo, ("sarcasm",), of_bo == "negative", "cold" if of_bo == "negative" else "")
    label_all(database, BO, task_id, people["bo"], ["positive", hard, hard, hard])
    label_all(database, ANA, task_id, people["ana"], ["neutral", "positive"])


def everything(database, scope: Scope, task_id: str, people: dict[str, str]) -> dict[str, object]:
    """All that a viewer can ask about labels, as plain values."""
    with database.read() as connection:
        asked: dict[str, object] = {
            "tasks": fetch_tasks(connection, scope),
            "pairs": fetch_pairs(connection, scope),
            "settled": fetch_settled(connection, scope),
            "rows": fetch_label_rows(connection, scope),
            "items": fetch_label_items(connection, scope),
            "readings": fetch_label_readings(connection, scope, MODELS.champion),
            "pools": count_pools(connection, scope, MODELS, ["peachy"]),
        }
        for name, annotator in people.items():
            for query in (fetch_label_work, fetch_own_labels):
                try:
                    answer = query(connection, scope, task_id, annotator)
                except NotFound as error:
                    answer = str(error)
                asked[f"{query.__name__} {name}"] = answer
        if scope.may_manage_people:
            log = fetch_audit(connection, scope, AuditSearch(), limit=500)
            asked["audit"] = log[log["action"].isin(["label", "take_back_label"])].drop(columns="at_utc")
    found = export_labels(database, scope, MODELS, readings=True)
    asked["csv"] = flat_frame(found.rows).drop(columns="at_utc")
    asked["json"] = json.dumps(to_tasks(found.items, found.rows, found.readings))
    return asked


@pytest.fixture(scope="module")
def worlds(tmp_path_factory, filled_file):
    """The two databases."""
    folder, made = tmp_path_factory.mktemp("blind"), {}
    shutil.copy(filled_file, folder / "begun.duckdb")
    begun = open_database(f"duckdb:///{folder / 'begun.duckdb'}")
    task_id, people = begin(begun)
    begun.close()
    for of_bo in ("negative", "positive"):
        shutil.copy(folder / "begun.duckdb", folder / f"{of_bo}.duckdb")
        database = open_database(f"duckdb:///{folder / of_bo}.duckdb")
        go_on(database, task_id, people, of_bo)
        made[of_bo] = (database, task_id, people, numbers(database, task_id))
    yield made
    for world in made.values():
        world[0].close()


@pytest.mark.parametrize("who", ["ana", "cyd", "machine"])
def test_nothing_depends_on_what_the_other_has_said(worlds, who):
    seen = []
    for database, task_id, people, _ in worlds.values():
        answer = described(everything(database, ASKING[who], task_id, people))
        seen.append(MOMENT.sub("<moment>", repr(answer)))
    assert seen[0] == seen[1]


def test_the_same_questions_by_the_author_do_differ(worlds):
    """So the test above would notice a leak."""
    seen = [
        described(everything(database, BO, task_id, people)["fetch_own_labels bo"])
        for database, task_id, people, _ in worlds.values()
    ]
    assert seen[0] != seen[1]


def test_pairs_hold_reviews_that_both_gave_for_good_and_no_others(worlds):
    database, _, _, items = worlds["negative"]
    with database.read() as connection:
        assert list(fetch_pairs(connection, ANA)["review_id"]) == [items[0]]


def test_settled_labels_of_the_training_side_are_as_blind(worlds):
    queries = pytest.importorskip("peachdash.queries.settled_labels")
    for database, _, _, items in worlds.values():
        with database.read() as connection:
            assert not set(queries.fetch_settled_labels(connection, ANA)["review_id"]) & set(items[1:])


@pytest.fixture
def told(filled):
    task_id, people = begin(filled)
    go_on(filled, task_id, people, "negative")
    return filled, task_id, people, numbers(filled, task_id)


def test_a_label_that_can_be_seen_through_cannot_be_taken_back(told):
    """Label, look at the disagreement, take back, label alike: the way is barred."""
    database, task_id, people, items = told
    take_back_label(database, ANA, task_id, people["ana"], items[1])
    give_label(database, ANA, task_id, people["ana"], items[1], GivenLabel("neutral"))
    with pytest.raises(BadInput, match="Both annotators"):
        take_back_label(database, ANA, task_id, people["ana"], items[0])
    give_label(database, ANA, task_id, people["ana"], items[2], GivenLabel("neutral"))
    with pytest.raises(BadInput, match="Both annotators"):
        take_back_label(database, ANA, task_id, people["ana"], items[1])
    with database.read() as connection:
        assert set(fetch_pairs(connection, ANA)["review_id"]) == set(items[:2])


def test_taking_the_draft_back_does_not_reopen_the_one_before(told):
    database, task_id, people, items = told
    take_back_label(database, ANA, task_id, people["ana"], items[1])
    with pytest.raises(BadInput, match="Both annotators"):
        take_back_label(database, ANA, task_id, people["ana"], items[0])
    with database.read() as connection:
        assert list(fetch_pairs(connection, ANA)["review_id"]) == [items[0]]


def test_a_label_alone_can_be_taken_back_and_given_anew(told):
    database, _, people, _ = told
    other = new_task(database, CYD, [people["ana"], people["bo"]])
    review = numbers(database, other)
    label_all(database, ANA, other, people["ana"], ["positive"] * 4)
    take_back_label(database, ANA, other, people["ana"], review[1])
    with database.read() as connection:
        work = fetch_label_work(connection, ANA, other, people["ana"])
    assert list(work["review_id"]) == [review[1]]
    give_label(database, ANA, other, people["ana"], review[1], GivenLabel("negative"))
    label_all(database, BO, other, people["bo"], ["positive"] * 4)
    with database.read() as connection:
        pairs = fetch_pairs(connection, CYD, other)
    assert (pairs["label_a"] != pairs["label_b"]).sum() == 1


def test_closing_and_reopening_gives_drafts_for_good(told):
    database, task_id, people, items = told
    set_task_open(database, ANA, task_id, False)
    set_task_open(database, ANA, task_id, True)
    with pytest.raises(BadInput, match="Both annotators"):
        take_back_label(database, ANA, task_id, people["ana"], items[1])


def test_nobody_labels_as_somebody_else(told):
    database, task_id, people, items = told
    for scope in (BO, CYD, MACHINE, Scope("mia@x.example", Role.ADMIN, None)):
        with pytest.raises(NotFound):
            give_label(database, scope, task_id, people["ana"], items[3], GivenLabel("neutral"))
        with pytest.raises(NotFound):
            take_back_label(database, scope, task_id, people["ana"], items[1])
        with database.read() as connection, pytest.raises(NotFound):
            fetch_own_labels(connection, scope, task_id, people["ana"])
    manager = Scope("ana@house.example", Role.MANAGER, frozenset({"creamery"}))
    with pytest.raises(NotFound):
        give_label(database, manager, task_id, people["ana"], items[3], GivenLabel("neutral"))


def test_a_deactivated_role_or_a_guess_gets_the_words_of_nothing(told):
    database, task_id, people, _ = told
    messages = set()
    for task, annotator in ((task_id, people["bo"]), ("none", people["ana"]), (task_id, "nobody")):
        with database.read() as connection, pytest.raises(NotFound) as refused:
            fetch_label_work(connection, ANA, task, annotator)
        messages.add(str(refused.value))
    assert len(messages) == 1


def test_adjudicating_does_not_tell_whether_the_other_is_in(told):
    """A review that Bo has labelled and Ana has not is refused like one that nobody has labelled."""
    database, task_id, people, items = told
    other = new_task(database, CYD, [people["ana"], people["bo"]])
    messages = set()
    for task, review in ((task_id, items[1]), (task_id, items[3]), (other, numbers(database, other)[0])):
        with pytest.raises(NotFound) as refused:
            adjudicate(database, ANA, task, review, GivenLabel("neutral"), "because")
        messages.add(str(refused.value))
    for review in items[1:]:
        with pytest.raises(NotFound):
            look_again(database, ANA, review, GivenLabel("neutral"), "because")
        with pytest.raises(NotFound):
            take_back_adjudication(database, ANA, task_id, review)
    assert len(messages) == 1


def test_importing_guesses_tells_nothing(told):
    """A file that claims what Bo said gets the same answer, whatever it claims."""
    database, task_id, _, items = told
    answers = set()
    with database.read() as connection:
        texts = fetch_label_items(connection, ANA, task_id).set_index("review_id")["text"]
    for guess in ("negative", "neutral", "positive"):
        rows = [f"{items[3]},{texts[str(items[3])]},{who},{guess}" for who in ("bo@house.example", "x")]
        content = "\n".join(
            ["review_id,text,annotator,label", *[row.replace(", just", " just") for row in rows]]
        )
        result = import_labels(database, ANA, content.encode(), "guess.csv")
        answers.add(json.dumps({**result, "tasks": len(result["tasks"])}))
    assert len(answers) == 1
    assert json.loads(answers.pop())["accepted"] == 0


def test_the_command_is_as_blind(told):
    database, _, _, items = told
    found = perform_label_request(database, HOUSE, MODELS, "export", {"readings": True})
    assert {row["review_id"] for row in found["rows"]} == {str(items[0])}
    assert {row["review_id"] for row in found["readings"]} <= {str(items[0])}
    assert len(found["items"]) == 4


def test_a_test_that_forgot_the_second_label_would_fail(worlds, monkeypatch):
    """Were single labels shown, the comparison of both worlds would differ."""
    import peachdash.queries.label_pairs as pairs

    leaked = []
    for database, _, _, _ in worlds.values():
        with database.read() as connection:
            table = pairs.given()
            rows = connection.execute(table.select()).mappings().fetchall()
            leaked.append(sorted(str(row["label"]) for row in rows))
    assert leaked[0] != leaked[1]
