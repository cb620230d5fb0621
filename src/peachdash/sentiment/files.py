"""Files to files: Parquet with texts in, Parquet with predictions out, without a database, in flat memory.

The output folder is a set of parts, each of which appears whole. Every distinct text of all inputs has one
row a model in them; a blank text has one row with an empty label. A run that was killed, or is repeated,
reads the hashes in the parts first and goes on with what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from peachdash.errors import BadInput
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.file_run import FilesProgress, FilesResult, FilesRun
from peachdash.sentiment.loading import LoadedModel
from peachdash.sentiment.predictions import hash_bytes
from peachdash.sentiment.preparing import Piece
from peachdash.sentiment.registry import LEXICON, ModelReference
from peachdash.sentiment.seen import SeenHashes

ROWS_IN_A_PIECE = 1024


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
    total = count_rows(inputs, read_columns(text_column, title_column))
    seen = read_seen(output, [model.revision for model in models])
    group = one_group(scorer, models, total)
    run = FilesRun(output, group, seen, total, on_progress)
    run.go(scorer, read_pieces(inputs, text_column, title_column))
    return run.result()


def read_columns(text_column: str, title_column: str | None) -> list[str]:
    """The columns that are read: the title before the text, where there is one."""
    return [text_column] if title_column is None else [title_column, text_column]


def count_rows(inputs: Sequence[Path], columns: Sequence[str]) -> int:
    """Rows of Parquet files that have each of the columns once, as strings.

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
            raise BadInput(f"{path} cannot be read as Parquet: {_reason(error)}") from error
        with file:
            schema = file.schema_arrow
            for column in columns:
                _check_column(path, schema, column)
            total += file.metadata.num_rows
    return total


def _check_column(path: Path, schema: pa.Schema, column: str) -> None:
    names, count = ", ".join(schema.names), schema.names.count(column)
    if not column:
        raise BadInput(f"The name of a column is empty: expected one of {path}, which has {names}.")
    if count == 0:
        raise BadInput(f"{path} has no column {column!r}; it has {names}.")
    if count > 1:
        raise BadInput(f"{path} has {count} columns called {column!r}: rename all but one of them.")
    if not _is_text(schema.field(column).type):
        raise BadInput(f"{path}: the column {column!r} holds {schema.field(column).type}, not text.")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    known = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(kind) for is_kind in known)


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
    for path in inputs:
        yield from read_rows(path, 0, pq.read_metadata(path).num_rows, text_column, title_column)


def read_rows(
    path: Path, start: int, stop: int, text_column: str, title_column: str | None
) -> Iterator[Piece]:
    """Rows `start` to `stop` of a Parquet file in pieces; row groups outside of them are not read.

    Raises (when it is iterated):
        BadInput: a row group is damaged, or holds text that is not UTF-8; the message says which.
    """
    columns = read_columns(text_column, title_column)
    with pq.ParquetFile(path) as file:
        first = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if first < stop and first + rows > start:
                try:
                    yield from _read_group(file, group, start - first, stop - first, columns)
                except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
                    raise BadInput(
                        f"{path}, row group {group + 1} of {file.num_row_groups} cannot be read: "
                        f"{_reason(error)}. What was read before stays; mend or leave out this file."
                    ) from error
            first += rows


def _read_group(
    file: pq.ParquetFile, group: int, start: int, stop: int, columns: list[str]
) -> Iterator[Piece]:
    """Rows `start` to `stop` of one row group; both may lie outside of it."""
    place = 0
    for batch in file.iter_batches(batch_size=ROWS_IN_A_PIECE, row_groups=[group], columns=columns):
        first, last = max(0, start - place), min(stop - place, len(batch))
        place += len(batch)
        if first < last:
            part = batch.slice(first, last - first)
            titles = part.column(columns[0]).to_pylist() if len(columns) == 2 else None
            yield Piece(titles, part.column(columns[-1]).to_pylist())


def one_group(scorer: Scorer, models: Sequence[ModelReference], texts: int) -> list[LoadedModel]:
    """The models, loaded.

    Raises:
        BadInput: one is the lexicon, or they read different tokens.
    """
    if any(model.role == LEXICON for model in models):
        raise BadInput("The lexicon reads CSV files by `peachdash predict`; choose a trained model here.")
    groups = scorer.token_groups(models, texts)
    if len(groups) != 1:
        raise BadInput("Models scored together must be of one size: score the others in a run of their own.")
    return groups[0]
