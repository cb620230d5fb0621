"""Trainings: refused before they start, worked on, cancelled, resumed, stored once; and killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, ModelUnavailable, NotFound
from peachdash.jobs import training
from peachdash.jobs.runs import read_json
from peachdash.jobs.trainer import starts_in_vain, take_training
from peachdash.queries.data_sets import fetch_training_run, fetch_training_runs
from peachdash.sentiment.active import find_model
from peachdash.sentiment.adapter import read_manifest
from peachdash.storage import schema as t
from peachdash.storage.database import open_database
from peachdash.workflows.trainings import TrainingRequest, request_training
from tests.integration.conftest import CREAMERY_ONLY
from tests.integration.training_world import (
    ADA,
    add_data_set,
    data_set_rows,
    environment,
    quick,
    work,
)

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny", "tests.integration.training_world"]


def ask(database, settings, **changes) -> str:
    request = TrainingRequest(None, "generic-small", quick(**changes), "a try")
    return request_training(database, ADA, settings, request)[0]


def row_of(database, run_id):
    with database.read() as connection:
        return fetch_training_run(connection, ADA, run_id)


def test_a_training_gives_a_registered_model_with_all_that_made_it(world, settings):
    run_id = ask(world, settings)
    assert row_of(world, run_id)["state"] is None
    work(world, settings)
    row = row_of(world, run_id)
    assert (row["state"], row["message"], row["size"]) == ("done", "", "small")
    assert row["settings"]["learning_rate"] == 2e-3
    assert row["settings"]["lora_alpha"] == 16
    assert row["code_version"].startswith("0.")
    assert [event["epoch"] for event in row["history"]] == [1, 2, 3]
    assert row["figures"]["n"] == 24
    folder = settings.trained / row["revision"]
    assert find_model(row["revision"], settings).folder == folder
    manifest = read_manifest(folder)
    assert manifest.role == "champion"
    assert manifest.training["start"] == row["start_revision"]
    assert [use["n"] for use in manifest.training["data"]] == [60, 24]
    assert "data set 1" in (folder / "README.md").read_text()
    with world.read() as connection:
        known = connection.execute(sa.select(t.revisions.c.revision)).scalars().all()
        actions = connection.execute(sa.select(t.audit_log.c.action)).scalars().all()
    assert row["revision"] in known
    assert {"train", "train_end"} <= set(actions)
    run = training.open_run(settings, run_id)
    assert not (run.path / training.CHECKPOINT).exists()
    assert not (run.path / "input.parquet").exists()


def test_test_reviews_never_reach_a_training(world, settings):
    ask(world, settings)
    (run,) = training.hand_out(world, ADA, settings)
    assert set(run.input.to_pandas()["split"]) == {"train", "validation"}


def test_an_outcome_is_stored_once_however_often_it_is_taken(world, settings):
    run_id = ask(world, settings, epochs=1)
    work(world, settings)
    training.open_run(settings, run_id).set_state("done")  # a crash between commit and state
    training.take_finished(world, ADA, settings)
    with world.read() as connection:
        rows = connection.execute(sa.text("select count(*) from training_outcomes")).scalar_one()
    assert rows == 1


def test_a_waiting_training_is_cancelled_at_once_and_can_be_resumed(world, settings):
    run_id = ask(world, settings, epochs=1)
    training.hand_out(world, ADA, settings)
    training.cancel(world, ADA, settings, run_id)
    training.take_finished(world, ADA, settings)
    row = row_of(world, run_id)
    assert (row["state"], row["message"]) == ("cancelled", "Cancelled by ada before it began.")
    work(world, settings)
    assert row_of(world, run_id)["state"] == "cancelled"
    training.resume(world, ADA, settings, run_id)
    work(world, settings)
    assert row_of(world, run_id)["state"] == "done"
    with pytest.raises(BadInput, match="Nothing is left"):
        training.resume(world, ADA, settings, run_id)


def test_a_running_training_stops_after_its_next_steps_and_goes_on(world, settings, monkeypatch):
    monkeypatch.setattr("peachdash.sentiment.training_loop.REPORT_SECONDS", 0.0)
    run_id = ask(world, settings)
    (run,) = training.hand_out(world, ADA, settings)
    calls = []

    def cancel_at_twenty() -> None:
        calls.append(1)
        if len(calls) == 20:
            (run.path / training.CANCEL).write_text("ada")

    take_training(run, settings, cancel_at_twenty)
    training.take_finished(world, ADA, settings)
    assert len(calls) == 20
    row = row_of(world, run_id)
    assert row["state"] == "cancelled"
    assert "can be resumed" in row["message"]
    assert [event["epoch"] for event in row["history"]] == [1]
    training.resume(world, ADA, settings, run_id)
    work(world, settings)
    assert row_of(world, run_id)["state"] == "done"
    steps = [event["step"] for event in run.events() if event["event"] == "step"]
    assert steps == list(range(1, 46)), "it went on where it had stopped, and did not begin anew"


def test_what_cannot_be_trained_is_refused_in_words_and_not_on_record(world, settings):
    def refused(words, error=BadInput, start="generic-small", data_set=None, **changes):
        with pytest.raises(error, match=words):
            request_training(world, ADA, settings, TrainingRequest(data_set, start, quick(**changes)))

    refused(r"learning_rate must lie above 0 and at most at 0\.1", learning_rate=10)
    refused("choose 8 or more", lora_rank=2)
    refused("do not know warp", warp=9)
    refused("There is no model 'champion-huge'", ModelUnavailable, "champion-huge")
    refused("There is no encoder 'huge'", ModelUnavailable, "encoder-huge")
    refused("no adapter to go on with", start="lexicon")
    refused("no hub model", start="hub:../../etc")
    refused("There is no data set 9", NotFound, data_set=9)
    rows = data_set_rows()
    add_data_set(world, rows.assign(label="positive"))
    refused("0 negative and 0 neutral: each of the three classes needs at least 5", data_set=2)
    add_data_set(world, rows.iloc[:10])
    refused("10 train reviews, and a training needs at least 50", data_set=3)
    add_data_set(world, rows.assign(label=rows["label"].mask(rows["label"] == "neutral", "meh")))
    refused("Labels must be negative, neutral, positive; the data set holds meh", data_set=4)
    add_data_set(world, rows[rows["split"] != "validation"])
    refused("0 validation reviews", data_set=5)
    with world.read() as connection:
        assert fetch_training_runs(connection, ADA).empty
    with pytest.raises(NotFound):
        request_training(world, CREAMERY_ONLY, settings, TrainingRequest())


def test_without_a_data_set_it_is_said_how_to_get_one(database, settings):
    with pytest.raises(NotFound, match="peachdash dataset freeze"):
        request_training(database, ADA, settings, TrainingRequest())


def test_a_diverging_training_ends_so(world, settings, monkeypatch):
    from peachdash.sentiment.training_step import TrainingStep

    monkeypatch.setattr(
        TrainingStep, "take", lambda self, examples, rows: __import__("torch").tensor(float("nan"))
    )
    run_id = ask(world, settings)
    work(world, settings)
    row = row_of(world, run_id)
    assert row["state"] == "diverged"
    assert "diverged and was stopped; try a learning rate below 0.002" in row["message"]
    assert row["revision"] is None


def test_a_training_whose_process_keeps_dying_is_given_up(world, settings):
    run_id = ask(world, settings)
    (run,) = training.hand_out(world, ADA, settings)
    for _ in range(3):
        run.append_event(event="started")
        run.append_event(event="stage", words="reading general text")
    assert starts_in_vain(run) == 3
    work(world, settings)
    assert "died 3 times" in row_of(world, run_id)["message"]


def test_nothing_runs_that_no_process_works_on(world, settings):
    """A state file that says `running` is believed only while a process holds the lock."""
    run_id = ask(world, settings)
    (run,) = training.hand_out(world, ADA, settings)
    run.set_state("running")
    (settings.trainings / training.HOLDER_FILE).write_text(json.dumps({"run_id": run_id}))
    assert training.running_id(settings) is None
    with training.trainer_lock(settings) as ours:
        assert ours
        assert training.running_id(settings) == run_id
        with training.trainer_lock(settings) as again:
            assert not again


def test_a_start_that_is_gone_fails_its_training_in_words(world, settings, tmp_path):
    run_id = ask(world, settings)
    elsewhere = settings.model_copy(update={"models": tmp_path / "nothing"})
    training.hand_out(world, ADA, elsewhere)
    row = row_of(world, run_id)
    assert row["state"] == "failed"
    assert "There is no model" in row["message"]


@pytest.mark.parametrize("lost", ["result", "model"])
def test_an_outcome_that_lost_its_files_fails_in_words_and_blocks_no_other(world, settings, lost):
    run_id = ask(world, settings, epochs=1)
    training.hand_out(world, ADA, settings)
    (run,) = training.training_runs(settings)
    take_training(run, settings)
    assert run.state == "done"
    if lost == "result":
        (run.path / training.RESULT).write_text("{")
    else:
        shutil.rmtree(settings.trained)
    training.take_finished(world, ADA, settings)
    row = row_of(world, run_id)
    assert (row["state"], row["revision"]) == ("failed", None)
    assert ("no result" if lost == "result" else "no model folder") in row["message"]
    assert run.state == "stored"


SERVE = """
import time
from peachdash.jobs.service import get_service
service = get_service()
while True:
    print(service.supervisor.trainings.trainer_pid or 0, flush=True)
    time.sleep(0.05)
"""


def start_app(settings, log: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env={**os.environ, **environment(settings)},
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )


def wait_for(what, seconds: float = 120.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def test_a_killed_app_and_trainer_end_as_if_undisturbed(settings, tmp_path):
    """kill -9 of both in the middle; the restarted app goes on, within 1e-4 of an undisturbed run."""
    database = open_database(settings.database)
    add_data_set(database, data_set_rows())
    killed, whole = (ask(database, settings, epochs=8, batch_size=2) for _ in range(2))
    database.close()
    app = start_app(settings, tmp_path / "first.log")
    run = wait_for(lambda: training.open_run(settings, killed))
    wait_for(lambda: sum(event["event"] == "epoch" for event in run.events()) >= 2)
    pid = int(read_json(settings.trainings / training.HOLDER_FILE)["pid"])
    assert training.running_id(settings) == killed
    app.kill()
    os.kill(pid, signal.SIGKILL)
    app.wait()
    wait_for(lambda: training.running_id(settings) is None)
    assert run.state == "running", "the file still says so, but nothing believes it"
    app = start_app(settings, tmp_path / "second.log")
    try:
        other = wait_for(lambda: training.open_run(settings, whole))
        wait_for(lambda: run.state == "stored" and other.state == "stored")
    finally:
        app.terminate()
        app.wait(timeout=30)
    database = open_database(settings.database)
    rows = [row_of(database, run_id) for run_id in (killed, whole)]
    database.close()
    assert [row["state"] for row in rows] == ["done", "done"]
    starts = [sum(event["event"] == "started" for event in found.events()) for found in (run, other)]
    assert starts == [2, 1]
    first, second = ([event["validation_loss"] for event in row["history"]] for row in rows)
    assert len(first) == len(second) == 8
    assert first == pytest.approx(second, abs=1e-4)
    assert rows[0]["revision"] == rows[1]["revision"], "the same weights to the last bit"
