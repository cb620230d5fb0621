"""From rows of a file to what a model needs: cleaned, hashed and tokenised, in other processes where it pays.

One GPU reads faster than one core prepares. The helpers are plain processes that speak pickle over pipes, so
that they need neither a fork nor a guarded main module.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, LifoQueue
from typing import Any

import numpy as np

from peachdash.errors import JobFailed
from peachdash.sentiment.text import scored_texts
from peachdash.sentiment.tokens import EncodedTexts, TextEncoder, join_encoded

MOST_HELPERS = 8
PIECES_AHEAD = 16
"""Pieces that wait prepared for each helper: they bound the memory."""


@dataclass(frozen=True)
class Prepared:
    """Rows of a file, in order.

    Attributes:
        hashes: (N, 32) uint8, SHA-256 of each scored text.
        blank: (N,) bool, whether there is nothing to read.
        encoded: the tokens of all N.
    """

    hashes: np.ndarray
    blank: np.ndarray
    encoded: EncodedTexts

    def take(self, rows: np.ndarray) -> Prepared:
        """The same of some rows, in their order."""
        return Prepared(self.hashes[rows], self.blank[rows], self.encoded.take(rows))


@dataclass(frozen=True)
class Piece:
    """Some rows: their titles, or None, and texts; `scored` where these are scored texts already."""

    titles: Sequence[object] | None
    texts: Sequence[Any]
    scored: bool = False


def join_prepared(pieces: Iterable[Prepared], rows: int, first: int | None = None) -> Iterator[Prepared]:
    """The same rows in chunks of at least `rows`, but for the last one.

    Args:
        first: rows of the first chunk, if it is to be smaller; each next one has twice as many. So a model
            waits for little at the start.
    """
    gathered: list[Prepared] = []
    wanted = min(first or rows, rows)
    for piece in pieces:
        gathered.append(piece)
        if sum(len(part.blank) for part in gathered) >= wanted:
            yield _joined(gathered)
            gathered, wanted = [], min(2 * wanted, rows)
    if gathered:
        yield _joined(gathered)


def _joined(parts: Sequence[Prepared]) -> Prepared:
    return Prepared(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate([part.blank for part in parts]),
        join_encoded([part.encoded for part in parts]),
    )


def prepare(encode: TextEncoder, piece: Piece) -> Prepared:
    """Clean, hash and tokenise some rows."""
    texts = piece.texts if piece.scored else scored_texts(piece.titles, piece.texts)
    digests = b"".join([hashlib.sha256(text.encode("utf-8")).digest() for text in texts])
    blank = np.fromiter((not text.strip() for text in texts), dtype=bool, count=len(texts))
    return Prepared(np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32), blank, encode(texts))


def prepare_ahead(
    encode: TextEncoder, pieces: Iterable[Piece], pool: HelperPool | None = None
) -> Generator[Prepared, None, None]:
    """Prepared pieces in their order, a bounded number of them ahead.

    Args:
        pool: helpers with the same encoder; None prepares in a thread of this process.

    Raises:
        JobFailed: a helper died.
    """
    work: Callable[[Piece], Prepared] = pool.prepare if pool else lambda piece: prepare(encode, piece)
    workers = pool.count if pool else 1
    waiting: deque[Future[Prepared]] = deque()
    executor = ThreadPoolExecutor(max_workers=workers)
    try:
        for piece in pieces:
            waiting.append(executor.submit(work, piece))
            while len(waiting) > PIECES_AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def count_helpers(device: str) -> int:
    """How many processes prepare for a device: none for a CPU, whose cores the model needs."""
    cores = count_cores()
    return 0 if device == "cpu" or cores < 4 else min(MOST_HELPERS, cores - 2)


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class HelperPool:
    """Helper processes, started as they are needed, at most `count`; they end with this process."""

    def __init__(self, encode: TextEncoder, count: int) -> None:
        self.count = count
        self._recipe = encode.recipe
        self._idle: LifoQueue[subprocess.Popen[bytes]] = LifoQueue()
        self._all: list[subprocess.Popen[bytes]] = []

    def prepare(self, piece: Piece) -> Prepared:
        """What `prepare` gives, computed by a helper that is idle; one thread a helper may ask at a time."""
        try:
            process = self._idle.get_nowait()
        except Empty:
            process = self._start()
        try:
            send(process.stdin, piece)
            prepared = Prepared(*receive(process.stdout))
        except (OSError, EOFError) as error:
            raise JobFailed("A process that prepares texts died; the same command again goes on.") from error
        self._idle.put(process)
        return prepared

    def close(self) -> None:
        """Ends all helpers."""
        while self._all:
            process = self._all.pop()
            process.kill()
            process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(path for path in sys.path if path)
        process = subprocess.Popen(
            [sys.executable, "-m", "peachdash.sentiment.preparing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths, "TOKENIZERS_PARALLELISM": "false"},
        )
        self._all.append(process)
        send(process.stdin, self._recipe)
        return process


def send(pipe: Any, content: object) -> None:
    """Write one object with its length before it."""
    data = pickle.dumps(content, protocol=5)
    pipe.write(len(data).to_bytes(8, "little"))
    pipe.write(data)
    pipe.flush()


def receive(pipe: Any) -> Any:
    """Read one object.

    Raises:
        EOFError: the other side is gone.
    """
    head = pipe.read(8)
    size = int.from_bytes(head, "little")
    data = pipe.read(size) if len(head) == 8 else b""
    if len(head) < 8 or len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 (our own helper)


def help_along() -> None:
    """The life of a helper: a recipe of a tokenizer, then pieces, until the pipe closes."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    encode = TextEncoder.from_recipe(receive(source))
    while True:
        try:
            done = prepare(encode, receive(source))
        except EOFError:
            return
        send(target, (done.hashes, done.blank, done.encoded))


if __name__ == "__main__":
    help_along()
