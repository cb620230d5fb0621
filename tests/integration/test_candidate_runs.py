"""Measurements and previews as runs: resumed where they were stopped, out of the way of others, on record."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest

from peachdash.errors import BadInput, ModelUnavailable, NotFound, Superseded
from peachdash.jobs import candidate_runs
from peachdash.jobs.cancelling import cancel_candidate_run, is_worker_alive
from peachdash.jobs.candidate_runs import (
    MEASURE,
    PREVIEW,
    ask_measurement,
    ask_preview,
    execute_candidate_run,
    find_candidate_run,
    run_here,
)
from peachdash.jobs.handover import hand_over
from peachdash.jobs.inbox import serve_inbox
from peachdash.jobs.progress import describe_run
from peachdash.jobs.runs import RunFolder, list_runs, worker_lock
from peachdash.jobs.scoring import create_scoring_run
from peachdash.jobs.serving import ServeLock
from peachdash.jobs.supervisor import Supervisor
from peachdash.jobs.worker import Tools, next_run, take_run
from peachdash.queries.held_out import fetch_evaluation_history
from peachdash.queries.promotions import fetch_preview
from peachdash.records import Role, Scope
from peachdash.sentiment.active import find_model
from peachdash.sentiment.text import text_sha256s
from peachdash.storage import schema as t
from peachdash.workflows.model_costs import ModelCost, find_cost
from tests.integration.candidate_world import ANA, build_candidate_world
from tests.integration.conftest import add_reviews, reading, review_rows

COST = ModelCost(100.0, 200, 30.0, "cpu", "fp32", "x86", 1_400_000, 91_000_000, 600_000_000)


class WorldScorer:
    """Reads as the world says, one text a batch, and may die after some of them."""

    speed = None

    def __init__(self, world, die_after=None):
        self.world, self.die_after, self.read = world, die_after, []

    def score(self, texts, models, on_batch):
        for done, text in enumerate(texts, start=1):
            if self.die_after is not None and len(self.read) >= self.die_after:
                raise KeyboardInterrupt
            [model] = models
            number = self.world.texts.index(text) if text in self.world.texts else 0
            label = self.world._label(model.revision, number)
            self.read.append((text, model.revision))
            row = reading(text_sha256s([text])[0], model.revision, label, 0.97)
            on_batch(pa.Table.from_pylist([row]), done, len(texts))


@pytest.fixture
def world(database, home, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.scoring.PART_SECONDS", 0.0)
    monkeypatch.setattr(candidate_runs, "load_labelled", lambda *a: pd.DataFrame({"text": ["a"]}))
    monkeypatch.setattr(candidate_runs, "measure_reading", lambda *a: COST)
    return build_candidate_world(database, home)


def find(world):
    return lambda name: find_model(name, world.settings)


def finish(world, run) -> None:
    execute_candidate_run(run, WorldScorer(world), find(world), world.settings)
    run.set_state("done")
    Supervisor(world.database, world.settings)._take_output(run)


def history(world, revision) -> pd.DataFrame:
    with world.database.read() as connection:
        return fetch_evaluation_history(connection, ANA, revision)


def test_a_measurement_reads_what_all_three_lack_and_is_on_record(world):
    world.read(world.generic)
    run = ask_measurement(world.database, ANA, world.settings, world.candidate)
    assert run.input.to_pandas()["revision"].value_counts().to_dict() == {
        world.candidate: 120,
        world.champion: 120,
    }
    assert ask_measurement(world.database, ANA, world.settings, world.candidate).run_id == run.run_id
    finish(world, run)
    assert run.state == "stored"
    for revision in (world.candidate, world.champion, world.generic):
        record = history(world, revision)
        assert list(record["computed_by"].unique()) == ["ana"]
        assert "peach" in set(record["data_set"])
    assert find_cost(world.database, ANA, world.settings, world.candidate) == COST
    assert find_cost(world.database, ANA, world.settings, world.champion) == COST


def test_a_second_measurement_needs_a_reason_and_reads_again(world):
    finish(world, ask_measurement(world.database, ANA, world.settings, world.candidate))
    with pytest.raises(BadInput, match="a second time needs a reason"):
        ask_measurement(world.database, ANA, world.settings, world.candidate, "  ")
    world.wrong[world.candidate] = set(range(12))
    again = ask_measurement(world.database, ANA, world.settings, world.candidate, "a new machine")
    assert len(again.input) == 120
    assert again.request["costs"] == [world.candidate, world.champion], "both under the same conditions"
    finish(world, again)
    record = history(world, world.candidate)
    assert list(record.loc[record["data_set"] == "peach", "reason"]) == ["a new machine", ""]
    assert list(record.loc[record["data_set"] == "cost", "reason"]) == ["a new machine", ""]


def test_a_killed_run_goes_on_from_its_finished_parts(world):
    run = ask_measurement(world.database, ANA, world.settings, world.candidate)
    first = WorldScorer(world, die_after=150)
    with pytest.raises(KeyboardInterrupt):
        execute_candidate_run(run, first, find(world), world.settings)
    second = WorldScorer(world)
    execute_candidate_run(run, second, find(world), world.settings)
    assert len(second.read) <= 360 - 149
    assert {*first.read, *second.read} == {
        (text, revision)
        for text in world.texts
        for revision in (world.candidate, world.champion, world.generic)
    }
    dones = [event["done"] for event in run.events()]
    assert max(dones) == describe_run(run).total == 360


def test_it_gives_way_to_what_somebody_waits_for_and_goes_on(world):
    run = ask_preview(world.database, ANA, world.settings, world.candidate)
    urgent = create_scoring_run(
        world.settings.jobs, pd.DataFrame({"text_sha256": ["x"], "text": ["x"]}), [world.champion]
    )
    assert next_run(world.settings.jobs).run_id == urgent.run_id
    tools = Tools(WorldScorer(world), None)
    for _ in range(5):
        take_run(run, tools, world.settings, os.getppid())
        assert run.state == "queued", "it is neither failed nor given up"
    assert len(tools.scorer.read) == 5, "it read one part each time"
    urgent.set_state("stored")
    take_run(next_run(world.settings.jobs), tools, world.settings, os.getppid())
    assert run.state == "done"
    assert len(tools.scorer.read) == 240


def test_new_reviews_are_read_while_a_preview_waits(world):
    world.read_all()
    world.wrong["other"] = set()
    ask_preview(world.database, ANA, world.settings, world.candidate)
    with world.database.write() as connection:
        connection.execute(t.predictions.delete().where(t.predictions.c.revision == world.champion))
    supervisor = Supervisor(world.database, world.settings)
    supervisor.score_soon()
    supervisor._hand_out_unread()
    assert [run.request["kind"] for run in list_runs(world.settings.jobs)] == ["candidate", "score"]


def test_a_preview_counts_all_that_came_in_meanwhile_too(world):
    world.read(world.champion)
    run = ask_preview(world.database, ANA, world.settings, world.candidate)
    execute_candidate_run(run, WorldScorer(world), find(world), world.settings)
    late = review_rows([{"text": "late one", "business_id": "ash"}])
    add_reviews(world.database, "late", late)
    run.set_state("done")
    Supervisor(world.database, world.settings)._take_output(run)
    second = find_candidate_run(world.settings.jobs, PREVIEW, world.candidate)
    assert (run.state, second.state, len(second.input)) == ("stored", "queued", 2)
    finish(world, second)
    with world.database.read() as connection:
        found = fetch_preview(connection, ANA, world.candidate, world.champion)
    assert (found["changes"]["reviews"], found["made_by"]) == (121, "ana")
    assert found["changes"]["sentences"] == 0, "no sentence was cut yet"


def test_a_run_that_cannot_be_finished_fails_in_words_and_once(world):
    run = ask_measurement(world.database, ANA, world.settings, world.candidate)
    run.set_state("done")
    supervisor = Supervisor(world.database, world.settings)
    supervisor._take_output(run)
    assert run.state == "failed"
    assert "has not read all test reviews" in run.error
    assert find_candidate_run(world.settings.jobs, MEASURE, world.candidate).run_id == run.run_id
    again = ask_measurement(world.database, ANA, world.settings, world.candidate)
    assert again.run_id != run.run_id, "a failed run can be asked for again"


def cancel(world, run, scope=ANA) -> None:
    cancel_candidate_run(scope, world.settings, run.run_id)


def test_a_waiting_one_is_cancelled_at_once_and_can_be_asked_for_again(world):
    run = ask_preview(world.database, ANA, world.settings, world.candidate)
    cancel(world, run)
    assert (run.state, run.error) == ("cancelled", "Cancelled by ana.")
    assert next_run(world.settings.jobs) is None
    take_run(run, Tools(WorldScorer(world), None), world.settings, os.getppid())
    assert run.state == "cancelled", "a worker that had just taken it does not read either"
    with pytest.raises(NotFound, match="any more"):
        cancel(world, run)
    again = ask_preview(world.database, ANA, world.settings, world.candidate)
    assert (again.state, len(again.input)) == ("queued", 240)
    finish(world, again)


def test_a_running_one_stops_at_its_next_part_and_keeps_what_it_read(world):
    run = ask_measurement(world.database, ANA, world.settings, world.candidate)

    class Impatient(WorldScorer):
        def score(self, texts, models, on_batch):
            def counted(*batch):
                if len(self.read) == 50:
                    cancel(world, run)
                    assert run.state == "running", "the worker has still to see it"
                on_batch(*batch)

            super().score(texts, models, counted)

    with worker_lock(world.settings.jobs, wait=lambda: False) as ours:
        assert ours
        take_run(run, Tools(Impatient(world), None), world.settings, os.getppid())
    assert (run.state, run.error) == ("cancelled", "Cancelled by ana.")
    Supervisor(world.database, world.settings)._take_output(run)
    assert not (run.path / "input.parquet").exists()
    again = ask_measurement(world.database, ANA, world.settings, world.candidate)
    assert len(again.input) == 360 - 50
    finish(world, again)
    assert "peach" in set(history(world, world.candidate)["data_set"])


def test_costs_are_not_measured_of_one_that_was_cancelled(world):
    world.read_all()
    run = ask_measurement(world.database, ANA, world.settings, world.candidate)
    (run.path / "cancel").write_text("ben")
    take_run(run, Tools(WorldScorer(world), None), world.settings, os.getppid())
    assert (run.state, run.error) == ("cancelled", "Cancelled by ben.")
    assert find_cost(world.database, ANA, world.settings, world.candidate) is None


HOLDER = """
import sys, time
from pathlib import Path
from peachdash.jobs.runs import worker_lock
with worker_lock(Path(sys.argv[1]), wait=lambda: False):
    print("held", flush=True)
    time.sleep(600)
"""


def test_after_a_kill_nothing_counts_as_being_worked_on_and_a_cancel_takes_effect(world):
    run = ask_preview(world.database, ANA, world.settings, world.candidate)
    assert not is_worker_alive(world.settings.jobs)
    arguments = [sys.executable, "-c", HOLDER, str(world.settings.jobs)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout.readline() == "held\n"
        run.set_state("running")
        assert is_worker_alive(world.settings.jobs)
        worker.kill()
    assert not is_worker_alive(world.settings.jobs)
    assert next_run(world.settings.jobs).run_id == run.run_id, "the next worker would go on"
    cancel(world, run)
    assert run.state == "cancelled"
    assert next_run(world.settings.jobs) is None


def test_a_kill_between_the_cancel_and_the_stop_leaves_it_to_the_next_worker(world):
    run = ask_preview(world.database, ANA, world.settings, world.candidate)
    run.set_state("running")
    with worker_lock(world.settings.jobs, wait=lambda: False):
        cancel(world, run)
    assert run.state == "running"
    tools = Tools(WorldScorer(world), None)
    take_run(next_run(world.settings.jobs), tools, world.settings, os.getppid())
    assert (run.state, tools.scorer.read) == ("cancelled", [])


def test_only_analysts_cancel_and_only_candidates(world):
    run = ask_preview(world.database, ANA, world.settings, world.candidate)
    mia = Scope("mia", Role.MANAGER, frozenset({"ash"}))
    with pytest.raises(NotFound):
        cancel(world, run, mia)
    other = create_scoring_run(
        world.settings.jobs, pd.DataFrame({"text_sha256": ["x"], "text": ["x"]}), [world.champion]
    )
    with pytest.raises(NotFound):
        cancel(world, other)
    assert (run.state, other.state) == ("queued", "queued")


def test_a_command_does_the_same_in_its_own_process(world, monkeypatch):
    monkeypatch.setattr(candidate_runs, "make_scorer", lambda settings: WorldScorer(world))
    shown = []
    run = ask_measurement(world.database, ANA, world.settings, world.candidate)
    run_here(world.database, ANA, world.settings, run, shown.append)
    assert run.state == "stored"
    assert shown[-1].total == 360
    assert "peach" in set(history(world, world.candidate)["data_set"])


def test_who_and_what_is_refused(world):
    mia = Scope("mia", Role.MANAGER, frozenset({"ash"}))
    with pytest.raises(NotFound):
        ask_measurement(world.database, mia, world.settings, world.candidate)
    with pytest.raises(NotFound):
        ask_preview(world.database, mia, world.settings, world.candidate)
    with pytest.raises(ModelUnavailable):
        ask_measurement(world.database, ANA, world.settings, "small-000000000000")
    with pytest.raises(BadInput, match="champion already"):
        ask_preview(world.database, ANA, world.settings, world.champion)
    with pytest.raises(BadInput, match="fine-tuned one"):
        ask_preview(world.database, ANA, world.settings, world.generic)
    assert list_runs(world.settings.jobs) == []


def test_a_running_serve_answers_the_commands(world, monkeypatch):
    lock = ServeLock(world.settings)
    assert lock.acquire()

    def ask(action: str, **arguments: object) -> dict:
        request = {"kind": "candidates", "action": action, "arguments": arguments, "viewer": "ana"}
        return hand_over(world.settings, request, on_wait=lambda: serve_inbox(world.database, world.settings))

    try:
        run = RunFolder(world.settings.jobs / ask("measure", revision=world.candidate)["run"])
        finish(world, run)
        assert ask("measure", revision=world.candidate) == {"run": None}
        finish(world, RunFolder(world.settings.jobs / ask("preview", revision=world.candidate)["run"]))
        assert ask("preview", revision=world.candidate) == {"run": None}
        case = ask("case", revision=world.candidate)
        assert case["changes"]["flips"] == 30
        assert ask("list")["models"][0]["revision"] == world.champion
        done = ask("promote", revision=world.candidate, reason="why", expected=world.champion, confirmed=True)
        assert done == {"revision": world.candidate, "previous": world.champion}
        with pytest.raises(Superseded):
            ask("rollback", reason="why", expected=world.champion)
        assert ask("previous") == {"champion": world.candidate, "previous": world.champion}
        with pytest.raises(BadInput, match="same version"):
            ask("dance")
    finally:
        lock.release()
