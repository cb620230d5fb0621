"""Run folders, the resident worker and the supervisor: nothing finished is lost, nothing is there twice."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed
from peachdash.jobs.handover import hand_over
from peachdash.jobs.inbox import list_waiting, serve_inbox
from peachdash.jobs.local import take_leftovers
from peachdash.jobs.progress import find_progress
from peachdash.jobs.runs import create_run, forget_old_runs, list_runs, unfinished_runs, worker_lock
from peachdash.jobs.scoring import KIND, create_scoring_run, execute_scoring_run
from peachdash.jobs.serving import ServeLock, find_serve
from peachdash.jobs.speed import find_speed
from peachdash.jobs.supervisor import Supervisor
from peachdash.records import ActiveModels
from peachdash.sentiment.engine import Speed
from peachdash.storage import schema as t
from tests.integration.conftest import EVERYTHING, MODELS, reading


@dataclass(frozen=True)
class FakeModel:
    revision: str


class FakeScorer:
    """Hands out one text a batch and may die after some of them."""

    def __init__(self, die_after: int | None = None) -> None:
        self.die_after, self.read = die_after, []
        self.speed = Speed("cpu", "fp32", 5, 2.0)

    def score(self, texts, models, on_batch):
        done = 0
        for text in texts:
            if self.die_after is not None and len(self.read) >= self.die_after:
                raise KeyboardInterrupt
            self.read.append(text)
            for model in models:
                done += 1
                row = reading(f"sha-{text}", model.revision, "positive")
                on_batch(pa.Table.from_pylist([row]), done, len(texts) * len(models))


@pytest.fixture
def settings(home):
    return Settings(home=home)


def texts(count):
    names = [f"text {number}" for number in range(count)]
    return pd.DataFrame({"text_sha256": [f"sha-{name}" for name in names], "text": names})


def stored(database):
    with database.read() as connection:
        rows = connection.execute(sa.select(t.predictions.c.text_sha256, t.predictions.c.revision)).fetchall()
    return [tuple(row) for row in rows]


def test_a_run_that_was_killed_goes_on_from_its_finished_parts(settings, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.scoring.PART_SECONDS", 0.0)
    run = create_scoring_run(settings.jobs, texts(10), ["a", "b"])
    with pytest.raises(KeyboardInterrupt):
        execute_scoring_run(run, FakeScorer(die_after=4), FakeModel)
    second = FakeScorer()
    execute_scoring_run(run, second, FakeModel)
    assert 6 <= len(second.read) <= 7, "only texts that both models had read may be skipped"
    rows = pd.concat(pq.read_table(part).to_pandas() for part in run.parts())
    assert len(rows.drop_duplicates(["text_sha256", "revision"])) == 20


def test_output_is_taken_in_once_however_often_it_is_taken(database, settings):
    run = create_scoring_run(settings.jobs, texts(5), ["a"])
    execute_scoring_run(run, FakeScorer(), FakeModel)
    run.set_state("done")
    supervisor = Supervisor(database, settings)
    supervisor._take_output(run)
    assert len(stored(database)) == 5
    run.add_part(pa.Table.from_pylist([reading("sha-text 0", "a", "negative")]))
    Supervisor(database, settings)._take_output(create_again(run))
    assert len(stored(database)) == 5
    assert len(set(stored(database))) == 5


def test_parts_of_an_unfinished_run_are_gathered_and_taken_in_together(database, settings, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("peachdash.jobs.supervisor.time.monotonic", lambda: clock[0])
    run = create_scoring_run(settings.jobs, texts(4), ["a"])
    run.set_state("running")
    supervisor, counts = Supervisor(database, settings), []
    for number, (seconds, state) in enumerate([(0, "running"), (2, "running"), (9, "running"), (1, "done")]):
        clock[0] += seconds
        run.add_part(pa.Table.from_pylist([reading(f"sha-text {number}", "a", "positive")]))
        run.set_state(state)
        supervisor._take_output(run)
        counts.append(len(stored(database)))
    assert counts == [1, 1, 3, 4]


def test_the_last_run_is_remembered_for_status(settings):
    assert find_speed(settings.jobs) is None
    execute_scoring_run(create_scoring_run(settings.jobs, texts(5), ["a"]), FakeScorer(), FakeModel)
    found = find_speed(settings.jobs)
    assert (found["device"], found["precision"], found["texts"]) == ("cpu", "fp32", 5)
    assert found["texts_per_second"] == 2.5


def create_again(run):
    """The same folder as a supervisor would find it after a crash between commit and state."""
    run.set_state("done")
    return run


def test_leftovers_of_a_killed_command_are_stored(database, settings):
    run = create_scoring_run(settings.jobs, texts(5), ["a"])
    run.add_part(pa.Table.from_pylist([reading("sha-text 0", "a", "negative")]))
    run.set_state("running")
    take_leftovers(database, EVERYTHING, run)
    assert stored(database) == [("sha-text 0", "a")]
    assert not list(unfinished_runs(settings.jobs, KIND))


def test_half_made_runs_are_invisible_and_old_ones_forgotten(settings):
    (settings.jobs / ".half").mkdir(parents=True)
    runs = [create_run(settings.jobs, "score", {"texts": 0}, pa.table({"x": [1]})) for _ in range(4)]
    assert [run.run_id for run in list_runs(settings.jobs)] == [run.run_id for run in runs]
    for run in runs[:3]:
        run.set_state("stored")
    forget_old_runs(settings.jobs, keep=1)
    assert [run.run_id for run in list_runs(settings.jobs)] == [runs[2].run_id, runs[3].run_id]


def test_progress_counts_and_time_left(settings, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.scoring.PART_SECONDS", 0.0)
    assert find_progress(settings.jobs) is None
    run = create_scoring_run(settings.jobs, texts(4), ["a", "b"])
    assert find_progress(settings.jobs).state == "queued"
    execute_scoring_run(run, FakeScorer(), FakeModel)
    found = find_progress(settings.jobs)
    assert (found.done, found.total) == (4, 4)
    assert found.texts_per_second > 0
    dones = [event["done"] for event in run.events()]
    assert dones == sorted(dones)
    assert max(dones) == 4


def test_a_broken_line_of_events_is_skipped(settings):
    run = create_scoring_run(settings.jobs, texts(1), ["a"])
    run.append_event(event="started", done=0, total=1)
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"event": "prog')
    assert len(run.events()) == 1


def test_a_folder_without_state_holds_nothing_up(filled, settings, monkeypatch):
    (settings.jobs / "stray").mkdir(parents=True)
    assert not list(unfinished_runs(settings.jobs, KIND))
    newer = ActiveModels(champion="small-newer000001", generic=MODELS.generic)
    monkeypatch.setattr("peachdash.jobs.supervisor.find_active", lambda settings: newer)
    supervisor = Supervisor(filled, settings)
    supervisor.score_soon()
    supervisor._hand_out_unread()
    assert len(list(unfinished_runs(settings.jobs, KIND))) == 1


def test_a_damaged_part_is_set_aside_and_its_texts_are_read_again(database, settings):
    run = create_scoring_run(settings.jobs, texts(3), ["a"])
    run.add_part(pa.Table.from_pylist([reading("sha-text 0", "a", "negative")]))
    (run.path / "output" / "9.parquet").write_bytes(b"junk")
    execute_scoring_run(run, FakeScorer(), FakeModel)
    run.set_state("done")
    Supervisor(database, settings)._take_output(run)
    assert len(stored(database)) == 3


def test_a_run_that_kills_its_worker_again_and_again_is_given_up(settings):
    from peachdash.jobs.worker import STARTS_IN_VAIN, Tools, take_run

    run = create_scoring_run(settings.jobs, texts(1), ["a"])
    for _ in range(STARTS_IN_VAIN):
        run.append_event(event="started", done=0, total=1)
    take_run(run, Tools(FakeScorer(), None), settings, os.getppid())
    assert run.state == "failed"
    assert "died" in run.error


def test_one_failing_step_does_not_starve_the_others(filled, settings, monkeypatch):
    served = []
    monkeypatch.setattr("peachdash.jobs.supervisor.list_runs", lambda jobs: 1 / 0)
    monkeypatch.setattr("peachdash.jobs.supervisor.serve_inbox", lambda *a: served.append(1) or False)
    supervisor = Supervisor(filled, settings)
    supervisor._stopping.set()
    supervisor.tick()
    assert served == [1]


def test_one_process_at_a_time_works_on_the_runs(settings):
    jobs = settings.jobs
    with worker_lock(jobs, wait=lambda: False) as first, worker_lock(jobs, wait=lambda: False) as second:
        assert (first, second) == (True, False)
    with worker_lock(settings.jobs, wait=lambda: False) as third:
        assert third


@pytest.fixture
def serving(settings):
    """This process, as if it served the home."""
    lock = ServeLock(settings)
    assert lock.acquire()
    yield lock
    lock.release()


def test_a_request_is_answered_and_cleared(filled, settings, serving, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.inbox.describe_status", lambda *a: {"reviews": 6})
    result = hand_over(settings, {"kind": "status"}, on_wait=lambda: serve_inbox(filled, settings))
    assert result["reviews"] == 6
    assert not any((settings.inbox / ".requests").iterdir())


def test_a_refused_request_raises_what_it_would_raise_here(filled, settings, serving):
    request = {"kind": "import", "file_name": "x.csv", "options": {}, "viewer": "ada"}
    with pytest.raises(BadInput):
        hand_over(settings, request, b"", on_wait=lambda: serve_inbox(filled, settings))


def test_a_serve_that_is_gone_is_noticed_whatever_its_file_says(settings, serving):
    assert find_serve(settings).pid == os.getpid()
    (settings.home / "serve.json").write_text(f'{{"pid": {os.getpid()}, "port": 8501}}')
    serving.release()
    (settings.home / "serve.json").write_text(f'{{"pid": {os.getpid()}, "port": 8501}}')
    assert find_serve(settings) is None
    with pytest.raises(JobFailed):
        hand_over(settings, {"kind": "status"})


def test_what_killed_clients_left_is_forgotten(filled, settings):
    requests = settings.inbox / ".requests"
    for name in ("1-answered", ".2-half"):
        (requests / name).mkdir(parents=True)
    (requests / "1-answered" / "answer.json").write_text("{}")
    (requests / "stray file").write_text("x")
    old = time.time() - 7200
    for path in requests.iterdir():
        os.utime(path, (old, old))
    serve_inbox(filled, settings)
    assert [path.name for path in requests.iterdir()] == ["stray file"]


def test_names_that_no_database_takes_do_not_hold_the_inbox_up(filled, settings):
    settings.inbox.mkdir(parents=True)
    odd = os.fsencode(settings.inbox) + b"/caf\xe9.csv"
    with open(odd, "wb") as file:  # noqa: PTH123
        file.write(b"text,date,stars,business\nFine soup,2026-05-01,4,Bun and Banchan\n")
    os.utime(odd, (1, 1))
    serve_inbox(filled, settings)
    assert not [path for path in settings.inbox.iterdir() if path.is_file()]


def test_dropped_files_are_imported_or_wait_with_their_reason(filled, settings):
    settings.inbox.mkdir(parents=True)
    good, bad, fresh = (settings.inbox / name for name in ("good.csv", "bad.csv", "fresh.csv"))
    good.write_text("text,date,stars,business\nFine soup,2026-05-01,4,Bun and Banchan\n")
    bad.write_text("text,date,stars\nFine soup,2026-05-01,4\n")
    fresh.write_text("text,date,stars,business\nWarm soup,2026-05-02,4,Bun and Banchan\n")
    old = time.time() - 60
    for path in (good, bad):
        os.utime(path, (old, old))
    assert serve_inbox(filled, settings)
    assert (settings.inbox / "imported" / "good.csv").is_file()
    assert fresh.is_file(), "a file that is still being copied is left alone"
    [(name, reason)] = list_waiting(settings.inbox)
    assert name == "bad.csv"
    assert "business" in reason
    assert (settings.inbox / "waiting" / "bad.csv").read_text().endswith("Fine soup,2026-05-01,4\n")


def test_the_supervisor_hands_out_what_no_model_has_read(filled, settings, monkeypatch):
    newer = ActiveModels(champion="small-newer000001", generic=MODELS.generic)
    monkeypatch.setattr("peachdash.jobs.supervisor.find_active", lambda settings: newer)
    supervisor = Supervisor(filled, settings)
    supervisor.score_soon()
    supervisor._hand_out_unread()
    [run] = list_runs(settings.jobs)
    assert len(run.input) == 5, "five distinct texts; the review without text is not scored"
    assert run.request["models"] == [newer.champion, newer.generic]
    supervisor.score_soon()
    supervisor._hand_out_unread()
    assert len(list_runs(settings.jobs)) == 1, "one run at a time"
