"""Training examples: targets, weights, replay, the order of an epoch."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from peachdash.errors import BadInput
from peachdash.sentiment.examples import (
    Examples,
    distilled_examples,
    draw_replay,
    epoch_batches,
    join_examples,
    label_indices,
    labelled_examples,
)
from peachdash.sentiment.tokens import EncodedTexts
from peachdash.sentiment.training_settings import TrainingSettings

SETTINGS = TrainingSettings()
FRAME = pd.DataFrame(
    {"text": ["a", "a b", "a b c", "c"], "label": ["negative", "positive", "positive", "positive"]}
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    made = Tokenizer(WordLevel({"[UNK]": 0, "a": 1, "b": 2, "c": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    return made


def examples_of_lengths(lengths: list[int]) -> Examples:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ones = np.ones(len(lengths))
    return Examples(EncodedTexts(np.arange(offsets[-1]), offsets, 0), np.eye(3)[ones.astype(int)], ones, ones)


def test_labels_become_targets(tokenizer: Any) -> None:
    examples = labelled_examples(FRAME, tokenizer, 0, SETTINGS)
    assert label_indices(FRAME).tolist() == [0, 2, 2, 2]
    assert examples.targets.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    assert examples.weights.tolist() == examples.temperatures.tolist() == [1, 1, 1, 1]
    assert examples.tokens.ids.tolist() == [1, 1, 2, 1, 2, 3, 3]


def test_smoothing_spreads_its_share_evenly(tokenizer: Any) -> None:
    smooth = dataclasses.replace(SETTINGS, label_smoothing=0.3)
    assert labelled_examples(FRAME, tokenizer, 0, smooth).targets[0] == pytest.approx([0.8, 0.1, 0.1])


def test_weights_of_rows_and_classes_multiply(tokenizer: Any) -> None:
    balanced = dataclasses.replace(SETTINGS, class_weights="balanced")
    weights = labelled_examples(FRAME.assign(weight=[1, 1, 2, 3]), tokenizer, 0, balanced).weights
    assert weights == pytest.approx([2, 2 / 3, 4 / 3, 2])


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_positive_number_is_refused(tokenizer: Any, weight: float) -> None:
    with pytest.raises(BadInput, match="positive numbers"):
        labelled_examples(FRAME.assign(weight=[weight, 1, 1, 1]), tokenizer, 0, SETTINGS)


def test_a_teachers_readings_are_softened(tokenizer: Any) -> None:
    frame = pd.DataFrame({"text": ["a"], "p_negative": [0.64], "p_neutral": [0.0], "p_positive": [0.36]})
    settings = dataclasses.replace(SETTINGS, distil_temperature=2.0, distil_weight=0.5)
    examples = distilled_examples(frame, tokenizer, 0, settings)
    # square roots 0.8, 0.001 and 0.6, normalised
    assert examples.targets[0] == pytest.approx(np.array([0.8, 0.001, 0.6]) / 1.401)
    assert (examples.weights.tolist(), examples.temperatures.tolist()) == ([0.5], [2.0])


def test_readings_that_do_not_sum_to_one_are_refused(tokenizer: Any) -> None:
    frame = pd.DataFrame({"text": ["a"], "p_negative": [0.6], "p_neutral": [0.6], "p_positive": [0.6]})
    with pytest.raises(BadInput, match="sum to 1"):
        distilled_examples(frame, tokenizer, 0, SETTINGS)
    with pytest.raises(BadInput, match="needs the columns"):
        distilled_examples(frame.drop(columns="p_neutral"), tokenizer, 0, SETTINGS)


@pytest.mark.parametrize(
    ("own", "share", "expected"), [(60, 0.25, 20), (10, 0.5, 10), (100, 0.9, 900), (10, 0, 0)]
)
def test_replay_makes_up_its_share_of_an_epoch(own: int, share: float, expected: int) -> None:
    rows = draw_replay(examples_of_lengths([1] * 50), own, share, seed=1)
    assert len(rows) == expected
    counts = np.bincount(rows, minlength=50)
    assert counts.max() - counts.min() <= 1


def test_each_epoch_draws_other_replay_examples() -> None:
    replay = examples_of_lengths([1] * 50)
    first, again, other = (draw_replay(replay, 10, 0.5, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert draw_replay(examples_of_lengths([]), 10, 0.5, 1).tolist() == []


def test_an_epoch_visits_every_row_once_with_like_lengths_together() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 1000).tolist()
    examples = examples_of_lengths(lengths)
    batches = list(epoch_batches(examples, 16, seed=1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    assert max(len(batch) for batch in batches) == 16
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    assert padded < 1.15 * sum(lengths)
    again, other = (list(epoch_batches(examples, 16, seed)) for seed in (1, 2))
    assert all((one == two).all() for one, two in zip(batches, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(batches, other, strict=True))


def test_chosen_rows_are_joined_in_order(tokenizer: Any) -> None:
    one = labelled_examples(FRAME, tokenizer, 7, SETTINGS)
    joined = join_examples([(one, np.array([2, 0])), (examples_of_lengths([1]), np.array([0]))])
    assert joined.tokens.ids.tolist() == [1, 2, 3, 1, 0]
    assert joined.tokens.lengths.tolist() == [3, 1, 1]
    assert joined.tokens.pad_id == 7
    assert joined.targets.argmax(axis=1).tolist() == [2, 0, 1]
    assert len(joined) == 3
