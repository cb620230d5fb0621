"""Attention over equally long texts: by torch, and by bf16 products with a softmax that needs no maximum.

On a CPU torch's attention computes bf16 no faster than fp32, since its products are too small for the
processor's bf16 units. Products over all heads at once use them.
"""

from __future__ import annotations

import math
from typing import Any


def without_plans() -> Any:
    """Attention by kernels that take any shape; cuDNN first plans each one, and here most are new."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    return sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])


def attend(projected: Any, bias: Any) -> Any:
    """Attention by torch.

    Args:
        projected: (B, length, 3, heads, width of a head): query, key and value.
        bias: (1, heads, length, length), what is added to the scores of all texts, or None.

    Returns:
        (B, length, heads, width of a head), not contiguous.
    """
    import torch.nn.functional as functional

    query, key, value = projected.permute(2, 0, 3, 1, 4)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias).transpose(1, 2)


def attend_by_powers(projected: Any, bias: Any) -> Any:
    """The same by products of all heads at once and powers of e, normalised last.

    The mean key is taken off every key, which adds the same to all scores of a query and so changes no
    softmax. The scores of a query then have the mean 0: no sum of powers vanishes, and rounding scores to 16
    bits takes less from them. Where powers overflow all the same, torch's attention answers.

    Args:
        projected, bias: as in `attend`, bf16.
    """
    import torch

    count, length, _, heads, width = projected.shape
    split = projected.permute(2, 0, 3, 1, 4).contiguous().view(3, count * heads, length, width)
    query, key, value = split
    key -= key.mean(dim=1, keepdim=True)
    key *= width**-0.5
    scores = torch.bmm(query, key.transpose(1, 2))
    if bias is not None:
        scores.view(count, heads, length, length).add_(bias)
    powers = scores.exp_()
    sums = powers.sum(dim=2, keepdim=True, dtype=torch.float32)
    if not float(sums.max()) < math.inf:
        return attend(projected, bias)
    return (torch.bmm(powers, value) / sums).view(count, heads, length, width).transpose(1, 2)
