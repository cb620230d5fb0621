"""VADER's compound score as probabilities."""

import numpy as np
import pytest

from peachdash.records import LABELS
from peachdash.sentiment.lexicon import THRESHOLD, compound_to_probabilities, lexicon_revision, score_lexicon


def test_largest_probability_agrees_with_vaders_cut_offs_at_every_compound() -> None:
    compound = np.arange(-10000, 10001) / 10000
    labels = np.asarray(LABELS)[compound_to_probabilities(compound).argmax(axis=1)]
    expected = np.where(compound >= 0.05, "positive", np.where(compound <= -0.05, "negative", "neutral"))
    assert (labels == expected).all()


def test_cut_offs_survive_single_precision() -> None:
    edges = compound_to_probabilities([-0.05, -0.0499, 0.0499, 0.05]).astype(np.float32)
    assert edges.argmax(axis=1).tolist() == [0, 1, 1, 2]


def test_rows_sum_to_one_and_are_symmetric() -> None:
    compound = np.linspace(-1, 1, 41)
    probabilities = compound_to_probabilities(compound)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(41))
    assert probabilities == pytest.approx(probabilities[::-1, ::-1])
    assert (np.diff(probabilities[:, 2]) > 0).all()


def test_values_of_the_documented_softmax() -> None:
    expected = np.exp([-2.5, 5 * 0.04995, 2.5])
    assert compound_to_probabilities([0.5])[0] == pytest.approx(expected / expected.sum())


def test_confidence_passes_the_threshold_at_a_compound_of_about_an_eighth() -> None:
    top = compound_to_probabilities([0.0, 0.05, 0.12, 0.13, -0.13]).max(axis=1)
    assert (top >= THRESHOLD).tolist() == [False, False, False, True, True]


@pytest.mark.parametrize("compound", [1.01, -2.0, float("nan")])
def test_no_compound_lies_outside_minus_one_to_one(compound: float) -> None:
    with pytest.raises(ValueError, match="between -1 and 1"):
        compound_to_probabilities([compound])


def test_texts() -> None:
    labels = score_lexicon(["This is great, I love it", "Horrible, I hate it", "The door is blue"]).argmax(
        axis=1
    )
    assert labels.tolist() == [2, 0, 1]
    assert score_lexicon([]).shape == (0, 3)


def test_revision_names_the_version() -> None:
    assert lexicon_revision().startswith("lexicon-vader-3.")
