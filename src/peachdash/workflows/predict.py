"""`peachdash predict`: a CSV in, the same rows with a model's readings out. Needs no database."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from peachdash.config import Settings
from peachdash.errors import BadInput
from peachdash.ingest.decoding import find_encoding, open_text
from peachdash.ingest.guards import check_not_binary, is_zip
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.text import clean_text, text_sha256s

OUTPUT_COLUMNS = ("label", "p_negative", "p_neutral", "p_positive", "needs_review")
MAX_BYTES = 2_000_000_000
MAX_FIELD_CHARACTERS = 100_000_000


@dataclass(frozen=True)
class CsvTable:
    """A CSV file as text: its header and rows, all of the header's length."""

    header: list[str]
    rows: list[list[str]]


def read_csv(path: Path) -> CsvTable:
    """Read a CSV file in any common encoding, keeping every cell as it is written.

    Raises:
        BadInput: the file is missing, a folder, empty, binary or broken; one line says which.
    """
    data = _read_bytes(path)
    if not data.strip():
        raise BadInput(f"{path} is empty: expected a CSV file with a header line.")
    if is_zip(data):
        raise BadInput(f"{path} is a workbook or a zip archive: expected CSV; save the sheet as CSV first.")
    check_not_binary(data, str(path), "CSV")
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(open_text(data, find_encoding(data)), strict=True)
    try:
        header = next(reader)
        rows = list(reader)
    except csv.Error as error:
        raise BadInput(f"{path}, line {reader.line_num}: this is no CSV ({error}).") from error
    except StopIteration:
        raise BadInput(f"{path} has no header line.") from None
    return CsvTable(header, _even_out(path, header, rows))


def _even_out(path: Path, header: list[str], rows: list[list[str]]) -> list[list[str]]:
    """Rows of the header's length: missing cells are blank, blank lines of wider files are no rows."""
    width = len(header)
    while rows and not rows[-1]:
        rows.pop()
    if width > 1:
        rows = [row for row in rows if row]
    for number, row in enumerate(rows, start=1):
        if len(row) > width:
            raise BadInput(
                f"{path}, row {number}: {len(row)} fields where the header has {width}. "
                "Fields that hold a comma need quotation marks."
            )
    return [row + [""] * (width - len(row)) for row in rows]


def find_text_column(path: Path, table: CsvTable, name: str) -> int:
    """The position of the text column, by exact name, else without regard to case and outer spaces.

    Raises:
        BadInput: there is none; the message lists the columns that exist.
    """
    if name in table.header:
        return table.header.index(name)
    plain = [column.strip().casefold() for column in table.header]
    if name.strip().casefold() in plain:
        return plain.index(name.strip().casefold())
    columns = ", ".join(repr(column[:40]) for column in table.header[:12])
    raise BadInput(f"{path} has no column {name!r}; it has {columns}. Name the right one with --text-column.")


def predict_file(
    source: Path,
    target: Path,
    model: ModelReference,
    settings: Settings,
    *,
    text_column: str = "text",
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write `target`: the rows of `source` in their order and a model's reading of each; the row count.

    Columns of `source` that bear one of the new names are kept as `input_<name>`. The target appears
    whole or not at all.

    Raises:
        BadInput: source or target cannot be used.
        ModelUnavailable: the model cannot be loaded.
    """
    table = read_csv(source)
    position = find_text_column(source, table, text_column)
    target = _usable_target(target)
    texts = [clean_text(row[position]) for row in table.rows]
    _write(target, table, read_texts(texts, model, settings, on_progress))
    return len(table.rows)


def _usable_target(target: Path) -> Path:
    """The file behind a target, made sure of before any text is read.

    Raises:
        BadInput: nothing can be written there, or it is no regular file.
    """
    place = target.resolve()
    if place.is_dir() or not place.parent.is_dir() or (place.exists() and not place.is_file()):
        raise BadInput(f"{target} cannot be written: expected the name of a file in a folder that exists.")
    if not os.access(place.parent, os.W_OK) or (place.exists() and not os.access(place, os.W_OK)):
        raise BadInput(f"{target} cannot be written: permission denied.")
    return place


def read_texts(
    texts: list[str],
    model: ModelReference,
    settings: Settings,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """A model's reading of each text, in order; columns `OUTPUT_COLUMNS`.

    A blank text has an empty label, missing probabilities, and needs review.
    """
    from peachdash.sentiment.engine import score_texts

    predictions = score_texts(
        texts,
        [model],
        encoders_dir=settings.encoders,
        device=settings.device,
        batch_tokens=settings.batch_tokens,
        threads=settings.threads,
        on_batch=None if on_progress is None else lambda _, done, total: on_progress(done, total),
    ).to_pandas()
    keys = [key if text else None for key, text in zip(text_sha256s(texts), texts, strict=True)]
    found = predictions.set_index("text_sha256")[list(OUTPUT_COLUMNS)].reindex(keys)
    blank = found["label"].isna()
    return found.assign(label=found["label"].fillna(""), needs_review=found["needs_review"].eq(True) | blank)


def _write(target: Path, table: CsvTable, readings: pd.DataFrame) -> None:
    numbers = readings[["p_negative", "p_neutral", "p_positive"]].to_numpy()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}-")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*_renamed(table.header), *OUTPUT_COLUMNS])
            for row, label, values, review in zip(
                table.rows, readings["label"], numbers, readings["needs_review"], strict=True
            ):
                cells = [f"{value:.6f}" if label else "" for value in values]
                writer.writerow([*row, label, *cells, "true" if review else "false"])
        beside.chmod(mode)
        beside.replace(target)
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _renamed(header: list[str]) -> list[str]:
    """The header with every name that is about to be added set apart as input_<name>, without repeats."""
    taken, names = set(header) | set(OUTPUT_COLUMNS), []
    for name in header:
        new = name
        while new in OUTPUT_COLUMNS or (new != name and new in taken):
            new = f"input_{new}"
        taken.add(new)
        names.append(new)
    return names


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise BadInput(f"{path} is a folder: expected a CSV file.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path} is larger than {MAX_BYTES // 10**9} GB: split it.")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
