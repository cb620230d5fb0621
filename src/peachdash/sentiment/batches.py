"""Computing encoded texts batch by batch, so that a GPU never waits for the host.

Batches are launched ahead; logits travel back into pinned memory while later batches compute, and are handed
out when they have arrived. A batch that does not fit into memory is halved until it does, and later ones are
cut smaller.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from peachdash.sentiment.host_memory import keep_freed_memory
from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.packing import PackedTexts
from peachdash.sentiment.preparing import count_cores
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
    """A batch under way: `logits` gives its array, waiting for it; `is_there` whether that would wait."""

    chunk: int
    model: LoadedModel
    rows: np.ndarray
    logits: Callable[[], np.ndarray]
    is_there: Callable[[], bool]

    def finish(self) -> Finished:
        return Finished(self.chunk, self.model, self.rows, self.model.probabilities(self.logits()))


class BatchReader:
    """Reads chunks of encoded texts with models that share their tokens.

    On a CPU each core computes a batch of its own: cores that share one batch wait for each other.

    Args:
        models: on one device.
        batch_tokens: tokens of one batch.
        threads: batches at a time on a CPU; 0 means one for each core that this process may use.
    """

    def __init__(self, models: Sequence[LoadedModel], batch_tokens: int, threads: int = 0) -> None:
        self._models, self._batch_tokens = models, batch_tokens
        self._device = models[0].device
        self._launched: deque[_Launched] = deque()
        self._cores = None if self._device == "cuda" else single_threaded_pool(threads or count_cores())
        self._ahead = IN_FLIGHT if self._cores is None else 2 * self._cores._max_workers

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
                yield from self._arrivals(self._ahead)
            start = stop

    def finish(self) -> Iterator[Finished]:
        """Everything that is still on its way; nothing can be read after it."""
        yield from self._arrivals(0)
        if self._cores is not None:
            self._cores.shutdown()

    def _arrivals(self, left: int) -> Iterator[Finished]:
        while len(self._launched) > left or (self._launched and self._launched[0].is_there()):
            yield self._launched.popleft().finish()

    def _launch(self, chunk: int, model: LoadedModel, texts: PackedTexts, start: int, stop: int) -> None:
        rows = texts.order[start:stop]
        if self._cores is not None:
            future = self._cores.submit(lambda: self._compute(model, texts, start, stop).numpy())
            self._launched.append(_Launched(chunk, model, rows, future.result, future.done))
        else:
            bring, is_there = _bring(self._compute(model, texts, start, stop))
            self._launched.append(_Launched(chunk, model, rows, bring, is_there))

    def _compute(self, model: LoadedModel, texts: PackedTexts, start: int, stop: int) -> Any:
        """Logits (stop - start, 3) on the device; in halves where memory does not hold the whole."""
        import torch

        try:
            return model.logits(texts.batch(start, stop))
        except (RuntimeError, MemoryError) as error:
            if stop - start < 2 or not is_out_of_memory(error):
                raise
        self._shrink(int(texts.offsets[stop] - texts.offsets[start]))
        middle = (start + stop) // 2
        halves = [self._compute(model, texts, *part) for part in ((start, middle), (middle, stop))]
        return torch.cat(halves)

    def _shrink(self, tokens: int) -> None:
        self._batch_tokens = max(LEAST_TOKENS, min(self._batch_tokens, tokens // 2))
        log.warning("%d tokens did not fit into memory; batches of %d now", tokens, self._batch_tokens)
        if self._device == "cuda":
            import torch

            torch.cuda.empty_cache()


def single_threaded_pool(threads: int) -> ThreadPoolExecutor:
    """Threads in each of which torch computes alone; it keeps its own number elsewhere."""
    import torch

    keep_freed_memory()
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(max_workers=threads, initializer=torch.set_num_threads, initargs=(1,))
    for started in [pool.submit(time.sleep, 0.001) for _ in range(threads)]:
        started.result()
    torch.set_num_threads(before)
    return pool


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the host or on a GPU."""
    message = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in message or "can't allocate memory" in message


def _bring(logits: Any) -> tuple[Callable[[], np.ndarray], Callable[[], bool]]:
    """Sends logits to the host without waiting: what gives the array, and what says that it is there."""
    import torch

    host = torch.empty(logits.shape, dtype=logits.dtype, pin_memory=True)
    host.copy_(logits, non_blocking=True)
    event = torch.cuda.Event()
    event.record()

    def bring() -> np.ndarray:
        event.synchronize()
        return np.asarray(host.numpy())

    return bring, event.query
