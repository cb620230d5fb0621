"""CSV and its relatives as columns of text: any delimiter, encoding and line ending."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator

from peachdash.errors import BadInput
from peachdash.ingest.columnar import as_frame, first_record, read_tidy
from peachdash.ingest.decoding import Encoding, find_encoding, open_text
from peachdash.ingest.dialects import ONE_COLUMN, find_dialect
from peachdash.ingest.guards import check_columns
from peachdash.ingest.model import BrokenRow, RawTable
from peachdash.ingest.records import Dialect, Record, read_records
from peachdash.ingest.tables import TableBuilder, is_header
from peachdash.ingest.vocabulary import unique_columns

_SAMPLE_CHARACTERS = 400_000


def read_delimited(
    data: bytes, filename: str, limit: int | None = None, encoding: Encoding | None = None
) -> RawTable:
    """The rows of a delimited text file; with `limit`, the first so many only.

    Blank lines take a row number, as they do in a spreadsheet, but are no rows.

    Raises:
        BadInput: there is nothing but blank lines, or there are too many columns.
    """
    encoding = encoding or find_encoding(data)
    with open_text(data, encoding) as stream:
        sample = stream.read(_SAMPLE_CHARACTERS)
        stream.seek(0)
        dialect, start = find_dialect(_split(sample))
        table = None if limit is not None or start else _read_columns(data, encoding, dialect, sample)
        if table is None:
            lines = itertools.islice(_lines(stream, sample), start, None)
            table = _read_table(read_records(lines, dialect), filename, limit)
        check_columns(len(table.frame.columns), filename)
    table.container = "tsv" if dialect.delimiter == "\t" else "csv"
    table.encoding = encoding.name
    table.delimiter = None if dialect.delimiter == ONE_COLUMN else dialect.delimiter
    table.notes += [encoding.note] if encoding.note else []
    return table


def _read_columns(data: bytes, encoding: Encoding, dialect: Dialect, sample: str) -> RawTable | None:
    """The table of a file that keeps all rules; None where it has to be read row by row."""
    header = next((record.fields for record in read_records(_split(sample), dialect)), [])
    found = read_tidy(data, encoding, dialect, len(header)) if is_header(header) else None
    if found is None or first_record(found) != header:
        return None
    return RawTable(as_frame(found, unique_columns(header)), "csv")


def _lines(stream: io.TextIOWrapper, sample: str) -> Iterator[str]:
    """The physical lines. Where lines end in a line feed, a lone carriage return is a space in a text."""
    if _ends_in_carriage_return(sample):
        return iter(stream)
    stream.reconfigure(newline="\n")
    return (_without_lone_returns(line) for line in stream)


def _split(sample: str) -> list[str]:
    stream = io.StringIO(sample, newline="" if _ends_in_carriage_return(sample) else "\n")
    return [_without_lone_returns(line) for line in stream]


def _ends_in_carriage_return(sample: str) -> bool:
    first = re.search(r"\r\n|\r|\n", sample)
    return first is not None and first.group() == "\r"


def _without_lone_returns(line: str) -> str:
    return line if line.find("\r", 0, -2) < 0 else re.sub(r"\r(?!\n|$)", " ", line)


def _read_table(records: Iterator[Record], filename: str, limit: int | None) -> RawTable:
    header = next((record.fields for record in records if record.fields), None)
    if header is None:
        raise BadInput(f"{filename} is empty: expected a header and at least one review.")
    check_columns(len(header), filename)
    named = is_header(header)
    builder = TableBuilder(header if named else [""] * len(header))
    table = RawTable(builder.build(), "csv")
    if not named:
        table.notes.append("The file has no header: its columns were told by what they hold.")
        records = itertools.chain([Record(header)], records)
    for row, record in enumerate(itertools.islice(records, limit), start=1):
        if record.problem is not None:
            table.broken.append(BrokenRow(row, record.problem, tuple(record.fields)))
        elif record.fields:
            builder.add(row, record.fields)
    table.frame = builder.build()
    return table
