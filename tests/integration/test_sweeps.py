"""Sweeps: one training after the other until the budget is spent, across restarts."""

from __future__ import annotations

import pytest

from peachdash.errors import BadInput, NotFound
from peachdash.jobs import sweeping, training
from peachdash.queries.data_sets import fetch_sweeps
from peachdash.sentiment.sweep_space import SweepSpace, parse_axis
from peachdash.workflows.sweeps import describe_sweep, end_sweep, request_sweep
from peachdash.workflows.trainings import TrainingRequest
from tests.integration.conftest import CREAMERY_ONLY
from tests.integration.training_world import ADA, quick, work

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny", "tests.integration.training_world"]


def ask(database, settings, sampler="grid", runs=12, minutes=None, **axes: str) -> str:
    space = SweepSpace({n: parse_axis(words) for n, words in axes.items()}, sampler, runs, minutes)
    changes = {name: value for name, value in quick(epochs=1).items() if name not in axes}
    return request_sweep(database, ADA, settings, TrainingRequest(None, "generic-small", changes), space)


def drive(database, settings, sweep_id: str, most: int = 20) -> None:
    """Rounds of the supervisor, each of which knows only what is on record."""
    for _ in range(most):
        if describe_sweep(database, ADA, sweep_id).over:
            return
        sweeping.advance(database, ADA, settings)
        work(database, settings)
    raise AssertionError("the sweep does not end")


def test_a_grid_tries_every_combination_once(world, settings):
    sweep_id = ask(world, settings, learning_rate="1e-3,5e-3", batch_size="8,16")
    drive(world, settings, sweep_id)
    state = describe_sweep(world, ADA, sweep_id)
    assert state.over == "all 4 runs are done"
    tried = [(row["learning_rate"], row["batch_size"]) for row in state.members["settings"]]
    assert tried == [(1e-3, 8), (1e-3, 16), (5e-3, 8), (5e-3, 16)]
    assert (state.members["state"] == "done").all()
    assert state.members["revision"].nunique() == 4
    assert state.minutes > 0
    assert sweeping.advance(world, ADA, settings) == []


def test_only_one_training_of_a_sweep_is_under_way(world, settings):
    ask(world, settings, batch_size="8,16")
    assert len(sweeping.advance(world, ADA, settings)) == 1
    assert sweeping.advance(world, ADA, settings) == []


def test_optuna_looks_in_ranges_within_its_budget(world, settings):
    sweep_id = ask(world, settings, "tpe", 3, learning_rate="1e-3:1e-2:log", lora_rank="8:10")
    drive(world, settings, sweep_id)
    state = describe_sweep(world, ADA, sweep_id)
    assert len(state.members) == 3
    for chosen in state.members["settings"]:
        assert 1e-3 <= chosen["learning_rate"] <= 1e-2
        assert chosen["lora_rank"] in (8, 9, 10)
        assert chosen["lora_alpha"] == 2 * chosen["lora_rank"]


def test_a_budget_of_minutes_ends_it(world, settings):
    sweep_id = ask(world, settings, minutes=0.0001, batch_size="8,16,32")
    drive(world, settings, sweep_id)
    state = describe_sweep(world, ADA, sweep_id)
    assert len(state.members) == 1
    assert state.over == "its budget of 0.0001 minutes is spent"


def test_a_member_that_comes_to_nothing_does_not_stop_the_others(world, settings):
    sweep_id = ask(world, settings, batch_size="8,16")
    (run_id,) = sweeping.advance(world, ADA, settings)
    training.cancel(world, ADA, settings, run_id)
    drive(world, settings, sweep_id)
    assert describe_sweep(world, ADA, sweep_id).members["state"].tolist() == ["cancelled", "done"]


def test_a_sweep_can_be_ended(world, settings):
    sweep_id = ask(world, settings, batch_size="8,16")
    end_sweep(world, ADA, sweep_id)
    assert describe_sweep(world, ADA, sweep_id).over == "ended by ada"
    assert sweeping.advance(world, ADA, settings) == []


def test_a_sweep_whose_start_is_gone_ends_in_words(world, settings, tmp_path):
    sweep_id = ask(world, settings, batch_size="8,16")
    elsewhere = settings.model_copy(update={"models": tmp_path / "nothing"})
    assert sweeping.advance(world, ADA, elsewhere) == []
    assert "There is no model" in describe_sweep(world, ADA, sweep_id).over


def test_what_cannot_be_swept_is_not_on_record(world, settings):
    with pytest.raises(BadInput, match="learning_rate must lie above 0"):
        ask(world, settings, learning_rate="1e-3,10")
    with pytest.raises(BadInput, match="choose 8 or more"):
        ask(world, settings, lora_rank="2,8")
    with world.read() as connection:
        assert fetch_sweeps(connection, ADA).empty
    with pytest.raises(NotFound):
        describe_sweep(world, CREAMERY_ONLY, "any")
