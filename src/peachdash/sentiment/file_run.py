"""One pass over rows that are to be scored into a folder of parts, in flat memory, by whoever drives it.

Rows are prepared ahead of the models, those that are known already are dropped, and a part is written as soon
as all of its rows are read, while the models go on.
"""

from __future__ import annotations

import errno
import hashlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from peachdash.errors import BadInput
from peachdash.sentiment.batches import Finished
from peachdash.sentiment.engine import TEXTS_IN_A_CHUNK, TEXTS_IN_THE_FIRST_CHUNK, Scorer
from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.predictions import hex_strings, prediction_table
from peachdash.sentiment.preparing import Piece, Prepared, join_prepared, prepare_ahead

TEXTS_IN_A_CPU_PART = 2048
PARTS_WAITING = 4
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
DICTIONARY_COLUMNS = ["revision", "precision", "label"]


class Known(Protocol):
    """Which texts have been met, such as `seen.SeenHashes`."""

    def add_new(self, hashes: np.ndarray) -> np.ndarray:
        """Adds hashes (N, 32) uint8 and says of each whether it was new, (N,) bool."""
        ...


@dataclass(frozen=True)
class FilesProgress:
    """How far a run is.

    Attributes:
        rows, total: of the inputs.
        texts: distinct ones that this run has read.
        texts_per_second: since the first part was finished; None before.
        seconds_left: None where it cannot be said.
    """

    rows: int
    total: int
    texts: int
    texts_per_second: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class FilesResult:
    """What a run did: rows of the inputs, distinct texts that were read, and how."""

    rows: int
    texts: int
    device: str
    precision: str
    seconds: float


@dataclass
class _Chunk:
    """Rows on their way through the models: which are new to which revision, and what is known so far."""

    prepared: Prepared
    new: dict[str, np.ndarray]
    left: int
    probabilities: dict[str, np.ndarray]

    @property
    def name(self) -> str:
        """Made of the revisions and the texts, so that the same ones read again replace their part."""
        digest = hashlib.sha256()
        for revision, rows in sorted(self.new.items()):
            digest.update(revision.encode() + self.prepared.hashes[rows].tobytes())
        return f"part-{digest.hexdigest()[:32]}"

    def table(self, group: Sequence[LoadedModel]) -> pa.Table:
        """The predictions of its new rows; blank texts have none."""
        tables = []
        for model in group:
            rows = np.flatnonzero(self.new[model.reference.revision])
            probabilities = self.probabilities[model.reference.revision][rows]
            probabilities[self.prepared.blank[rows]] = np.nan
            keys = hex_strings(self.prepared.hashes[rows])
            tables.append(prediction_table(keys, model.reference, model.precision, probabilities))
        return pa.concat_tables(tables)


class FilesRun:
    """One pass.

    Args:
        output: folder of the parts; made where it is missing.
        group: models that share their tokens.
        seen: what each revision has read.
        total: rows that will come, for the progress.
    """

    def __init__(
        self,
        output: Path,
        group: list[LoadedModel],
        seen: Mapping[str, Known],
        total: int,
        on_progress: Callable[[FilesProgress], None],
    ) -> None:
        output.mkdir(parents=True, exist_ok=True)
        self._output, self._group, self._seen, self._total = output, group, seen, total
        self._on_progress = on_progress
        self._open: dict[int, _Chunk] = {}
        self._writing: deque[Future[None]] = deque()
        self._rows = self._texts = 0
        self._started = time.perf_counter()
        self._first: tuple[float, int, int] | None = None

    def go(self, scorer: Scorer, pieces: Iterable[Piece]) -> None:
        """Read the rows of all pieces."""
        device = self._group[0].device
        size = TEXTS_IN_A_CPU_PART if device == "cpu" else TEXTS_IN_A_CHUNK[device]
        reader = scorer.reader(self._group)
        prepared = prepare_ahead(self._group[0].encode, pieces, scorer.helpers(self._group, self._total))
        with closing(prepared), ThreadPoolExecutor(max_workers=1) as writer:
            for number, chunk in enumerate(join_prepared(prepared, size, TEXTS_IN_THE_FIRST_CHUNK)):
                rows = self._admit(number, chunk)
                if len(rows):
                    for done in reader.read(number, chunk.encoded, rows):
                        self._take(done, writer)
            for done in reader.finish():
                self._take(done, writer)
            self._wait(0)
        self._report()

    def result(self) -> FilesResult:
        """What was done so far."""
        first = self._group[0]
        seconds = time.perf_counter() - self._started
        return FilesResult(self._rows, self._texts, first.device, first.precision, seconds)

    def _admit(self, number: int, chunk: Prepared) -> np.ndarray:
        """The rows of a chunk that are to be read: new to at least one of the models."""
        new = {revision: seen.add_new(chunk.hashes) for revision, seen in self._seen.items()}
        rows = np.flatnonzero(np.any(list(new.values()), axis=0))
        self._rows += len(chunk.blank)
        if len(rows):
            empty = {
                revision: np.full((len(chunk.blank), 3), np.nan, dtype=np.float32) for revision in self._seen
            }
            self._open[number] = _Chunk(chunk, new, len(rows) * len(self._group), empty)
        return rows

    def _take(self, done: Finished, writer: Executor) -> None:
        """A finished batch; the chunk that it completes is written while others compute."""
        chunk = self._open[done.chunk]
        chunk.probabilities[done.model.reference.revision][done.rows] = done.probabilities
        chunk.left -= len(done.rows)
        if chunk.left:
            return
        del self._open[done.chunk]
        self._texts += int(np.any(list(chunk.new.values()), axis=0).sum())
        self._wait(PARTS_WAITING)
        self._writing.append(
            writer.submit(lambda: write_part(self._output, chunk.table(self._group), chunk.name))
        )
        self._report()

    def _wait(self, left: int) -> None:
        while len(self._writing) > left:
            self._writing.popleft().result()

    def _report(self) -> None:
        """Tell how far it is; the speed counts from the first part on, since starting comes before."""
        now = time.perf_counter()
        if self._first is None:
            self._first = (now, self._rows, self._texts)
        since, rows, texts = self._first
        seconds = now - since
        speed = (self._texts - texts) / seconds if seconds > 0 and self._texts > texts else None
        pace = (self._rows - rows) / seconds if seconds > 0 else 0
        left = (self._total - self._rows) / pace if pace > 0 else None
        self._on_progress(FilesProgress(self._rows, self._total, self._texts, speed, left))


def write_part(output: Path, table: pa.Table, name: str) -> None:
    """Adds a part to an output folder; it appears whole or not at all. The same name replaces it.

    Raises:
        BadInput: it could not be written, for instance as the disk is full.
    """
    beside = output / f".{name}.{secrets.token_hex(3)}"
    try:
        pq.write_table(table, beside, use_dictionary=DICTIONARY_COLUMNS, compression="zstd")
        beside.replace(output / f"{name}.parquet")
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise BadInput(_unwritten(output, error)) from error


def _unwritten(output: Path, error: OSError) -> str:
    """What to do about a part that could not be written. Not all errors of pyarrow have a number."""
    if error.errno in NO_ROOM or "No space left" in str(error):
        return (
            f"{output} is full: a part of the predictions could not be written. What was written stays; "
            "the same command goes on once there is room."
        )
    reason = " ".join(str(error).split())[:200]
    return f"{output}: a part of the predictions could not be written ({reason}). The same command goes on."
