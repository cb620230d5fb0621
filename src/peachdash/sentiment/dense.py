"""Dense layers as a device computes them fastest: y = x W' + b, with or without GELU after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from peachdash.sentiment.model import torch_dtype

Dense = Callable[[Any], Any]


def make_dense(weight: Any, bias: Any, device: str, precision: str, *, gelu: bool = False) -> Dense:
    """A function of (rows, in) to (rows, out).

    Args:
        weight: (out, in) in fp32 on the CPU.
        bias: (out,).
        device: cpu or cuda.
        precision: of the product: fp32, bf16, fp16 or int8.
        gelu: whether GELU follows.
    """
    dtype = torch_dtype("fp32" if precision == "int8" else precision)
    weight, bias = weight.detach().to(device, dtype).contiguous(), bias.detach().to(device, dtype)
    if precision == "int8":
        return _int8(weight, bias, gelu)
    if device == "cpu" and precision == "bf16" and can_prepack():
        return _prepacked(weight, bias, gelu)
    return PlainDense(weight, bias, gelu)


def can_prepack() -> bool:
    """Whether torch has oneDNN's products with weights laid out beforehand, as for models it compiles."""
    import torch

    names = ("_reorder_linear_weight", "_linear_pointwise")
    return torch.backends.mkldnn.is_available() and all(hasattr(torch.ops.mkldnn, name) for name in names)


def _prepacked(weight: Any, bias: Any, gelu: bool) -> Dense:
    """Weights in the layout that the product wants, GELU inside the product."""
    import torch

    packed = torch.ops.mkldnn._reorder_linear_weight(weight)
    product, after = torch.ops.mkldnn._linear_pointwise, "gelu" if gelu else "none"

    def linear(rows: Any) -> Any:
        return product(rows.to(torch.bfloat16), packed, bias, after, [], "none")

    return linear


@dataclass(frozen=True)
class PlainDense:
    """torch's own product, with GELU in place.

    cuBLAS could join GELU to the product, but only its tanh form. That differs from the exact one by up to
    0.0005 each time, which twelve layers carry on: it changed probabilities of the base encoder three times
    as much as all rounding to fp16 does.

    Attributes:
        weight: (out, in), in the precision of the product.
        bias: (out,).
        gelu: whether GELU follows.
    """

    weight: Any
    bias: Any
    gelu: bool

    def __call__(self, rows: Any) -> Any:
        """Rows (N, in) as (N, out)."""
        import torch

        product = torch.nn.functional.linear(rows.to(self.weight.dtype), self.weight, self.bias)
        return torch.ops.aten.gelu_(product) if self.gelu else product


def _int8(weight: Any, bias: Any, gelu: bool) -> Dense:
    """Weights in int8 with a scale for each output, inputs in int8 with a scale for each row.

    A scale for each row, not for the batch, so that a text's reading does not depend on its neighbours.
    """
    import torch
    import torch.nn.functional as functional

    scales = weight.abs().amax(dim=1).clamp(min=1e-8) / 127
    packed = (weight / scales[:, None]).round().to(torch.int8).t()

    def linear(rows: Any) -> Any:
        rows = rows.float()
        own = torch.linalg.vector_norm(rows, float("inf"), dim=1, keepdim=True).clamp(min=1e-8) / 127
        product = torch._int_mm((rows / own).round_().to(torch.int8), packed)
        return torch.addcmul(bias, product * own, scales)

    def linear_gelu(rows: Any) -> Any:
        return functional.gelu(linear(rows))

    return linear_gelu if gelu else linear
