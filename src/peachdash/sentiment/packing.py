"""Batches without padding: the tokens of all texts stand one after the other, the longest text first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from peachdash.sentiment.tokens import EncodedTexts, longest_first


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
