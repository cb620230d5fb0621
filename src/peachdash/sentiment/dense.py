"""Dense layers as a device computes them fastest: y = x W' + b, with or without GELU after it."""

from __future__ import annotations

from collections.abc import Callable
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
    if device == "cuda" and gelu and precision != "fp32":
        return _gelu_in_product(weight, bias)
    if device == "cpu" and precision == "bf16" and can_prepack():
        return _prepacked(weight, bias, gelu)
    return _plain(weight, bias, gelu)


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


def _plain(weight: Any, bias: Any, gelu: bool) -> Dense:
    import torch.nn.functional as functional

    def linear(rows: Any) -> Any:
        return functional.linear(rows.to(weight.dtype), weight, bias)

    def linear_gelu(rows: Any) -> Any:
        return functional.gelu(linear(rows))

    return linear_gelu if gelu else linear


def _gelu_in_product(weight: Any, bias: Any) -> Dense:
    """GELU inside the matrix product of cuBLAS, which saves a pass over the widest array of the network.

    It is the tanh form of GELU, which differs from the exact one by less than 0.0005, about what
    rounding to 16 bits costs.
    """
    import torch

    if not hasattr(torch, "_addmm_activation"):
        return _plain(weight, bias, gelu=True)
    transposed = weight.t()

    def linear_gelu(rows: Any) -> Any:
        return torch._addmm_activation(bias, rows, transposed, use_gelu=True)

    return linear_gelu


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
