"""The encoders without padding: the tokens of all texts of a batch stand one after the other.

transformers computes a batch as a rectangle, padding included. Here a batch is (tokens, width), so that no
layer computes padding. Only attention must know where texts begin and end: on a GPU by
`torch.nn.attention.varlen`, elsewhere, and for encoders that add a position bias to the scores (mpnet), by
ordinary attention over runs of equally long texts, which need no mask since texts are sorted by length.

The weights are those of the transformers module, LoRA merged; query, key and value are one product. That the
logits are the same is tested for both encoders (`tests/unit/test_sentiment_packed.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.attention import attend, attend_by_powers, without_plans
from peachdash.sentiment.dense import Dense, make_dense
from peachdash.sentiment.model import Network, torch_dtype
from peachdash.sentiment.tokens import EncodedTexts, longest_first

log = logging.getLogger(__name__)

SHIFTED_KINDS = ("mpnet", "roberta", "xlm-roberta", "camembert")
"""Their positions are counted from behind the padding token's number."""

KINDS = ("bert", *SHIFTED_KINDS)


@dataclass(frozen=True)
class PackedTexts:
    """Tokens of N texts on a device, the longest text first.

    Attributes:
        ids, positions: (total,) int32 tensors; a position counts from 0 in each text.
        starts: (N + 1,) int32 tensor of where each text begins.
        lengths, offsets: (N,) and (N + 1,) the same on the host, as int64 arrays.
        order: (N,) row of each text before sorting.
    """

    ids: Any
    positions: Any
    starts: Any
    lengths: np.ndarray
    offsets: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, encoded: EncodedTexts, device: str, rows: np.ndarray | None = None) -> PackedTexts:
        """Sorts encoded texts, or some of them, and sends them to a device without waiting for it."""
        import torch

        rows = np.arange(len(encoded.lengths)) if rows is None else rows
        order = rows[longest_first(encoded.lengths[rows])]
        lengths = encoded.lengths[order]
        offsets = np.concatenate([[0], np.cumsum(lengths)])

        def send(array: np.ndarray) -> Any:
            tensor = torch.from_numpy(array.astype(np.int32, copy=False))
            return tensor if device == "cpu" else tensor.pin_memory().to(device, non_blocking=True)

        starts, counts, total = send(offsets), send(lengths), int(offsets[-1])
        positions = torch.arange(total, dtype=torch.int32, device=device)
        positions -= torch.repeat_interleave(starts[:-1], counts, output_size=total)
        before = torch.repeat_interleave(send(encoded.offsets[order]), counts, output_size=total)
        return cls(send(encoded.ids)[before + positions], positions, starts, lengths, offsets, order)

    def batch(self, start: int, stop: int) -> PackedBatch:
        """The texts `start` to `stop` of the sorted ones."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        starts = self.starts[start : stop + 1]
        return PackedBatch(
            ids=self.ids[first:last],
            positions=self.positions[first:last],
            starts=starts - starts[0],
            lengths=self.lengths[start:stop],
        )


@dataclass(frozen=True)
class PackedBatch:
    """Some of `PackedTexts`: `starts` counts from the first token of the batch."""

    ids: Any
    positions: Any
    starts: Any
    lengths: np.ndarray

    def padded(self, pad_id: int) -> tuple[Any, Any]:
        """Ids and mask (B, longest) int64, for modules that want a rectangle."""
        import torch

        counts = torch.diff(self.starts).long()
        rows = torch.repeat_interleave(
            torch.arange(len(counts), device=counts.device), counts, output_size=len(self.ids)
        )
        shape = (len(self.lengths), int(self.lengths.max(initial=0)))
        ids = torch.full(shape, pad_id, dtype=torch.long, device=counts.device)
        mask = torch.zeros_like(ids)
        ids[rows, self.positions.long()] = self.ids.long()
        mask[rows, self.positions.long()] = 1
        return ids, mask

    @cached_property
    def runs(self) -> list[tuple[int, int, int]]:
        """Equally long texts in a row, as (first token, number of texts, their length)."""
        changes = np.flatnonzero(np.diff(self.lengths)) + 1
        runs, token = [], 0
        for start, stop in pairwise([0, *changes.tolist(), len(self.lengths)]):
            length = int(self.lengths[start])
            runs.append((token, stop - start, length))
            token += (stop - start) * length
        return runs


@dataclass(frozen=True)
class _Layer:
    projected: Dense
    attended: Dense
    up: Dense
    down: Dense
    norms: tuple[tuple[Any, Any], tuple[Any, Any]]


class PackedEncoder:
    """An encoder and its head that read packed batches.

    Args:
        network: encoder and head in fp32 on the CPU; it stays as it is.
        device: cpu or cuda.
        precision: fp32, bf16, fp16 or int8 (CPU; dense layers only).
        fused: compile the sum and normalisation between layers (GPU), which costs seconds once.

    Raises:
        ModelUnavailable: an encoder of another kind.
    """

    def __init__(self, network: Network, device: str, precision: str, *, fused: bool = False) -> None:
        config = network.encoder.config
        if config.model_type not in KINDS or config.hidden_act != "gelu":
            raise ModelUnavailable(f"An encoder of kind {config.model_type} cannot be packed.")
        self.device = device
        self._dtype = torch_dtype("fp32" if precision == "int8" else precision)
        self._sums = torch_dtype("fp32") if device == "cpu" else self._dtype
        self._heads = int(config.num_attention_heads)
        self._epsilon = float(config.layer_norm_eps)
        self._words, self._places, self._first_norm = self._embeddings(network.encoder)
        self._layers = [self._layer(layer, precision) for layer in network.encoder.encoder.layer]
        self._head = (network.head.weight.detach().to(device), network.head.bias.detach().to(device))
        self._bias = self._position_bias(network.encoder)
        self._attend = self._attend_varlen if self._can_varlen() else self._attend_runs
        by_powers = device == "cpu" and precision == "bf16" and self._bias is None
        self._attend_texts = attend_by_powers if by_powers else attend
        self._add_norm = _compiled(_add_norm) if fused else _add_norm

    def logits(self, batch: PackedBatch) -> Any:
        """Logits (B, 3) in fp32, on the device."""
        import torch.nn.functional as functional

        return functional.linear(self.pooled(batch), *self._head)

    def pooled(self, batch: PackedBatch) -> Any:
        """The mean token vector of each text (B, width) in fp32, on the device."""
        return _mean_of_texts(self.hidden(batch), batch)

    def hidden(self, batch: PackedBatch) -> Any:
        """Token vectors (tokens, width) of the last layer."""
        import torch.nn.functional as functional

        vectors = functional.embedding(batch.ids, self._words)
        vectors += functional.embedding(batch.positions, self._places)
        hidden = functional.layer_norm(vectors, vectors.shape[-1:], *self._first_norm, self._epsilon)
        with without_plans():
            for layer in self._layers:
                context = self._attend(layer.projected(hidden), batch)
                hidden = self._add_norm(layer.attended(context), hidden, *layer.norms[0], self._epsilon)
                inner = layer.down(layer.up(hidden))
                hidden = self._add_norm(inner, hidden, *layer.norms[1], self._epsilon)
        return hidden

    def _attend_varlen(self, projected: Any, batch: PackedBatch) -> Any:
        from torch.nn.attention.varlen import varlen_attn

        tokens, width = projected.shape
        longest = int(batch.lengths.max())
        split = projected.view(tokens, 3, self._heads, -1)
        query, key, value = split.unbind(1)
        context = varlen_attn(query, key, value, batch.starts, batch.starts, longest, longest)
        return context.reshape(tokens, width // 3)

    def _attend_runs(self, projected: Any, batch: PackedBatch) -> Any:
        tokens, width = projected.shape
        context = projected.new_empty((tokens, width // 3))
        for first, count, length in batch.runs:
            rows = slice(first, first + count * length)
            split = projected[rows].view(count, length, 3, self._heads, -1)
            bias = None if self._bias is None else self._bias[:, :, :length, :length]
            context[rows].view(count, length, self._heads, -1).copy_(self._attend_texts(split, bias))
        return context

    def _can_varlen(self) -> bool:
        """Whether varlen attention works here, by trying it on two small texts."""
        import torch

        if self.device != "cuda" or self._bias is not None or self._dtype == torch.float32:
            return False
        width = 3 * self._words.shape[1]
        starts = torch.tensor([0, 5, 8], dtype=torch.int32, device=self.device)
        batch = PackedBatch(None, None, starts, np.array([5, 3]))
        try:
            generator = torch.Generator(self.device).manual_seed(0)
            sample = torch.randn(8, width, generator=generator, device=self.device, dtype=self._dtype)
            packed = self._attend_varlen(sample, batch)
            plain = self._attend_runs(sample, batch)
            if torch.allclose(packed.float(), plain.float(), atol=0.02):
                return True
            log.warning("varlen attention differs from plain attention here: padding-free runs are used")
        except (ImportError, AttributeError, RuntimeError, TypeError) as error:
            log.warning("no varlen attention here (%s): padding-free runs are used", error)
        return False

    def _send(self, tensor: Any) -> Any:
        """What lies between the products; a CPU computes that in fp32, which costs nothing there."""
        return tensor.detach().to(self.device, self._sums).contiguous()

    def _norm(self, module: Any) -> tuple[Any, Any]:
        return self._send(module.weight), self._send(module.bias)

    def _embeddings(self, encoder: Any) -> tuple[Any, Any, tuple[Any, Any]]:
        """Vectors of words, of positions (what all tokens share added), and the first normalisation."""
        module = encoder.embeddings
        places = module.position_embeddings.weight
        if encoder.config.model_type in SHIFTED_KINDS:
            places = places[int(encoder.config.pad_token_id) + 1 :]
        if hasattr(module, "token_type_embeddings"):
            places = places + module.token_type_embeddings.weight[0]
        return self._send(module.word_embeddings.weight), self._send(places), self._norm(module.LayerNorm)

    def _layer(self, layer: Any, precision: str) -> _Layer:
        import torch

        attention = layer.attention
        if hasattr(attention, "attn"):
            parts, attended = [getattr(attention.attn, name) for name in "qkv"], attention.attn.o
            norm = attention.LayerNorm
        else:
            parts = [getattr(attention.self, name) for name in ("query", "key", "value")]
            attended, norm = attention.output.dense, attention.output.LayerNorm
        projection = torch.nn.utils.skip_init(
            torch.nn.Linear, parts[0].in_features, 3 * parts[0].out_features
        )
        with torch.no_grad():
            projection.weight.copy_(torch.cat([part.weight for part in parts]))
            projection.bias.copy_(torch.cat([part.bias for part in parts]))

        def dense(module: Any, gelu: bool = False) -> Dense:
            return make_dense(module.weight, module.bias, self.device, precision, gelu=gelu)

        return _Layer(
            projected=dense(projection),
            attended=dense(attended),
            up=dense(layer.intermediate.dense, gelu=True),
            down=dense(layer.output.dense),
            norms=(self._norm(norm), self._norm(layer.output.LayerNorm)),
        )

    def _position_bias(self, encoder: Any) -> Any:
        """What mpnet adds to the attention scores, (1, heads, longest, longest); None for others."""
        import torch

        if encoder.config.model_type != "mpnet":
            return None
        longest = len(self._places)
        longest -= longest % 8
        with torch.no_grad():
            shape = torch.empty(1, longest, 1)
            return self._send(encoder.encoder.compute_position_bias(shape)[:1])


def _add_norm(first: Any, second: Any, weight: Any, bias: Any, epsilon: float) -> Any:
    import torch.nn.functional as functional

    return functional.layer_norm(first + second, first.shape[-1:], weight, bias, epsilon)


def _mean_of_texts(hidden: Any, batch: PackedBatch) -> Any:
    """The mean vector of each text, (B, width) in fp32."""
    import torch
    import torch.nn.functional as functional

    tokens = torch.arange(len(hidden), dtype=torch.int32, device=hidden.device)
    return functional.embedding_bag(tokens, hidden.float(), batch.starts[:-1], mode="mean")


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function through torch.compile; itself, from the first failure on."""
    import torch

    compiled, failed = torch.compile(function, dynamic=True), list[Exception]()

    def call(*arguments: Any) -> Any:
        if not failed:
            try:
                return compiled(*arguments)
            except Exception as error:  # compilers fail in many ways, none of which may end a run
                log.warning("torch.compile fails here (%s): going on without", type(error).__name__)
                failed.append(error)
        return function(*arguments)

    return call
