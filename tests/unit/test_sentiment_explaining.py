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
    text = f"soup was {word}"
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


def test_vectors_are_the_means_that_transformers_computes(tiny_encoder, encoders_dir):
    from peachdash.sentiment.model import load_encoder, mean_pool
    from peachdash.sentiment.tokens import encode_texts, load_tokenizer

    texts = list(make_frame(40, seed=4)["text"].drop_duplicates())  # noqa: F405
    encoder = load_encoder(tiny_encoder)
    encoded = encode_texts(load_tokenizer(tiny_encoder), texts, int(encoder.config.pad_token_id or 0))
    with torch.inference_mode():
        ids, mask = map(torch.from_numpy, encoded.padded(np.arange(len(texts))))
        hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        plain = torch.nn.functional.normalize(mean_pool(hidden, mask), dim=1).numpy()
    for precision in ("fp32", "bf16"):
        found = _padded(Embedder(encoders_dir, "cpu", precision), texts, [])
        assert (found * plain).sum(axis=1).min() > 0.999, precision


@pytest.mark.parametrize(
    ("seconds", "chosen"), [({"fp32": 2, "bf16": 1}, "bf16"), ({"fp32": 1, "bf16": 2}, "fp32")]
)
def test_the_faster_precision_is_kept_and_tried_once(
    tiny_encoder, encoders_dir, monkeypatch, seconds, chosen
):
    tried = []

    def timed(self, texts, precision):
        tried.append(precision)
        return np.eye(len(texts), dtype=np.float32), seconds[precision]

    monkeypatch.setattr(Embedder, "_timed", timed)
    embedder = Embedder(encoders_dir, "cpu")
    _padded(embedder, ["the soup"], [])
    assert (embedder.precision, tried) == ("fp32", [])
    many = [f"the soup {number}" for number in range(1100)]
    for _ in range(2):
        _padded(embedder, many, [])
    assert (embedder.precision, tried) == (chosen, ["fp32", "bf16"])


def test_a_precision_that_reads_differently_is_not_kept(tiny_encoder, encoders_dir, monkeypatch):
    vectors = {"fp32": np.eye(256, dtype=np.float32), "bf16": np.eye(256, dtype=np.float32)[::-1]}
    monkeypatch.setattr(
        Embedder, "_timed", lambda self, texts, name: (vectors[name], {"fp32": 2}.get(name, 1))
    )
    embedder = Embedder(encoders_dir, "cpu")
    _padded(embedder, [f"the soup {number}" for number in range(1100)], [])
    assert embedder.precision == "fp32"


def test_a_stop_between_batches_ends_the_call(tiny_encoder, encoders_dir, monkeypatch):
    def stop(done, total):
        raise SystemExit

    monkeypatch.setattr("peachdash.sentiment.embedding.WIDTH", 32)
    with pytest.raises(SystemExit):
        Embedder(encoders_dir, "cpu").embed(["the soup"], on_batch=stop)


def _padded(embedder: Embedder, texts: list[str], seen: list[tuple[int, int]]) -> np.ndarray:
    """The tiny encoder is 32 wide."""
    import peachdash.sentiment.embedding as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WIDTH", 32)
        return embedder.embed(texts, on_batch=lambda done, total: seen.append((done, total)))
