"""Averages of adapters: identity, hand-computed products, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from peachdash.errors import BadInput
from peachdash.sentiment.merging import average_adapters

LAYER = "layer.0.dense"


def adapter(seed: int, rank: int = 4) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    shapes = {
        f"{LAYER}.lora_A": (rank, 20),
        f"{LAYER}.lora_B": (15, rank),
        "head.weight": (3, 20),
        "head.bias": (3,),
    }
    return {name: draw.normal(size=shape).astype(np.float16) for name, shape in shapes.items()}


def product(tensors: dict[str, np.ndarray]) -> np.ndarray:
    return tensors[f"{LAYER}.lora_B"].astype(float) @ tensors[f"{LAYER}.lora_A"].astype(float)


def test_the_average_of_a_model_with_itself_adds_the_same_to_each_layer():
    one = adapter(1)
    merged = average_adapters([one, one, one])
    assert product(merged) == pytest.approx(product(one), abs=0.02)
    assert merged["head.bias"] == pytest.approx(one["head.bias"], abs=1e-3)
    assert {name: value.shape for name, value in merged.items()} == {
        name: value.shape for name, value in one.items()
    }
    assert all(value.dtype == np.float16 for value in merged.values())


def test_two_models_that_share_a_row_space_average_exactly():
    one = adapter(1)
    other = {**one, f"{LAYER}.lora_B": adapter(2)[f"{LAYER}.lora_B"]}
    merged = average_adapters([one, other], [0.25, 0.75])
    assert product(merged) == pytest.approx(0.25 * product(one) + 0.75 * product(other), abs=0.03)


def test_the_average_is_the_nearest_of_its_rank():
    one, other = adapter(1), adapter(2)
    merged = product(average_adapters([one, other]))
    exact = (product(one) + product(other)) / 2
    left = np.linalg.svd(exact, compute_uv=False)[4:]
    assert np.linalg.norm(merged - exact) == pytest.approx(np.linalg.norm(left), rel=0.02)


def test_weights_of_one_choose_a_model():
    one, other = adapter(1), adapter(2)
    merged = average_adapters([one, other], [0, 1])
    assert product(merged) == pytest.approx(product(other), abs=0.02)
    assert merged["head.weight"] == pytest.approx(other["head.weight"], abs=1e-3)


@pytest.mark.parametrize(
    ("adapters", "weights"),
    [([], None), ([1, 2], [0.5]), ([1, 2], [0.5, 0.6])],
    ids=["none", "too few weights", "weights beyond 1"],
)
def test_what_cannot_be_averaged_is_refused(adapters, weights):
    with pytest.raises(BadInput):
        average_adapters([adapter(seed) for seed in adapters], weights)


def test_adapters_of_another_rank_are_refused():
    with pytest.raises(BadInput, match="rank"):
        average_adapters([adapter(1), adapter(1, rank=2)])
