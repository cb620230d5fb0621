"""Runs that fail, kill their process or cannot be taken: given up, told as they are, in nobody's way."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest

from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed
from peachdash.import_commands import _wait_for
from peachdash.jobs import background, describing, explaining, importing, issue_finding, worker
from peachdash.jobs.explaining import REMEMBERED_RUNS, ask_explanation, failed_explanation
from peachdash.jobs.runs import adopt_runs, create_run, forget_old_runs, list_runs, write_json
from peachdash.jobs.scoring import KIND, create_scoring_run
from peachdash.jobs.supervisor import FAILURE_PAUSE_SECONDS, Supervisor
from peachdash.records import ActiveModels
from peachdash.ui import upload_jobs
from peachdash.workflows.explaining import ExplanationWork
from peachdash.workflows.importing import ImportOptions
from tests.integration.conftest import EVERYTHING, MODELS, reading

PLAIN = b"text,date,stars,business,source\nFine soup here,2026-05-01,4,Bun and Banchan,google\n"
NEWER = ActiveModels(champion="small-newer000001", generic=MODELS.generic)
TEXTS = pd.DataFrame({"text_sha256": ["sha-soup"], "text": ["soup"]})


@pytest.fixture
def settings(home):
    return Settings(home=home)


@pytest.fixture
def supervisor(filled, settings, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.supervisor.find_active", lambda settings: NEWER)
    return Supervisor(filled, settings)


def work(text="sha-soup", revision="a"):
    return ExplanationWork(text, revision, pd.DataFrame({"text_sha256": [text], "text": ["soup"]}))


def of_kind(settings, kind):
    return [run for run in list_runs(settings.jobs) if run.request["kind"] == kind]


def empty_run(settings, kind, state):
    run = create_run(settings.jobs, kind, {"texts": 0}, pa.table({}))
    run.set_state(state)
    return run


def let_time_pass(run):
    past = run.changed_seconds - FAILURE_PAUSE_SECONDS - 1
    os.utime(run.path / "state.json", (past, past))


def upload_run(settings):
    return importing.create_import_run(
        settings.jobs, PLAIN, "large.csv", ImportOptions(), EVERYTHING, "command", confirmed=True
    )


def test_an_explanation_that_kills_its_worker_is_given_up(settings):
    def die(model):
        raise KeyboardInterrupt

    run, scorer = ask_explanation(settings.jobs, work()), SimpleNamespace(loaded=die)
    for _ in range(worker.STARTS_IN_VAIN):
        with pytest.raises(KeyboardInterrupt):
            explaining.execute_explanation_run(run, scorer, None, str, settings.models)
    worker.take_run(run, worker.Tools(None, None), settings, os.getppid())
    assert run.state == "failed"
    assert "died" in run.error


@pytest.mark.parametrize("kind", [importing.KIND, describing.KIND])
def test_progress_does_not_save_a_run_that_begins_anew_each_time(settings, kind):
    run = empty_run(settings, kind, "running")
    for _ in range(background.STARTS_IN_VAIN):
        run.append_event(event="started", done=0, total=2)
        run.append_event(event="progress", done=1, total=2)
    background.take_run(run, settings)
    assert (run.state, run.error) == ("failed", f"its process died {background.STARTS_IN_VAIN} times")


def test_a_run_that_an_app_left_behind_is_taken_up_however_often(settings):
    run = importing.create_import_run(
        settings.jobs, PLAIN, "large.csv", ImportOptions(), EVERYTHING, "command", confirmed=True
    )
    for _ in range(background.STARTS_IN_VAIN):
        run.append_event(event="started", done=0, total=1)
        adopt_runs(settings.jobs)
    background.take_run(run, settings)
    assert (run.state, run.error) == ("done", "")


def test_output_that_cannot_be_stored_fails_its_run_and_no_later_one(supervisor, settings, caplog):
    bad, good = (create_scoring_run(settings.jobs, TEXTS, ["a"]) for _ in range(2))
    bad.add_part(pa.table({"nonsense": [1]}))
    good.add_part(pa.Table.from_pylist([reading("sha-soup", "a", "positive")]))
    for run in (bad, good):
        run.set_state("done")
    for _ in range(5):
        supervisor._take_all_output()
    assert bad.state == "failed"
    assert bad.error.endswith("Error; see the log")
    assert good.state == "stored"
    assert sum(bad.run_id in record.message for record in caplog.records) <= 2, "not at every tick"


def test_findings_that_cannot_be_stored_keep_no_upload_waiting(supervisor, settings):
    bad = empty_run(settings, describing.KIND, "done")
    upload = upload_run(settings)
    background.take_run(upload, settings)
    supervisor._take_background()
    assert (bad.state, bad.error) == ("failed", "FileNotFoundError; see the log")
    assert upload.state == "stored"


def test_an_import_stays_stored_when_its_file_cannot_be_moved(supervisor, settings, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.supervisor.settle_dropped", lambda settings, run: 1 / 0)
    upload, other = empty_run(settings, importing.KIND, "stored"), upload_run(settings)
    background.take_run(other, settings)
    supervisor._take_background()
    assert [upload.state, other.state] == ["stored", "stored"]


def test_a_search_that_fails_is_not_begun_again_at_once(supervisor, settings):
    supervisor._hand_out_undescribed()
    [run] = of_kind(settings, describing.KIND)
    run.set_state("failed", "killed")
    supervisor.score_soon()
    supervisor._hand_out_undescribed()
    assert of_kind(settings, describing.KIND) == [run]
    let_time_pass(run)
    supervisor.score_soon()
    supervisor._hand_out_undescribed()
    assert len(of_kind(settings, describing.KIND)) == 2


def test_searches_that_ended_are_forgotten(supervisor, settings):
    keep = forget_old_runs.__defaults__[0]
    for _ in range(keep + 3):
        empty_run(settings, describing.KIND, "stored")
    supervisor._hand_out_undescribed()
    assert len(of_kind(settings, describing.KIND)) == keep + 1


def test_a_failed_grouping_does_not_keep_reviews_from_being_read(supervisor, settings):
    empty_run(settings, issue_finding.KIND, "failed")
    supervisor.score_soon()
    supervisor._hand_out_unread()
    assert len(of_kind(settings, KIND)) == 1


def test_a_failed_grouping_waits_before_the_next(supervisor, settings, monkeypatch):
    asked = []
    monkeypatch.setattr(issue_finding, "hand_out", lambda *given: asked.append(given))
    run = empty_run(settings, issue_finding.KIND, "failed")
    supervisor._hand_out_complaints(MODELS)
    assert not asked
    let_time_pass(run)
    supervisor._hand_out_complaints(MODELS)
    assert len(asked) == 1


def test_what_came_back_is_opened_though_nothing_is_to_be_grouped(supervisor, settings, monkeypatch):
    asked = []
    monkeypatch.setattr(issue_finding, "cut_sentences", lambda *given: 0)
    monkeypatch.setattr(issue_finding, "find_unread_sentences", lambda *given: [])
    monkeypatch.setattr(issue_finding, "find_material", lambda *given: None)
    monkeypatch.setattr(issue_finding, "reopen_returned", lambda *given: asked.append(given))
    supervisor._hand_out_complaints(MODELS)
    supervisor._hand_out_complaints(MODELS)
    assert len(asked) == 1, "once for each state of the database"


@pytest.mark.parametrize(("told", "raised"), [({}, JobFailed), ({"kind": "BadInput"}, BadInput)])
def test_a_failed_import_is_the_files_fault_only_where_that_was_found(settings, monkeypatch, told, raised):
    run = upload_run(settings)
    run.set_state("failed", "ZeroDivisionError; see the log")
    if told:
        write_json(run.path / "result.json", told)
    with pytest.raises(raised):
        _wait_for(settings, run.run_id)
    monkeypatch.setattr(upload_jobs, "_run_of", lambda *given: run)
    with pytest.raises(raised):
        upload_jobs.large_view(None, None, ImportOptions(), "")


@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_an_explanation_is_asked_once_until_it_is_stored(settings, state):
    run = ask_explanation(settings.jobs, work())
    run.set_state(state)
    assert ask_explanation(settings.jobs, work()) == run
    assert ask_explanation(settings.jobs, work(revision="b")) != run


def test_a_failed_explanation_is_told_for_its_text_and_model_only(settings):
    run = ask_explanation(settings.jobs, work())
    run.set_state("failed", "no memory")
    for _ in range(REMEMBERED_RUNS):
        empty_run(settings, KIND, "stored")
    assert failed_explanation(settings.jobs, work()) == run, "runs of other kinds do not push it out"
    assert failed_explanation(settings.jobs, work(revision="b")) is None
    assert failed_explanation(settings.jobs, work(text="sha-tea")) is None
    for number in range(REMEMBERED_RUNS):
        ask_explanation(settings.jobs, work(text=f"sha-{number}"))
    assert failed_explanation(settings.jobs, work()) is None
