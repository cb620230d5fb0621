"""What an encoder computes between its dense layers: attention within each text, and sums with normalisation.

On a GPU in 16 bits the project's own kernels (`kernels`) do it where they work. Otherwise torch does:
`torch.nn.attention.varlen` on a GPU, and for encoders that add a position bias to the scores (mpnet), and on
CPUs, ordinary attention over runs of equally long texts, which need no mask since texts are sorted by length.
What a machine can do is found by trying it on two small texts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from peachdash.sentiment.attention import attend, attend_by_powers
from peachdash.sentiment.dense import make_dense
from peachdash.sentiment.model import PRECISIONS, torch_dtype
from peachdash.sentiment.packing import PackedBatch

log = logging.getLogger(__name__)

TRIED_LENGTHS = (70, 5)
TOLERANCE = {"fp32": 1e-4, "fp16": 0.02, "bf16": 0.16}
"""Between ways to compute the same, for values about 1."""

Norm = tuple[Any, Any]


@dataclass(frozen=True)
class Shape:
    """What the steps know of an encoder.

    Attributes:
        heads: of the attention.
        width: of a token's vector.
        longest: tokens that a text may have.
        epsilon: of the normalisations.
    """

    heads: int
    width: int
    longest: int
    epsilon: float


class Steps(Protocol):
    """What stands between the dense layers."""

    def attend(self, projected: Any, batch: PackedBatch) -> Any:
        """Attention within each text: query, key and value (tokens, 3 * width) to (tokens, width)."""
        ...

    def add_norm(self, dense: Any, rows: Any, hidden: Any, norm: Norm) -> Any:
        """The normalised sum of hidden (tokens, width), which may be overwritten, and a dense layer."""
        ...


class PlainSteps:
    """The steps by torch.

    Args:
        bias: (1, heads, longest, longest), what is added to the scores of all texts; None for none.
        by_powers: attend by bf16 products (CPU).
    """

    def __init__(self, shape: Shape, bias: Any = None, *, by_powers: bool = False) -> None:
        self._heads, self._epsilon, self._bias = shape.heads, shape.epsilon, bias
        self._attend_texts = attend_by_powers if by_powers else attend

    def attend(self, projected: Any, batch: PackedBatch) -> Any:
        """See `Steps`: over runs of equally long texts."""
        tokens, width = projected.shape
        context = projected.new_empty((tokens, width // 3))
        for first, count, length in batch.runs:
            rows = slice(first, first + count * length)
            split = projected[rows].view(count, length, 3, self._heads, -1)
            bias = None if self._bias is None else self._bias[:, :, :length, :length]
            context[rows].view(count, length, self._heads, -1).copy_(self._attend_texts(split, bias))
        return context

    def add_norm(self, dense: Any, rows: Any, hidden: Any, norm: Norm) -> Any:
        """See `Steps`."""
        import torch.nn.functional as functional

        return functional.layer_norm(dense(rows) + hidden, hidden.shape[-1:], *norm, self._epsilon)


class VarlenSteps(PlainSteps):
    """The steps by torch on a GPU, for encoders without a position bias."""

    def attend(self, projected: Any, batch: PackedBatch) -> Any:
        """See `Steps`."""
        from torch.nn.attention.varlen import varlen_attn

        tokens, width = projected.shape
        longest = int(batch.lengths.max())
        query, key, value = projected.view(tokens, 3, self._heads, -1).unbind(1)
        context = varlen_attn(query, key, value, batch.starts, batch.starts, longest, longest)
        return context.reshape(tokens, width // 3)


class KernelSteps:
    """The steps by the project's own kernels; the sum is left to the matrix product of the dense layer.

    Args:
        bias: as for `PlainSteps`, in fp32.

    Raises:
        ImportError: there is no triton here.
    """

    def __init__(self, shape: Shape, bias: Any = None) -> None:
        from peachdash.sentiment import kernels

        self._kernels, self._heads, self._epsilon = kernels, shape.heads, shape.epsilon
        self._table = None if bias is None else kernels.distance_table(bias)

    def attend(self, projected: Any, batch: PackedBatch) -> Any:
        """See `Steps`."""
        longest = int(batch.lengths.max())
        return self._kernels.attend_packed(projected, batch.starts, longest, self._heads, self._table)

    def add_norm(self, dense: Any, rows: Any, hidden: Any, norm: Norm) -> Any:
        """See `Steps`; the sum of hidden and product is rounded once instead of twice."""
        sums = hidden.addmm_(rows, dense.weight.t())
        return self._kernels.add_norm_(sums, dense.bias, *norm, self._epsilon)


def choose_steps(device: str, dtype: Any, products: Any, shape: Shape, bias: Any) -> Steps:
    """The fastest steps that work here.

    Args:
        device: cpu or cuda.
        dtype: torch dtype of what lies between the products.
        products: torch dtype of the products.
        bias: (1, heads, longest, longest) in fp32 on the device, or None.
    """
    import torch

    by_powers = device == "cpu" and products == torch.bfloat16 and bias is None
    plain = PlainSteps(shape, None if bias is None else bias.to(dtype), by_powers=by_powers)
    if device == "cpu" or dtype == torch.float32:
        return plain
    ways: dict[str, Callable[[], Steps]] = {"kernels of its own": lambda: KernelSteps(shape, bias)}
    if bias is None:
        ways["varlen attention"] = lambda: VarlenSteps(shape)
    for name, make in ways.items():
        try:
            steps = make()
            if agree(steps, plain, shape, dtype, device):
                return steps
            log.warning("%s differ from plain attention here, and are left out", name)
        except Exception as error:  # compilers fail in many ways, none of which may end a run
            reason = (str(error).strip().splitlines() or ["no message"])[0][:200]
            log.warning("no %s here (%s: %s)", name, type(error).__name__, reason)
    return plain


def agree(steps: Steps, plain: Steps, shape: Shape, dtype: Any, device: str) -> bool:
    """Whether two ways compute the same of two small texts, but for rounding."""
    import torch

    generator = torch.Generator(device).manual_seed(0)

    def draw(*shape: int) -> Any:
        return torch.randn(*shape, generator=generator, device=device, dtype=dtype)

    lengths = np.minimum(TRIED_LENGTHS, shape.longest)
    starts = torch.tensor(np.cumsum([0, *lengths]), dtype=torch.int32, device=device)
    batch = PackedBatch(None, None, starts, lengths)
    tokens, width = int(lengths.sum()), shape.width
    projected, hidden, norm = draw(tokens, 3 * width), draw(tokens, width), (draw(width), draw(width))
    precision = next(name for name in PRECISIONS if torch_dtype(name) == dtype)
    dense = make_dense(draw(width, width).float() * width**-0.5, draw(width).float(), device, precision)
    with torch.inference_mode():
        pairs = [
            (way.attend(projected, batch), way.add_norm(dense, projected[:, :width], hidden.clone(), norm))
            for way in (steps, plain)
        ]
    loose = TOLERANCE[precision]
    return all(torch.allclose(*both, atol=loose, rtol=loose) for both in zip(*pairs, strict=True))
