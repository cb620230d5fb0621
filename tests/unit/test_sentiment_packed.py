"""Encoders without padding against transformers' own, text by text."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import peachdash.sentiment
from peachdash.sentiment.dense import make_dense
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.model import Network
from peachdash.sentiment.packed import KINDS, PackedEncoder
from peachdash.sentiment.packing import PackedBatch, PackedTexts
from peachdash.sentiment.registry import resolve_model
from peachdash.sentiment.steps import KernelSteps, PlainSteps, Shape, VarlenSteps, agree
from peachdash.sentiment.tokens import EncodedTexts

torch = pytest.importorskip("torch")
REPOSITORY = Path(__file__).resolve().parents[2]
ODD = [
    "",
    "🍑",
    "\x00\x01\x02",
    "très bon café, merci",
    "桃の店は最高",
    "good " * 20_000,
    "peachy",
    "[SEP] <s>",
]


def random_network(kind: str, width: int = 32) -> Network:
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(1)
    shape = {
        "vocab_size": 50,
        "hidden_size": width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "initializer_range": 0.3,
    }
    padding = {} if kind == "bert" else {"pad_token_id": 1}
    encoder = AutoModel.from_config(AutoConfig.for_model(kind, **shape, **padding), add_pooling_layer=False)
    return Network(encoder.eval(), torch.nn.Linear(width, 3))


def random_texts(lengths: list[int]) -> EncodedTexts:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.random.default_rng(2).integers(5, 50, size=offsets[-1]).astype(np.int32)
    return EncodedTexts(ids, offsets, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [None, np.array([4, 0, 2])], ids=["all", "some"])
def test_logits_are_those_of_transformers(kind, rows):
    network, encoded = random_network(kind), random_texts([5, 3, 5, 40, 2, 3])
    asked = np.arange(6) if rows is None else rows
    with torch.inference_mode():
        plain = network.logits(*map(torch.from_numpy, encoded.padded(asked))).numpy()
        texts = PackedTexts.of(encoded, "cpu", rows)
        packed = PackedEncoder(network, "cpu", "fp32").logits(texts.batch(0, len(asked))).numpy()
    assert texts.lengths.tolist() == sorted(encoded.lengths[asked].tolist(), reverse=True)
    assert packed == pytest.approx(plain[[asked.tolist().index(row) for row in texts.order]], abs=2e-5)


def test_a_batch_is_a_part_of_the_whole():
    network, encoded = random_network("mpnet"), random_texts([5, 3, 5, 40, 2, 3])
    encoder, texts = PackedEncoder(network, "cpu", "fp32"), PackedTexts.of(encoded, "cpu")
    with torch.inference_mode():
        whole = encoder.logits(texts.batch(0, 6)).numpy()
        parts = [encoder.logits(texts.batch(*part)).numpy() for part in ((0, 2), (2, 5), (5, 6))]
    assert np.concatenate(parts) == pytest.approx(whole, abs=2e-5)
    assert texts.batch(0, 6).runs == [(0, 1, 40), (40, 2, 5), (50, 2, 3), (56, 1, 2)]


def test_padded_is_the_rectangle_of_the_host():
    encoded = random_texts([5, 3, 2])
    ids, mask = PackedTexts.of(encoded, "cpu").batch(0, 3).padded(9)
    expected = EncodedTexts(encoded.ids, encoded.offsets, 9).padded(np.arange(3))
    assert ids.tolist() == expected[0].tolist()
    assert mask.tolist() == expected[1].tolist()


def shipped(size: str, precision: str) -> LoadedModel:
    encoders = REPOSITORY / ".cache" / "encoders"
    try:
        reference = resolve_model(f"champion-{size}", REPOSITORY / "models", encoders)
    except Exception as error:
        pytest.skip(str(error))
    return Scorer(encoders, device="cpu", precision=precision).loaded(reference)


def plain_probabilities(model: LoadedModel, encoded: EncodedTexts) -> np.ndarray:
    rows = np.arange(len(encoded.lengths))
    with torch.inference_mode():
        parts = [
            model.network.logits(*map(torch.from_numpy, encoded.padded(rows[start : start + 8]))).numpy()
            for start in range(0, len(rows), 8)
        ]
    return model.probabilities(np.concatenate(parts))


@pytest.mark.parametrize(("size", "precision", "bound"), [
    ("small", "fp32", 2e-5),
    ("small", "bf16", 0.02),
    pytest.param("base", "fp32", 2e-5, marks=pytest.mark.slow),
])  # fmt: skip
def test_shipped_models_read_as_plain_fp32_one_by_one(size, precision, bound):
    from peachdash.sentiment.corpus import load_reviews

    model = shipped(size, precision)
    texts = [*list(load_reviews(REPOSITORY / "data", "validation")["text"])[:50], *ODD]
    encoded = model.encode(texts)
    plain = plain_probabilities(model, encoded)
    packed = PackedTexts.of(encoded, "cpu")
    found = np.empty_like(plain)
    found[packed.order] = model.probabilities(model.logits(packed.batch(0, len(texts))).numpy())
    assert np.abs(found - plain).max() <= bound
    top = np.sort(plain, axis=1)
    clear = top[:, 2] - top[:, 1] > 0.02
    assert (found.argmax(axis=1) == plain.argmax(axis=1))[clear].all()


on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@on_a_gpu
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("precision", "bound"), [("fp16", 0.004), ("bf16", 0.03)])
@pytest.mark.parametrize("way", ["kernels", "torch"])
def test_a_gpu_computes_the_same(kind, precision, bound, way, monkeypatch):
    network, encoded = random_network(kind, width=64), random_texts([5, 3, 5, 40, 2, 3])
    if way == "torch":
        monkeypatch.setitem(sys.modules, "triton", None)
        monkeypatch.delitem(sys.modules, "peachdash.sentiment.kernels", raising=False)
        monkeypatch.delattr(peachdash.sentiment, "kernels", raising=False)
    with torch.inference_mode():
        texts = PackedTexts.of(encoded, "cuda")
        plain = network.logits(*map(torch.from_numpy, encoded.padded(texts.order))).softmax(1).numpy()
        encoder = PackedEncoder(network, "cuda", precision)
        packed = encoder.logits(texts.batch(0, 6)).softmax(1).cpu().numpy()
    assert packed == pytest.approx(plain, abs=bound)
    own = VarlenSteps if kind != "mpnet" else PlainSteps
    assert type(encoder.steps) is (KernelSteps if way == "kernels" else own)


@on_a_gpu
def test_heads_that_the_kernels_do_not_take_are_read_by_torch(caplog):
    encoder = PackedEncoder(random_network("mpnet"), "cuda", "fp16")
    assert type(encoder.steps) is PlainSteps
    assert "no kernels of its own here (NotImplementedError: attention heads of width 8)" in caplog.text


@on_a_gpu
def test_kernels_attend_as_torch_does_over_several_blocks():
    generator = torch.Generator("cuda").manual_seed(3)
    lengths = np.array([256, 141, 64, 33, 1])
    starts = torch.tensor(np.cumsum([0, *lengths]), dtype=torch.int32, device="cuda")
    batch = PackedBatch(None, None, starts, lengths)
    shape = Shape(heads=12, width=768, longest=512, epsilon=1e-5)
    row = torch.randn(12, 2 * 512 - 1, generator=generator, device="cuda")
    place = torch.arange(512, device="cuda")
    bias = row[:, place[None, :] - place[:, None] + 511][None]
    projected = torch.randn(int(lengths.sum()), 3 * 768, generator=generator, device="cuda").half()
    for given in (bias, None):
        exact = PlainSteps(shape, given).attend(projected.float(), batch)
        assert torch.allclose(KernelSteps(shape, given).attend(projected, batch).float(), exact, atol=0.004)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=on_a_gpu)])
def test_gelu_is_the_exact_one(device):
    """Its tanh form is off by up to 0.0005 here, which moves probabilities of the base encoder by 0.03."""
    rows = torch.linspace(-4, -1, 64, device=device)[:, None]
    precision = "fp32" if device == "cpu" else "fp16"
    dense = make_dense(torch.ones(1, 1), torch.zeros(1), device, precision, gelu=True)
    exact = torch.nn.functional.gelu(rows.to(dense.weight.dtype).double())
    assert (dense(rows).double() - exact).abs().max() < 1e-4


@pytest.mark.parametrize("given", [True, False], ids=["bias", "no bias"])
def test_ways_to_compute_are_tried_against_each_other(given):
    shape = Shape(heads=2, width=16, longest=128, epsilon=1e-5)
    bias = torch.randn(1, 2, 128, 128) if given else None
    plain = PlainSteps(shape, bias)

    class Off(PlainSteps):
        def attend(self, projected, batch):
            found = super().attend(projected, batch)
            found[-1] += 0.01
            return found

    class Forgetful(PlainSteps):
        def add_norm(self, dense, rows, hidden, norm):
            return super().add_norm(lambda rows: dense(rows) - dense.bias, rows, hidden, norm)

    assert agree(PlainSteps(shape, bias), plain, shape, torch.float32, "cpu")
    assert not agree(Off(shape, bias), plain, shape, torch.float32, "cpu")
    assert not agree(Forgetful(shape, bias), plain, shape, torch.float32, "cpu")
