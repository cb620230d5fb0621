"""Measuring a candidate, seeing what it would change, promoting it, and going back."""

from __future__ import annotations

import datetime as dt
import threading

import pandas as pd
import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, ModelUnavailable, NotFound, Superseded
from peachdash.queries.flips import fetch_band_changes, fetch_flipped_reviews
from peachdash.queries.held_out import fetch_evaluation_history
from peachdash.queries.held_out_sets import (
    count_learned,
    fetch_held_out_set,
    fetch_test_readings,
    fetch_test_texts,
)
from peachdash.queries.promotions import fetch_past_champions, fetch_preview, fetch_promotions
from peachdash.records import Role, Scope
from peachdash.sentiment.active import proposed_champions, read_champion_file
from peachdash.storage import schema as t
from peachdash.storage import schema_training as training
from peachdash.storage.promotions import StoredPromotion
from peachdash.workflows import promoting
from peachdash.workflows.candidates import (
    CANDIDATE,
    CHAMPION,
    GENERIC,
    find_stored_pairs,
    find_test_pairs,
    load_case,
    record_measurement,
)
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.models import record_models, settle_champion
from peachdash.workflows.promoting import (
    find_previous,
    make_preview,
    previous_champion,
    promote_candidate,
    roll_back,
)
from tests.integration.candidate_world import ANA, BEN, add_candidate, build_candidate_world, freeze
from tests.integration.conftest import MODELS, reading

MIA = Scope("mia", Role.MANAGER, frozenset({"ash"}))


@pytest.fixture
def world(database, home):
    return build_candidate_world(database, home)


def revisions(world) -> dict[str, str]:
    return {GENERIC: world.generic, CHAMPION: world.champion, CANDIDATE: world.candidate}


def measure(world, **more) -> None:
    record_measurement(world.database, ANA, world.settings, revisions(world), **more)


def case(world):
    return load_case(world.database, ANA, world.settings, world.candidate, world.champion, world.generic)


@pytest.fixture
def ready(world):
    """Read, measured and previewed."""
    world.read_all()
    measure(world)
    make_preview(world.database, ANA, world.settings, world.candidate, world.champion)
    return world


def promote(world, scope=ANA, *, reason="fewer peachy misread", expected=None, confirmed=True):
    return promote_candidate(
        world.database,
        scope,
        world.settings,
        world.candidate,
        reason,
        expected=expected or world.champion,
        confirmed=confirmed,
    )


def history(world) -> pd.DataFrame:
    with world.database.read() as connection:
        return fetch_promotions(connection, ANA)


def evaluations(world, revision) -> pd.DataFrame:
    with world.database.read() as connection:
        return fetch_evaluation_history(connection, ANA, revision)


def test_what_each_model_lacks_is_read_and_no_more(world):
    world.read(world.champion)
    world.read(world.generic, range(100))
    pairs = find_test_pairs(
        world.database, ANA, world.settings, world.candidate, (world.champion, world.generic)
    )
    assert pairs["revision"].value_counts().to_dict() == {world.candidate: 120, world.generic: 20}
    with world.database.read() as connection:
        held_out = fetch_held_out_set(connection, ANA)
        assert len(fetch_test_texts(connection, ANA, held_out)) == 120
    world.read(world.candidate)
    again = find_test_pairs(
        world.database, ANA, world.settings, world.candidate, (world.champion,), again=True
    )
    assert again["revision"].value_counts().to_dict() == {world.candidate: 120}


def test_without_test_reviews_there_is_nothing_to_measure_on(world):
    with world.database.write() as connection:
        connection.execute(t.gold_labels.delete())
    with pytest.raises(BadInput, match="no labelled test reviews"):
        find_test_pairs(world.database, ANA, world.settings, world.candidate, ())


def test_the_newest_data_set_is_what_candidates_are_measured_on(world):
    world.read_all()
    freeze(world, 1, 30)
    newest = freeze(world, 2, 45)
    with world.database.read() as connection:
        assert fetch_held_out_set(connection, ANA) == newest
        readings = fetch_test_readings(connection, ANA, newest, world.candidate)
        assert len(fetch_test_texts(connection, ANA, newest, world.champion)) == 0
    assert len(readings) == 45
    assert set(readings["business"]) == {"Ash", "Birch", "Cedar"}
    measure(world)
    assert list(evaluations(world, world.candidate)["data_set"]) == ["data set 2"]
    assert case(world).results[CANDIDATE].evaluation.n == 45


def test_test_reviews_that_a_candidate_learned_from_are_counted_through_what_it_continues(world):
    """Version 1 has review 30 in train; in version 2 it is a test review."""
    freeze(world, 1, 30)
    newest = freeze(world, 2, 45)
    runs = [("a", "set-1", "small-first", None), ("b", "set-2", world.candidate, "small-first")]
    with world.database.write() as connection:
        for run_id, data_set_id, revision, start in runs:
            connection.execute(
                sa.insert(training.training_runs).values(
                    run_id=run_id, data_set_id=data_set_id, size="small", start_revision=start, settings={},
                    code_version="1", note="", requested_by="ana", requested_utc=dt.datetime.now(dt.UTC),
                )
            )  # fmt: skip
            connection.execute(
                sa.insert(training.training_outcomes).values(
                    outcome_id=run_id, run_id=run_id, state="done", revision=revision, history=[], figures={},
                    seconds=1.0, message="", finished_utc=dt.datetime.now(dt.UTC),
                )
            )  # fmt: skip
    with world.database.read() as connection:
        assert count_learned(connection, ANA, newest, world.candidate) == 1
        assert count_learned(connection, ANA, newest, "small-first") == 1
        assert count_learned(connection, ANA, newest, world.champion) == 0
    assert case(world).learned == 1


def test_a_measurement_is_shown_again_and_repeated_only_for_a_reason(ready):
    measure(ready)
    assert len(evaluations(ready, ready.candidate)) == 1
    fresh = pd.DataFrame([reading(key, ready.candidate, "positive", 0.9) for key in _hashes(ready)])
    measure(ready, fresh=fresh, reason="another GPU")
    record = evaluations(ready, ready.candidate)
    assert list(record["reason"]) == ["another GPU", ""]
    assert len(evaluations(ready, ready.champion)) == 1, "only the candidate is measured again"
    figures = case(ready).results[CANDIDATE].evaluation
    assert figures.accuracy.value == pytest.approx(1 / 3), "the second reading counts, not the cached one"


def _hashes(world) -> list[str]:
    with world.database.read() as connection:
        return list(connection.execute(sa.select(t.reviews.c.text_sha256)).scalars())


def test_an_unread_candidate_has_no_figures_and_no_gate_is_green(world):
    world.read(world.champion)
    world.read(world.candidate, range(119))
    with pytest.raises(BadInput, match="has not read all test reviews"):
        measure(world)
    found = case(world)
    assert not found.is_measured
    assert {gate.state.value for gate in found.gates} == {"not measured"}


def test_the_case_of_a_better_candidate(ready):
    found = case(ready)
    comparison = found.comparisons[CHAMPION]
    assert (comparison.only_b_right, comparison.only_a_right, comparison.n) == (30, 0, 120)
    states = {gate.key: gate.state.value for gate in found.gates}
    assert states == {
        "better": "green",
        "slices": "green",
        "real_sets": "not measured",
        "calibration": "green",
    }
    assert set(found.businesses) == {"ash", "birch", "cedar"}
    assert found.businesses["ash"].value == pytest.approx(-10 / 40)


def test_what_would_change_is_counted_by_business_and_class(ready):
    with ready.database.read() as connection:
        preview = fetch_preview(connection, ANA, ready.candidate, ready.champion)
        flipped = fetch_flipped_reviews(connection, ANA, ready.champion, ready.candidate, business_id="ash")
        assert fetch_preview(connection, ANA, ready.candidate, "another") is None
    changes = preview["changes"]
    assert (changes["reviews"], changes["flips"], changes["human"]) == (120, 30, 0)
    assert {row["business_id"]: row["flips"] for row in changes["by_business"]} == {
        "ash": 10,
        "birch": 10,
        "cedar": 10,
    }
    assert sum(row["n"] for row in changes["by_class"]) == 30
    assert len(flipped) == 10
    assert set(zip(flipped["before"], flipped["after"], strict=True)) == {("neutral", "negative")}


def test_decisions_of_people_do_not_flip(ready):
    report_reading(ready.database, ANA, MODELS, 1, "positive")
    with ready.database.read() as connection:
        rows = fetch_band_changes(connection, ANA, ready.champion, ready.candidate)
    assert rows.loc[rows["human"].astype(bool), ["before", "after"]].values.tolist() == [["positive"] * 2]
    assert rows.loc[rows["before"] != rows["after"], "n"].sum() == 29


def test_a_preview_needs_all_stored_reviews_read(world):
    world.read(world.champion)
    world.read(world.candidate, range(100))
    pairs = find_stored_pairs(world.database, ANA, (world.candidate, world.generic))
    assert pairs["revision"].value_counts().to_dict() == {world.generic: 120, world.candidate: 20}
    with pytest.raises(BadInput, match="has not read 120 stored texts"):
        make_preview(world.database, ANA, world.settings, world.candidate, world.champion)


def test_a_promotion_switches_and_is_on_record_with_its_grounds(ready):
    switched = promote(ready)
    assert (switched.revision, switched.previous) == (ready.candidate, ready.champion)
    assert ready.active == ready.candidate
    rows = history(ready)
    assert list(rows["revision"]) == [ready.candidate, ready.champion]
    first = rows.iloc[0]
    assert (first["kind"], first["previous_revision"], first["promoted_by"]) == (
        "promotion",
        ready.champion,
        "ana",
    )
    assert [gate["key"] for gate in first["gates"]] == ["better", "slices", "real_sets", "calibration"]
    assert first["changes"]["flips"] == 30
    assert first["reason"] == "fewer peachy misread"
    assert rows.iloc[1]["kind"] is None
    assert proposed_champions(ready.settings.home) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"reason": "  "}, "needs a reason"),
        ({"reason": "x" * 501}, "500 characters"),
        ({"confirmed": False}, "Real reviews by others read no worse: not measured"),
    ],
)
def test_a_promotion_is_refused_in_words(ready, more, words):
    with pytest.raises(BadInput, match=words):
        promote(ready, **more)
    assert ready.active == ready.champion
    assert ready.promotions() == []


def test_a_promotion_without_a_preview_or_with_unread_reviews_is_refused(world):
    world.read_all()
    measure(world)
    with pytest.raises(BadInput, match="preview is not made"):
        promote(world)
    make_preview(world.database, ANA, world.settings, world.candidate, world.champion)
    with world.database.write() as connection:
        last = _hashes(world)[-1]
        connection.execute(
            t.predictions.delete().where(
                t.predictions.c.text_sha256 == last, t.predictions.c.revision == world.candidate
            )
        )
    with pytest.raises(BadInput, match="has not read 1 stored texts"):
        promote(world)


def test_generic_and_unknown_models_and_the_champion_itself_are_refused(ready):
    for revision, error, words in (
        (ready.generic, BadInput, "promote a fine-tuned one"),
        ("small-000000000000", ModelUnavailable, "no model"),
        (ready.champion, BadInput, "champion already"),
    ):
        with pytest.raises(error, match=words):
            promote_candidate(
                ready.database, ANA, ready.settings, revision, "why", expected=ready.champion, confirmed=True
            )
    assert ready.promotions() == []


def test_only_analysts_promote_and_go_back(ready):
    with pytest.raises(NotFound):
        promote(ready, MIA)
    with pytest.raises(NotFound):
        roll_back(ready.database, MIA, ready.settings, "why", expected=ready.champion)
    with pytest.raises(NotFound):
        make_preview(ready.database, MIA, ready.settings, ready.candidate, ready.champion)


def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(ready):
    """Both compared with the same champion; whoever comes second must not overwrite what they never saw."""
    other = add_candidate(ready.settings, 0.55).revision
    ready.wrong[other] = set()
    ready.read(other)
    make_preview(ready.database, BEN, ready.settings, other, ready.champion)
    outcomes: dict[str, object] = {}
    start = threading.Barrier(2)

    def try_it(scope, revision):
        start.wait()
        try:
            outcomes[scope.viewer] = promote_candidate(
                ready.database,
                scope,
                ready.settings,
                revision,
                "mine is better",
                expected=ready.champion,
                confirmed=True,
            )
        except Superseded as error:
            outcomes[scope.viewer] = error

    threads = [threading.Thread(target=try_it, args=pair) for pair in ((ANA, ready.candidate), (BEN, other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [(who, error) for who, error in outcomes.items() if isinstance(error, Superseded)]
    assert len(refused) == 1
    winner = ({"ana", "ben"} - {refused[0][0]}).pop()
    won = {"ana": ready.candidate, "ben": other}[winner]
    assert ready.active == won
    assert [revision for revision, _ in ready.promotions()] == [ready.champion, won]
    message = str(refused[0][1])
    assert message.startswith(f"{won} became the champion meanwhile, in place of {ready.champion}: {winner}")
    assert "\n" not in message


class Killed(BaseException):
    """A process that ends here and now."""


def kill(*_: object, **__: object) -> None:
    raise Killed


def test_killed_before_the_record_nothing_has_changed(ready, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(promoting, "append_grounds", kill)
        with pytest.raises(Killed):
            promote(ready)
    assert len(proposed_champions(ready.settings.home)) == 1
    assert (ready.active, ready.promotions()) == (ready.champion, [])
    settle_champion(ready.database, ANA, ready.settings)
    assert proposed_champions(ready.settings.home) == []
    assert (ready.active, read_champion_file(ready.settings.home)) == (ready.champion, None)


def test_killed_after_the_record_the_switch_is_finished_at_the_next_start(ready, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(promoting, "confirm_champion", kill)
        with pytest.raises(Killed):
            promote(ready)
    assert ready.active == ready.champion, "the file does not count yet"
    record_models(ready.database, ANA, ready.settings)
    assert ready.active == ready.candidate
    assert [revision for revision, _ in ready.promotions()] == [ready.champion, ready.candidate]


def test_an_unfinished_switch_counts_for_whoever_promotes_next(ready, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(promoting, "confirm_champion", kill)
        with pytest.raises(Killed):
            promote(ready)
    with pytest.raises(Superseded, match=ready.candidate):
        promote(ready, BEN)
    assert ready.active == ready.candidate


def test_a_failing_write_leaves_no_proposal(ready, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(promoting, "append_grounds", fail)
    with pytest.raises(RuntimeError):
        promote(ready)
    assert proposed_champions(ready.settings.home) == []
    assert ready.promotions() == []


def test_back_to_the_champion_before_and_on_record(ready):
    with pytest.raises(BadInput, match="no earlier champion"):
        roll_back(ready.database, ANA, ready.settings, "why", expected=ready.champion)
    promote(ready)
    switched = roll_back(ready.database, BEN, ready.settings, "too many undecided", expected=ready.candidate)
    assert (switched.revision, switched.previous) == (ready.champion, ready.candidate)
    assert ready.active == ready.champion
    last = history(ready).iloc[0]
    assert (last["kind"], last["promoted_by"], last["changes"]["flips"]) == ("rollback", "ben", 30)
    assert find_previous(ready.database, ANA, ready.champion) is None, "there is nothing before the first"
    with ready.database.read() as connection:
        past = fetch_past_champions(connection, ANA, ready.champion)
    assert past[["revision", "unread"]].values.tolist() == [[ready.candidate, 0]]


def test_a_rollback_after_somebody_else_promoted_is_refused(ready):
    promote(ready)
    with pytest.raises(Superseded):
        roll_back(ready.database, BEN, ready.settings, "why", expected=ready.champion)
    assert ready.active == ready.candidate


def stored(*rows: tuple[str, str | None]) -> list[StoredPromotion]:
    return [StoredPromotion(str(n), revision, "ana", None, kind) for n, (revision, kind) in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "champion", "expected"),
    [
        ([], "a", None),
        ([("a", None)], "a", None),
        ([("a", None), ("b", "promotion")], "b", "a"),
        ([("a", None), ("b", "promotion"), ("a", "rollback")], "a", None),
        ([("a", None), ("b", "promotion"), ("c", "promotion"), ("b", "rollback")], "b", "a"),
        ([("a", None), ("b", "promotion"), ("a", "rollback"), ("c", "promotion")], "c", "a"),
        ([("a", None), ("b", "promotion"), ("a", "promotion")], "a", "b"),
        ([("a", None), ("b", "promotion")], "by hand", "b"),
    ],
)
def test_the_champion_before(rows, champion, expected):
    assert previous_champion(stored(*rows), champion) == expected
