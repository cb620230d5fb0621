"""A training that was interrupted, and one that runs away."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sentiment_tiny import QUICK, make_frame

from peachdash.errors import BadInput, TrainingDiverged
from peachdash.sentiment import training_loop
from peachdash.sentiment.checkpoints import read_checkpoint, write_checkpoint
from peachdash.sentiment.loss_guard import describe_course, require_sound_loss, rising_epochs
from peachdash.sentiment.training import TrainedModel, train
from peachdash.sentiment.training_loop import Watch
from peachdash.sentiment.training_step import TrainingStep

torch = pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]
pytestmark = pytest.mark.usefixtures("tiny_encoder")
SETTINGS = dataclasses.replace(QUICK, epochs=3, head_dropout=0.1, lora_dropout=0.1, learning_rate=2e-3)


class Stopped(Exception):
    """Somebody pulled the plug."""


def run(encoders_dir: Path, watch: Watch | None = None, settings=SETTINGS) -> TrainedModel:
    return train(
        settings,
        make_frame(48, seed=1),
        make_frame(30, seed=2),
        replay_frame=make_frame(30, seed=4),
        encoder_path=encoders_dir / "small",
        device="cpu",
        watch=watch,
    )


def stopping_at(step: int, checkpoint: Path) -> Watch:
    def look(event):
        if event["step"] >= step:
            raise Stopped

    return Watch(on_step=look, checkpoint=checkpoint)


@pytest.fixture
def told_at_once(monkeypatch):
    monkeypatch.setattr(training_loop, "REPORT_SECONDS", 0.0)


@pytest.mark.parametrize("step", [1, 7, 12, 20, 36])
@pytest.mark.usefixtures("told_at_once")
def test_an_interrupted_training_ends_as_an_undisturbed_one(encoders_dir, tmp_path, step):
    whole = run(encoders_dir)
    checkpoint = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stopped):
        run(encoders_dir, stopping_at(step, checkpoint))
    np.random.random(), torch.rand(3)  # another process has other random states
    resumed = run(encoders_dir, Watch(checkpoint=checkpoint))
    assert len(resumed.history) == len(whole.history) == 3
    for before, after in zip(whole.history, resumed.history, strict=True):
        assert after["validation_loss"] == pytest.approx(before["validation_loss"], abs=1e-6)
        assert after["training_loss"] == pytest.approx(before["training_loss"], abs=1e-6)
        assert (after["step"], after["tokens"]) == (before["step"], before["tokens"])
    assert resumed.best_epoch == whole.best_epoch
    assert all((resumed.tensors[name] == whole.tensors[name]).all() for name in whole.tensors)


def test_a_finished_training_is_not_done_again(encoders_dir, tmp_path):
    checkpoint = tmp_path / "checkpoint.safetensors"
    events = []
    first = run(encoders_dir, Watch(checkpoint=checkpoint))
    again = run(encoders_dir, Watch(on_event=events.append, checkpoint=checkpoint))
    assert events == []
    assert again.history == first.history
    assert (again.validation_logits == first.validation_logits).all()


def test_the_optimizer_is_part_of_a_checkpoint(encoders_dir, tmp_path, told_at_once):
    """Were its moments lost, the next steps would differ: the file is really read."""
    checkpoint = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stopped):
        run(encoders_dir, stopping_at(7, checkpoint))
    tensors, state = read_checkpoint(checkpoint)
    lost = {name: np.zeros_like(value) if "exp_avg" in name else value for name, value in tensors.items()}
    write_checkpoint(checkpoint, lost, state)
    whole, resumed = run(encoders_dir), run(encoders_dir, Watch(checkpoint=checkpoint))
    assert abs(resumed.history[0]["validation_loss"] - whole.history[0]["validation_loss"]) > 1e-6


def test_another_training_does_not_go_on_from_it(encoders_dir, tmp_path):
    checkpoint = tmp_path / "checkpoint.safetensors"
    one_epoch = dataclasses.replace(SETTINGS, epochs=1)
    run(encoders_dir, Watch(checkpoint=checkpoint), one_epoch)
    with pytest.raises(BadInput, match="another training"):
        run(encoders_dir, Watch(checkpoint=checkpoint), dataclasses.replace(one_epoch, seed=5))


def test_a_damaged_checkpoint_counts_as_none(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    assert read_checkpoint(path) is None
    path.write_bytes(b"half of a file")
    assert read_checkpoint(path) is None
    write_checkpoint(path, {"weights.0": np.ones(3, dtype=np.float32)}, {"epoch": 2})
    tensors, state = read_checkpoint(path)
    assert state == {"epoch": 2}
    assert tensors["weights.0"].tolist() == [1, 1, 1]
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_early_stopping_holds_after_a_resume(encoders_dir, tmp_path, told_at_once):
    settings = dataclasses.replace(SETTINGS, epochs=9, patience=1, learning_rate=1e-12)
    checkpoint = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stopped):
        run(encoders_dir, stopping_at(14, checkpoint), settings)
    resumed = run(encoders_dir, Watch(checkpoint=checkpoint), settings)
    assert [event["epoch"] for event in resumed.history] == [1, 2]


def test_steps_are_told_with_their_tokens(encoders_dir, told_at_once):
    told = []
    run(encoders_dir, Watch(on_step=told.append))
    assert [event["step"] for event in told] == list(range(1, 37))
    assert told[-1]["steps"] == 36
    tokens = [event["tokens"] for event in told]
    assert tokens == sorted(tokens)
    json.dumps(told)


@pytest.mark.parametrize(("factor", "words"), [(1.5, "rose from"), (float("nan"), "no number any more")])
def test_a_training_that_runs_away_is_stopped(encoders_dir, monkeypatch, factor, words):
    """The loss of each step is made to be so many times the one before it."""
    take, steps = TrainingStep.take, []

    def growing(self, examples, rows):
        steps.append(len(steps))
        return take(self, examples, rows) * factor ** len(steps)

    monkeypatch.setattr(TrainingStep, "take", growing)
    with pytest.raises(TrainingDiverged, match=words) as refused:
        run(encoders_dir, settings=dataclasses.replace(SETTINGS, batch_size=2))
    assert "try a learning rate below 0.002" in str(refused.value)
    assert len(steps) < 40


def test_losses_that_are_no_number_or_far_above_the_start_are_refused():
    require_sound_loss([0.9] * 40, 0.9, "here", 1e-3)
    require_sound_loss([0.3] * 10 + [0.95] * 20, 0.3, "a guess is bad but no divergence", 1e-3)
    with pytest.raises(TrainingDiverged, match="no number any more \\(epoch 1\\)"):
        require_sound_loss([0.9, float("nan")], None, "epoch 1", 1e-3)
    with pytest.raises(TrainingDiverged, match=r"rose from 0.50 to 6.00"):
        require_sound_loss([0.5] * 10 + [6.0] * 20, 0.5, "epoch 1", 1e-3)


def events(*pairs):
    return [
        {"epoch": number, "validation_loss": loss, "macro_f1": macro}
        for number, (loss, macro) in enumerate(pairs, start=1)
    ]


def test_overfitting_is_said_in_words():
    assert describe_course([]) == ""
    assert "One epoch is done" in describe_course(events((0.9, 0.5)))
    assert "still falls" in describe_course(events((0.9, 0.5), (0.8, 0.6)))
    swinging = describe_course(events((0.9, 0.5), (0.6, 0.7), (1.8, 0.5), (1.2, 0.6)))
    assert swinging.startswith("Validation loss was lowest after epoch 2; best so far is epoch 2")
    rising = events((0.9, 0.5), (0.7, 0.7), (0.8, 0.6), (0.9, 0.6))
    assert rising_epochs(rising) == 2
    said = describe_course(rising)
    assert said.startswith("Validation loss has risen for 2 epochs: it overfits;")
    assert "epoch 2" in said
    better = describe_course(events((0.7, 0.5), (0.8, 0.6), (0.9, 0.7)))
    assert "though macro F1 still rises" in better
    assert rising_epochs(events((0.7, 0.5), (0.8, 0.6), (0.7, 0.7))) == 0
