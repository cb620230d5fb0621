"""A training that starts from an encoder of the hub, and its model in every place where models are used."""

from __future__ import annotations

import shutil

import pytest

from peachdash.errors import BadInput, ModelRefused, ModelUnavailable
from peachdash.jobs import training
from peachdash.jobs.candidate_runs import ask_measurement, run_here
from peachdash.jobs.local import score_unread
from peachdash.jobs.runs import read_json
from peachdash.jobs.trainer import take_trial
from peachdash.jobs.training_speed import find_training_speed
from peachdash.queries.data_sets import fetch_training_run, fetch_training_runs
from peachdash.sentiment.active import find_model, find_pair
from peachdash.sentiment.adapter import read_manifest
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.explaining import explain_reading
from peachdash.sentiment.precision import PrecisionMemory
from peachdash.sentiment.sweep_space import SweepSpace, parse_axis
from peachdash.workflows.candidate_list import list_candidates
from peachdash.workflows.candidates import load_case
from peachdash.workflows.model_costs import find_cost
from peachdash.workflows.promoting import find_counterpart, make_preview, promote_candidate, roll_back
from peachdash.workflows.sweeps import describe_sweep, request_sweep
from peachdash.workflows.trainings import TrainingRequest, plan_training, request_training
from tests.integration.conftest import add_reviews, review_rows
from tests.integration.training_world import (
    ADA,
    add_data_set,
    data_set_rows,
    quick,
    tiny_settings,
    work,
)

# isort: split
from hub_files import COMMIT, IDENTIFIER, OTHER_COMMIT, put_in_cache
from sentiment_tiny import make_frame, score, tiny_as_small

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny", "hub_files"]

NAME = f"hub:{IDENTIFIER}"
PINNED = f"{NAME}@{COMMIT}"


@pytest.fixture
def settings(home, tmp_path, encoders_dir, models_dir, generic, champion, hub_cache):
    """A home whose hub has one encoder; hashes are checked."""
    encoders = shutil.copytree(encoders_dir, tmp_path / "encoders")
    put_in_cache(hub_cache, make_roberta(tmp_path / "repository", encoders_dir / "small"))
    with tiny_as_small(encoders_dir):
        yield tiny_settings(home, encoders, models_dir)


@pytest.fixture
def world(database, settings):
    add_data_set(database, data_set_rows())
    return database


def make_roberta(folder, like):
    """A random RoBERTa of two layers, with the words of another encoder."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    torch.manual_seed(5)
    config = RobertaConfig(
        vocab_size=40,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=258,
        pad_token_id=0,
        initializer_range=0.2,
    )
    RobertaModel(config).save_pretrained(folder)
    shutil.copy(like / "tokenizer.json", folder)
    return folder


def train(database, settings, start=NAME, **changes) -> str:
    """The revision that a training gives."""
    request = TrainingRequest(None, start, quick(learning_rate=1e-2, **changes))
    run_id, _ = request_training(database, ADA, settings, request)
    work(database, settings)
    with database.read() as connection:
        row = fetch_training_run(connection, ADA, run_id)
    assert (row["state"], row["message"]) == ("done", "")
    return str(row["revision"])


def test_a_plan_says_what_the_encoder_is_and_fetches_nothing(world, settings):
    plan = plan_training(world, ADA, settings, TrainingRequest(None, NAME, quick()))
    assert (plan.size, plan.start, plan.start_name) == ("hub", None, PINNED)
    assert plan.hub.licence == "mit"
    assert not (settings.encoders / "hub").exists()
    assert plan.settings.learning_rate == 2e-3


def test_its_model_is_pinned_to_commit_and_hash_and_reads_like_any_other(world, settings, monkeypatch):
    revision = train(world, settings, epochs=8)
    assert revision.startswith("hub-")
    manifest = read_manifest(settings.trained / revision)
    assert manifest.encoder == PINNED
    assert (
        manifest.encoder_sha256
        == plan_training(world, ADA, settings, TrainingRequest(None, NAME, quick())).encoder.sha256
    )
    assert manifest.training["encoder_licence"] == "mit"
    assert "hub:tiny/encoder" in (settings.trained / revision / "README.md").read_text()
    found = find_model(revision, settings)
    frame = make_frame(30, seed=9)
    read = score(list(frame["text"]), [found], settings.encoders).to_pandas()
    right = (read["label"].to_numpy() == frame.drop_duplicates("text")["label"].to_numpy()).mean()
    assert right > 0.6, "it learned: a third would be chance"
    for precision in ("bf16", "int8"):
        other = score(list(frame["text"]), [found], settings.encoders, precision=precision).to_pandas()
        assert (other["label"] == read["label"]).mean() > 0.9
    loaded = Scorer(settings.encoders, device="cpu").loaded(found)
    assert explain_reading(loaded, "the soup was awful", steps=8).words
    monkeypatch.setattr("peachdash.sentiment.precision.load_labelled", lambda *_: frame)
    assert PrecisionMemory(settings)(found, 5000) in ("fp32", "bf16", "int8")
    assert read_json(settings.home / "precision.json")


def test_another_training_goes_on_from_it_without_the_hub(world, settings, hub_cache):
    first = train(world, settings)
    shutil.rmtree(hub_cache)
    second = train(world, settings, start=first, seed=2)
    assert read_manifest(settings.trained / second).training["start"] == first
    assert read_manifest(settings.trained / second).encoder == PINNED
    again = train(world, settings, start=PINNED, seed=3)
    assert again not in (first, second)


def test_it_is_promoted_beside_the_small_generic_model_and_rolled_back(world, settings, generic):
    texts = ["the soup was good", "the shop was bad"]
    add_reviews(world, "first", review_rows([{"text": text} for text in texts]))
    revision = train(world, settings, epochs=8)
    model, beside = find_counterpart(settings, revision)
    assert beside.revision == generic.reference.revision
    before = find_pair(settings)[0].revision
    score_unread(world, ADA, settings, [*find_pair(settings), model, beside])
    run_here(world, ADA, settings, ask_measurement(world, ADA, settings, revision))
    cost = find_cost(world, ADA, settings, revision)
    encoder = settings.encoders / "hub" / f"tiny--encoder@{COMMIT}" / "model.safetensors"
    assert cost.encoder_bytes == encoder.stat().st_size
    case = load_case(world, ADA, settings, revision, before, beside.revision)
    assert case.is_complete
    make_preview(world, ADA, settings, revision, before)
    promote_candidate(world, ADA, settings, revision, "another encoder", expected=before, confirmed=True)
    assert [item.revision for item in find_pair(settings)] == [revision, generic.reference.revision]
    assert find_model("champion-hub", settings).revision == revision
    assert find_model("champion-small", settings).revision == before
    (listed,) = (item for item in list_candidates(world, ADA, settings) if item.is_champion)
    assert (listed.size, listed.learned_from) == ("hub", "data set 1, on tiny/encoder")
    roll_back(world, ADA, settings, "as before", expected=revision)
    assert find_pair(settings)[0].revision == before
    with pytest.raises(ModelUnavailable, match="There is no model 'champion-hub'"):
        find_model("champion-hub", settings)


def test_other_weights_under_its_name_are_refused(world, settings):
    revision = train(world, settings)
    weights = settings.encoders / "hub" / f"tiny--encoder@{COMMIT}" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    with pytest.raises(ModelUnavailable, match="is not the published hub:tiny/encoder"):
        score(["the soup"], [find_model(revision, settings)], settings.encoders)
    with pytest.raises(ModelUnavailable, match="is not the published hub:tiny/encoder"):
        request_training(world, ADA, settings, TrainingRequest(None, revision, quick()))


def test_without_its_encoder_it_is_shown_as_such_and_the_way_to_get_it_is_said(world, settings):
    revision = train(world, settings)
    shutil.rmtree(settings.encoders / "hub")
    listed = {item.revision: item for item in list_candidates(world, ADA, settings)}
    assert not listed[revision].is_installed
    with pytest.raises(ModelUnavailable, match=f"hub_encoder_install ENCODERS_DIR {PINNED}"):
        find_model(revision, settings)


def test_an_encoder_that_cannot_be_fetched_fails_its_training_in_words(
    world, settings, hub_cache, monkeypatch
):
    request_training(world, ADA, settings, TrainingRequest(None, NAME, quick()))
    (run,) = training.hand_out(world, ADA, settings)
    shutil.rmtree(hub_cache)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    work(world, settings)
    with world.read() as connection:
        row = fetch_training_run(connection, ADA, run.run_id)
    assert row["state"] == "failed"
    assert "start with HF_HUB_OFFLINE=0" in row["message"]


def test_what_cannot_start_a_training_is_not_on_record(world, settings, hub_cache, tmp_path):
    from transformers import DistilBertConfig

    other = shutil.copytree(settings.encoders / "small", tmp_path / "other")
    DistilBertConfig().save_pretrained(other)
    put_in_cache(hub_cache, other, OTHER_COMMIT)

    def refused(start, error, words):
        with pytest.raises(error, match=words):
            request_training(world, ADA, settings, TrainingRequest(None, start, quick()))

    refused(f"{NAME}@{OTHER_COMMIT}", ModelRefused, "of the family distilbert")
    refused("hub:nobody/nothing", ModelUnavailable, "no route to host")
    refused("hub:../../etc", BadInput, "no hub model")
    with world.read() as connection:
        assert fetch_training_runs(connection, ADA).empty


def test_a_trial_fetches_the_encoder_and_measures_it(world, settings, monkeypatch):
    monkeypatch.setattr("peachdash.jobs.training_speed.TRIAL_SECONDS", 0.0)
    monkeypatch.setattr("peachdash.sentiment.training_loop.REPORT_SECONDS", 0.0)
    plan = plan_training(world, ADA, settings, TrainingRequest(None, NAME, quick()))
    take_trial(training.ask_trial(settings, plan), settings)
    assert training.failed_trial(settings, plan) == ""
    assert find_training_speed(settings, plan.encoder).source == "trial"
    small = plan_training(world, ADA, settings, TrainingRequest(None, "encoder-small", quick()))
    assert find_training_speed(settings, small.encoder) is None


def test_a_sweep_stays_with_the_commit_that_it_began_with(world, settings):
    space = SweepSpace({"batch_size": parse_axis("8,16")}, "grid", 2, None)
    base = TrainingRequest(None, NAME, {"epochs": 1, "replay_share": 0.0})
    sweep_id = request_sweep(world, ADA, settings, base, space)
    assert describe_sweep(world, ADA, sweep_id).row["space"]["start"] == PINNED
