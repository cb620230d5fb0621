"""Computing encoded texts batch by batch, so that a GPU never waits for the host.

Batches are launched ahead; logits travel back into pinned memory while later batches compute, and are handed
out when they have arrived. A batch that does not fit into memory is halved until it does, and later ones are
cut smaller.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.packed import PackedTexts
from peachdash.sentiment.tokens import EncodedTexts, cut_ranges

log = logging.getLogger(__name__)

IN_FLIGHT = 32
LEAST_TOKENS = 256


@dataclass(frozen=True)
class Finished:
    """Probabilities (len(rows), 3) float32 of some rows of a chunk, by one model."""

    chunk: int
    model: LoadedModel
    rows: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class _Launched:
    chunk: int
    model: LoadedModel
    rows: np.ndarray
    logits: Any
    arrived: Any

    def finish(self) -> Finished:
        if self.arrived is not None:
            self.arrived.synchronize()
        return Finished(self.chunk, self.model, self.rows, self.model.probabilities(self.logits.numpy()))


class BatchReader:
    """Reads chunks of encoded texts with models that share their tokens.

    Args:
        models: on one device.
        batch_tokens: tokens of one batch.
    """

    def __init__(self, models: Sequence[LoadedModel], batch_tokens: int) -> None:
        self._models, self._batch_tokens = models, batch_tokens
        self._device = models[0].device
        self._launched: deque[_Launched] = deque()

    def read(self, chunk: int, encoded: EncodedTexts, rows: np.ndarray | None = None) -> Iterator[Finished]:
        """Launch all batches of a chunk; whatever has arrived meanwhile, of earlier chunks too.

        Args:
            chunk: a number that comes back with the results.
            encoded: N texts, at least one.
            rows: which of them to read; None means all.
        """
        texts = PackedTexts.of(encoded, self._device, rows)
        start = 0
        while start < len(texts.lengths):
            stop = start + cut_ranges(texts.lengths[start:], self._batch_tokens)[0][1]
            for model in self._models:
                self._launch(chunk, model, texts, start, stop)
                yield from self._arrivals(IN_FLIGHT if self._device == "cuda" else 0)
            start = stop

    def finish(self) -> Iterator[Finished]:
        """Everything that is still on its way."""
        yield from self._arrivals(0)

    def _arrivals(self, left: int) -> Iterator[Finished]:
        while len(self._launched) > left or (self._launched and _is_there(self._launched[0])):
            yield self._launched.popleft().finish()

    def _launch(self, chunk: int, model: LoadedModel, texts: PackedTexts, start: int, stop: int) -> None:
        try:
            logits = model.logits(texts.batch(start, stop))
        except (RuntimeError, MemoryError) as error:
            if stop - start < 2 or not is_out_of_memory(error):
                raise
        else:
            self._launched.append(_Launched(chunk, model, texts.order[start:stop], *_bring(logits)))
            return
        self._shrink(int(texts.offsets[stop] - texts.offsets[start]))
        middle = (start + stop) // 2
        self._launch(chunk, model, texts, start, middle)
        self._launch(chunk, model, texts, middle, stop)

    def _shrink(self, tokens: int) -> None:
        self._batch_tokens = max(LEAST_TOKENS, min(self._batch_tokens, tokens // 2))
        log.warning("%d tokens did not fit into memory; batches of %d now", tokens, self._batch_tokens)
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the host or on a GPU."""
    message = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in message or "can't allocate memory" in message


def _is_there(launched: _Launched) -> bool:
    return launched.arrived is None or bool(launched.arrived.query())


def _bring(logits: Any) -> tuple[Any, Any]:
    """Logits on the host, and the event after which they are there (None: they are)."""
    if not logits.is_cuda:
        return logits, None
    import torch

    host = torch.empty(logits.shape, dtype=logits.dtype, pin_memory=True)
    host.copy_(logits, non_blocking=True)
    event = torch.cuda.Event()
    event.record()
    return host, event
