"""The precision of a CPU: chosen from trials, tried once, remembered."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from sentiment_tiny import Built

from peachdash.errors import BadInput
from peachdash.sentiment import precision
from peachdash.sentiment.precision import FILE, PrecisionMemory, PrecisionTrial, choose_precision

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]
EXACT = PrecisionTrial("fp32", 100.0, 1.0, 0.80)


@pytest.mark.parametrize(
    ("trial", "chosen"),
    [
        (PrecisionTrial("bf16", 200.0, 0.99, 0.804), "bf16"),
        (PrecisionTrial("bf16", 200.0, 0.98, 0.80), "fp32"),
        (PrecisionTrial("bf16", 200.0, 1.0, 0.79), "fp32"),
        (PrecisionTrial("bf16", 60.0, 1.0, 0.80), "fp32"),
    ],
    ids=["faithful and fast", "other labels", "worse", "slow"],
)
def test_the_fastest_that_reads_alike_is_chosen(trial, chosen):
    assert choose_precision([EXACT, trial]) == chosen


@pytest.fixture
def settings(tmp_path, encoders_dir):
    return SimpleNamespace(home=tmp_path, encoders=encoders_dir, data=tmp_path / "data", threads=1)


@pytest.fixture
def read_frames(monkeypatch, generic: Built):
    asked = []

    def load(folder, split):
        asked.append(split)
        return generic.validation

    monkeypatch.setattr(precision, "load_labelled", load)
    return asked


@pytest.mark.usefixtures("tiny_encoder")
def test_a_trial_is_made_once_and_only_for_large_work(generic: Built, settings, read_frames):
    memory = PrecisionMemory(settings)
    assert memory(generic.reference, 10) == "fp32"
    assert read_frames == []
    chosen = memory(generic.reference, 100_000)
    assert chosen in ("fp32", "bf16", "int8")
    assert read_frames == ["validation"]
    assert PrecisionMemory(settings)(generic.reference, 10) == chosen
    assert read_frames == ["validation"]
    (kept,) = json.loads((settings.home / FILE).read_text()).values()
    assert [trial["precision"] for trial in kept["trials"]] == ["fp32", "bf16", "int8"]
    assert kept["trials"][0]["agreement"] == 1


@pytest.mark.usefixtures("tiny_encoder")
def test_without_validation_reviews_it_is_fp32(generic: Built, settings, monkeypatch):
    def missing(folder, split):
        raise BadInput("no file")

    monkeypatch.setattr(precision, "load_labelled", missing)
    assert PrecisionMemory(settings)(generic.reference, 100_000) == "fp32"
    assert not (settings.home / FILE).exists()


@pytest.mark.usefixtures("tiny_encoder")
def test_a_damaged_memory_is_written_anew(generic: Built, settings, read_frames):
    (settings.home / FILE).write_text("{")
    PrecisionMemory(settings)(generic.reference, 100_000)
    assert len(json.loads((settings.home / FILE).read_text())) == 1
