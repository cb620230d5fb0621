"""Files to files: Parquet with texts in, Parquet with predictions out, without a database, in flat memory.

The output folder is a set of parts, each of which appears whole. Every distinct text of all inputs has one row
a model in them; a blank text has one row with an empty label. A run that was killed, or is repeated, reads
the hashes in the parts first and goes on with what is missing.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from peachdash.errors import BadInput
from peachdash.sentiment.batches import Finished
from peachdash.sentiment.engine import TEXTS_IN_A_CHUNK, Scorer
from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.predictions import PREDICTION_SCHEMA, hash_bytes, hex_strings, prediction_table
from peachdash.sentiment.preparing import Piece, Prepared, join_prepared, prepare_ahead
from peachdash.sentiment.registry import LEXICON, ModelReference
from peachdash.sentiment.seen import SeenHashes

ROWS_IN_A_PIECE = 4096
TEXTS_IN_A_CPU_PART = 2048
PARTS_WAITING = 4
DICTIONARY_COLUMNS = ["revision", "precision", "label"]


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
    """What a run did: rows of the inputs, distinct texts read now, and those that the output held before."""

    rows: int
    texts: int
    known: int
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


def score_files(
    inputs: Sequence[Path],
    output: Path,
    models: Sequence[ModelReference],
    scorer: Scorer,
    *,
    text_column: str = "text",
    title_column: str | None = None,
    on_progress: Callable[[FilesProgress], None] = lambda progress: None,
) -> FilesResult:
    """Score the texts of Parquet files that the output folder lacks.

    Args:
        inputs: Parquet files.
        output: folder of the parts; made where it is missing.
        models: of one size, so that they read the same tokens; not the lexicon.
        text_column: column of the texts, of strings.
        title_column: column of titles, read before the text; None where there is none.

    Raises:
        BadInput: a file or column is missing or no text, or the output is no folder of parts.
        ModelUnavailable: a model cannot be loaded.
    """
    total = count_rows(inputs, [name for name in (title_column, text_column) if name])
    seen = read_seen(output, [model.revision for model in models])
    group = _one_group(scorer, models, total)
    run = _FilesRun(output, group, seen, total, on_progress)
    run.go(scorer, read_pieces(inputs, text_column, title_column))
    return run.result()


def count_rows(inputs: Sequence[Path], columns: Sequence[str]) -> int:
    """Rows of Parquet files that have all of the columns as strings.

    Raises:
        BadInput: there is no file, or one has not.
    """
    if not inputs:
        raise BadInput("No input file: expected at least one Parquet file.")
    total = 0
    for path in inputs:
        try:
            file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise BadInput(
                f"{path} cannot be read as Parquet: {' '.join(str(error).split())[:200]}"
            ) from error
        with file:
            schema = file.schema_arrow
            for column in columns:
                if column not in schema.names:
                    raise BadInput(f"{path} has no column {column!r}; it has {', '.join(schema.names)}.")
                if not _is_text(schema.field(column).type):
                    raise BadInput(
                        f"{path}: the column {column!r} holds {schema.field(column).type}, not text."
                    )
            total += file.metadata.num_rows
    return total


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def read_seen(output: Path, revisions: Sequence[str]) -> dict[str, SeenHashes]:
    """The texts that the parts of an output folder hold, by revision.

    Raises:
        BadInput: it is no folder, or holds Parquet files of another kind.
    """
    seen = {revision: SeenHashes() for revision in revisions}
    if output.exists() and not output.is_dir():
        raise BadInput(f"{output} is no folder: expected one for the predictions.")
    for path in sorted(output.glob("*.parquet")) if output.is_dir() else ():
        try:
            table = pq.read_table(path, columns=["text_sha256", "revision"], partitioning=None)
        except (OSError, KeyError, pa.ArrowException) as error:
            raise BadInput(
                f"{path} is no file of predictions: choose another folder, or remove it."
            ) from error
        for revision, known in seen.items():
            mine = table.filter(pc.equal(table["revision"], revision))["text_sha256"]
            if len(mine):
                known.add_new(hash_bytes(mine))
    return seen


def read_pieces(inputs: Sequence[Path], text_column: str, title_column: str | None) -> Iterator[Piece]:
    """The rows of Parquet files in pieces, one at a time."""
    columns = [name for name in (title_column, text_column) if name]
    for path in inputs:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_IN_A_PIECE, columns=columns):
                titles = batch.column(title_column).to_pylist() if title_column else None
                yield Piece(titles, batch.column(text_column).to_pylist())


def _one_group(scorer: Scorer, models: Sequence[ModelReference], texts: int) -> list[LoadedModel]:
    if any(model.role == LEXICON for model in models):
        raise BadInput("The lexicon reads CSV files by `peachdash predict`; choose a trained model here.")
    groups = scorer.token_groups(models, texts)
    if len(groups) != 1:
        raise BadInput("Models scored together must be of one size: score the others in a run of their own.")
    return groups[0]


class _FilesRun:
    """One call of `score_files`."""

    def __init__(
        self,
        output: Path,
        group: list[LoadedModel],
        seen: dict[str, SeenHashes],
        total: int,
        on_progress: Callable[[FilesProgress], None],
    ) -> None:
        output.mkdir(parents=True, exist_ok=True)
        self._output, self._group, self._seen, self._total = output, group, seen, total
        self._known = max(map(len, seen.values()), default=0)
        self._on_progress = on_progress
        self._open: dict[int, _Chunk] = {}
        self._writing: deque[Future[None]] = deque()
        self._rows = self._texts = 0
        self._started = time.perf_counter()
        self._first: tuple[float, int, int] | None = None

    def go(self, scorer: Scorer, pieces: Iterator[Piece]) -> None:
        device = self._group[0].device
        size = TEXTS_IN_A_CPU_PART if device == "cpu" else TEXTS_IN_A_CHUNK[device]
        reader = scorer.reader(self._group)
        prepared = prepare_ahead(self._group[0].encode, pieces, scorer.helpers(self._group, self._total))
        with closing(prepared), ThreadPoolExecutor(max_workers=1) as writer:
            for number, chunk in enumerate(join_prepared(prepared, size)):
                rows = self._admit(number, chunk)
                if len(rows):
                    for done in reader.read(number, chunk.encoded, rows):
                        self._take(done, writer)
            for done in reader.finish():
                self._take(done, writer)
            self._wait(0)
        self._report()

    def result(self) -> FilesResult:
        first = self._group[0]
        seconds = time.perf_counter() - self._started
        return FilesResult(self._rows, self._texts, self._known, first.device, first.precision, seconds)

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
        self._writing.append(writer.submit(lambda: write_part(self._output, chunk.table(self._group))))
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


def write_part(output: Path, table: pa.Table, name: str = "") -> None:
    """Adds a part to an output folder; it appears whole or not at all.

    Args:
        name: the same name replaces the part; without one a new name is made.
    """
    name = name or f"part-{time.time_ns():020d}-{secrets.token_hex(3)}"
    beside = output / f".{name}.{secrets.token_hex(3)}"
    pq.write_table(table, beside, use_dictionary=DICTIONARY_COLUMNS, compression="zstd")
    beside.replace(output / f"{name}.parquet")
