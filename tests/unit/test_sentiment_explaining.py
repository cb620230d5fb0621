"""Explanations and vectors, on a random encoder that learned eight words."""

from __future__ import annotations

import numpy as np
import pytest

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.embedding import Embedder
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.explaining import explain_reading
from tests.unit.sentiment_tiny import *  # noqa: F403

torch = pytest.importorskip("torch")


@pytest.fixture
def model(generic, tiny_encoder, encoders_dir):
    return Scorer(encoders_dir, device="cpu", precision="fp32").loaded(generic.reference)


def weights(found, text: str) -> dict[str, float]:
    return {text[start:end]: weight for start, end, weight in found.words}


@pytest.mark.parametrize(("word", "label"), [("awful", "negative"), ("great", "positive")])
def test_the_word_that_gives_the_label_away_weighs_most(model, word, label):
    text = f"the soup was {word} here"
    found = explain_reading(model, text)
    assert LABELS[found.label] == label
    told = weights(found, text)
    assert max(told, key=told.get) == word


def test_weights_add_up_to_the_score_but_for_the_error(model):
    text = "the shop was cold"
    found = explain_reading(model, text, steps=128)
    encoded = model.encode([text]).padded(np.array([0]))
    ids = np.array(encoded[0])
    empty = ids.copy()
    empty[:, 1:-1] = model.encode.pad_id

    def score(tokens: np.ndarray) -> float:
        with torch.inference_mode():
            tensor = torch.from_numpy(tokens)
            logits = model.network.logits(tensor, torch.ones_like(tensor))[0].numpy()
        others = [column for column in range(3) if column != found.label]
        return float(logits[found.label] - logits[others].mean())

    total = sum(weight for _, _, weight in found.words)
    assert total == pytest.approx(score(ids) - score(empty), abs=found.error + 0.05)


def test_places_are_words_of_the_text_and_long_texts_are_cut(model):
    text = " ".join(["the soup was cold and"] * 100)
    found = explain_reading(model, text, steps=4)
    assert all(text[start:end].isalpha() for start, end, _ in found.words)
    assert len(found.words) <= 254


def test_nothing_is_explained_of_a_blank_text(model):
    with pytest.raises(BadInput):
        explain_reading(model, "  ")


def test_vectors_are_of_unit_length_and_the_same_for_the_same_text(tiny_encoder, encoders_dir):
    embedder = Embedder(encoders_dir, "cpu")
    seen = []
    vectors = _padded(embedder, ["the soup", "a shop here", "the soup"], seen)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[2])
    assert seen[-1] == (2, 2)


def _padded(embedder: Embedder, texts: list[str], seen: list[tuple[int, int]]) -> np.ndarray:
    """The tiny encoder is 32 wide."""
    import peachdash.sentiment.embedding as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WIDTH", 32)
        return embedder.embed(texts, on_batch=lambda done, total: seen.append((done, total)))
