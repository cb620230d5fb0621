"""Two GPU kernels in Triton: attention over packed texts with a position bias, and normalisation of a sum.

torch has neither in this form. Its attention with a bias wants equally long texts and older kernels; its
varlen attention is made for wider heads than those of the small encoder; its normalisation reaches a third of
the memory's rate. docs/scoring-notes.md has them beside each other. The attention is that of Dao,
"FlashAttention-2" (2023), one program for each head and block of queries; the normalisation that of Ba et
al., "Layer Normalization" (2016). Sums are in fp32.

Importing this module needs triton, which torch brings along on Linux with CUDA. The first use of a kernel
compiles it, which needs a C compiler and takes about a second.
"""

from __future__ import annotations

import math
from typing import Any

import triton
import triton.language as tl

QUERIES, KEYS = 64, 32
"""Tokens of one block; these and the warps were the fastest of ten settings on an H200."""

HEAD_WIDTHS = (16, 32, 64, 128)
LOG2_E = math.log2(math.e)


def distance_table(bias: Any) -> Any:
    """A bias that depends on the distance of two tokens, as one row a head.

    Args:
        bias: (1, heads, longest, longest), row by query and column by key.

    Returns:
        (heads, 2 * longest - 1 + 2 * QUERIES) in fp32, in units of log2: distances from one text's last token
        to its first up to the reverse, with zeros on both sides for tokens of a block that no text has.
    """
    import torch

    backward, forward = bias[0, :, :, 0].float().flip(1)[:, :-1], bias[0, :, 0, :].float()
    rows = torch.cat([backward, forward], dim=1) * LOG2_E
    return torch.nn.functional.pad(rows, (QUERIES, QUERIES)).contiguous()


def attend_packed(projected: Any, starts: Any, longest: int, heads: int, table: Any = None) -> Any:
    """Attention within each text.

    Args:
        projected: (tokens, 3 * width) in 16 bits, contiguous: query, key and value of each head.
        starts: (N + 1,) int32, where each text begins.
        longest: tokens of the longest text.
        heads: of the attention; width / heads must be one of `HEAD_WIDTHS`.
        table: from `distance_table`, or None.

    Returns:
        (tokens, width).

    Raises:
        NotImplementedError: heads of another width.
    """
    tokens, width = len(projected), projected.shape[1] // 3
    head_width = width // heads
    if head_width not in HEAD_WIDTHS:
        raise NotImplementedError(f"attention heads of width {head_width}")
    context = projected.new_empty((tokens, width))
    row = 0 if table is None else table.shape[1]
    grid = ((len(starts) - 1) * heads, triton.cdiv(longest, QUERIES))
    _attend[grid](
        projected,
        context,
        starts,
        projected if table is None else table,
        LOG2_E / math.sqrt(head_width),
        row,
        row // 2,
        heads,
        head_width,
        QUERIES,
        KEYS,
        table is not None,
        num_warps=4,
        num_stages=3,
    )
    return context


def add_norm_(sums: Any, addend: Any, weight: Any, bias: Any, epsilon: float) -> Any:
    """The layer normalisation of sums + addend, written over sums.

    Args:
        sums: (tokens, width), contiguous.
        addend, weight, bias: (width,).
        epsilon: added to the variance.
    """
    tokens, width = sums.shape
    rows, block = 4, triton.next_power_of_2(width)
    _add_norm[(triton.cdiv(tokens, rows),)](
        sums, addend, weight, bias, tokens, epsilon, width, block, rows, num_warps=2
    )
    return sums


@triton.jit
def _attend(
    projected,
    context,
    starts,
    table,
    scale,
    row_length,
    middle,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
    QUERIES: tl.constexpr,
    KEYS: tl.constexpr,
    BIASED: tl.constexpr,
):
    head, text = tl.program_id(0) % HEADS, tl.program_id(0) // HEADS
    first = tl.load(starts + text)
    length = tl.load(starts + text + 1) - first
    first_query = tl.program_id(1) * QUERIES
    if first_query < length:
        stride = 3 * HEADS * WIDTH
        origin = projected + first.to(tl.int64) * stride + head * WIDTH
        queries, columns = first_query + tl.arange(0, QUERIES), tl.arange(0, WIDTH)
        # what lies behind the text's end is its last token again, so that no load needs a mask
        query = tl.load(origin + tl.minimum(queries, length - 1)[:, None] * stride + columns[None, :])
        largest = tl.full([QUERIES], -float("inf"), tl.float32)
        total = tl.zeros([QUERIES], tl.float32)
        mixed = tl.zeros([QUERIES, WIDTH], tl.float32)
        biases = table + head * row_length + middle - queries[:, None]
        for first_key in range(0, length, KEYS):
            keys = first_key + tl.arange(0, KEYS)
            place = tl.minimum(keys, length - 1)[:, None] * stride + columns[None, :]
            key = tl.load(origin + HEADS * WIDTH + place)
            value = tl.load(origin + 2 * HEADS * WIDTH + place)
            scores = tl.dot(query, tl.trans(key)) * scale
            if BIASED:
                scores += tl.load(biases + keys[None, :])
            scores = tl.where(keys[None, :] < length, scores, -float("inf"))
            larger = tl.maximum(largest, tl.max(scores, 1))
            powers, fading = tl.exp2(scores - larger[:, None]), tl.exp2(largest - larger)
            total = total * fading + tl.sum(powers, 1)
            mixed = mixed * fading[:, None] + tl.dot(powers.to(value.dtype), value)
            largest = larger
        target = context + first.to(tl.int64) * (HEADS * WIDTH) + head * WIDTH
        target += queries[:, None] * (HEADS * WIDTH) + columns[None, :]
        mixed = (mixed / total[:, None]).to(context.dtype.element_ty)
        tl.store(target, mixed, mask=queries[:, None] < length)


@triton.jit(do_not_specialize=["tokens"])
def _add_norm(
    sums,
    addend,
    weight,
    bias,
    tokens,
    epsilon,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    ROWS: tl.constexpr,
):
    rows, columns = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, BLOCK)
    inside = columns < WIDTH
    places = sums + rows[:, None].to(tl.int64) * WIDTH + columns[None, :]
    mask = (rows[:, None] < tokens) & inside[None, :]
    added = tl.load(addend + columns, mask=inside, other=0.0).to(tl.float32)
    values = tl.load(places, mask=mask, other=0.0).to(tl.float32) + added[None, :]
    mean = tl.sum(values, 1) / WIDTH
    values = tl.where(inside[None, :], values - mean[:, None], 0.0)
    scale = tl.rsqrt(tl.sum(values * values, 1) / WIDTH + epsilon)
    weights = tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    biases = tl.load(bias + columns, mask=inside, other=0.0).to(tl.float32)
    values = values * scale[:, None] * weights[None, :] + biases[None, :]
    tl.store(places, values.to(sums.dtype.element_ty), mask=mask)
