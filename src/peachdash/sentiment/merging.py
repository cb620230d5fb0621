"""Averaging adapters that started from the same weights: one model of the size of one.

Models fine-tuned from one start, differing in seed or settings, can be averaged into one that is as good as
their best or better and forgets less (Wortsman et al., "Model soups", ICML 2022; "Robust fine-tuning of
zero-shot models", CVPR 2022, for averaging with the start itself). What is averaged here is what an adapter
adds to each layer, alpha / rank * B A; the average has a higher rank, and its best approximation of the old
rank (Eckart and Young) becomes the new matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from peachdash.errors import BadInput
from peachdash.sentiment.adapter import HEAD_BIAS, HEAD_WEIGHT

Tensors = Mapping[str, np.ndarray]


def average_adapters(
    adapters: Sequence[Tensors], weights: Sequence[float] | None = None
) -> dict[str, np.ndarray]:
    """The weighted average of adapters of one rank, scale and encoder, as float16 arrays.

    Args:
        adapters: tensors by name, as `adapter.read_adapter` gives them; each `<layer>.lora_A` is (rank, in),
            each `<layer>.lora_B` (out, rank).
        weights: one for each adapter, summing to 1; equal where left out.

    Raises:
        BadInput: no adapter, other layers or shapes, or weights that do not sum to 1.
    """
    shares = _checked(adapters, weights)
    merged: dict[str, np.ndarray] = {}
    for name in adapters[0]:
        if name.endswith(".lora_B"):
            continue
        if name.endswith(".lora_A"):
            layer = name.removesuffix(".lora_A")
            first, second = _average_layer(adapters, shares, layer)
            merged[name], merged[f"{layer}.lora_B"] = first.astype(np.float16), second.astype(np.float16)
        else:
            parts = (
                share * tensors[name].astype(np.float64)
                for share, tensors in zip(shares, adapters, strict=True)
            )
            merged[name] = sum(parts, np.zeros(())).astype(np.float16)
    return merged


def _average_layer(
    adapters: Sequence[Tensors], shares: Sequence[float], layer: str
) -> tuple[np.ndarray, np.ndarray]:
    """A (rank, in) and B (out, rank) whose product is nearest to the average of the products.

    The products are never multiplied out: stacked, they are one product of thin matrices, whose singular
    values come from the QR factors of both.
    """
    rank = adapters[0][f"{layer}.lora_A"].shape[0]
    rows = np.concatenate([tensors[f"{layer}.lora_A"].astype(np.float64) for tensors in adapters])
    columns = np.concatenate(
        [
            share * tensors[f"{layer}.lora_B"].astype(np.float64)
            for share, tensors in zip(shares, adapters, strict=True)
        ],
        axis=1,
    )
    left, left_factor = np.linalg.qr(columns)
    right, right_factor = np.linalg.qr(rows.T)
    u, singular, v = np.linalg.svd(left_factor @ right_factor.T)
    root = np.sqrt(singular[:rank])
    return (root[:, None] * v[:rank]) @ right.T, (left @ u[:, :rank]) * root


def _checked(adapters: Sequence[Tensors], weights: Sequence[float] | None) -> list[float]:
    if not adapters:
        raise BadInput("There is no adapter to average.")
    shares = [1 / len(adapters)] * len(adapters) if weights is None else [float(weight) for weight in weights]
    if len(shares) != len(adapters) or not np.isclose(sum(shares), 1):
        raise BadInput(
            f"Averaging {len(adapters)} adapters needs as many weights, summing to 1, not {shares}."
        )
    shapes = [{name: value.shape for name, value in tensors.items()} for tensors in adapters]
    if any(shape != shapes[0] for shape in shapes) or not {HEAD_WEIGHT, HEAD_BIAS} <= set(shapes[0]):
        raise BadInput("Only adapters of one encoder, with the same layers and rank, can be averaged.")
    return shares
