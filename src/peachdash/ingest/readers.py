"""Bytes in, columns of text out: finds out what kind of file it is and hands it to its reader."""

from __future__ import annotations

import itertools

from peachdash.errors import BadInput
from peachdash.ingest import guards
from peachdash.ingest.decoding import find_encoding, open_text
from peachdash.ingest.delimited import read_delimited
from peachdash.ingest.model import RawTable
from peachdash.ingest.rejecting import without_markers
from peachdash.ingest.structured import looks_like_json_lines, read_json, read_json_lines
from peachdash.ingest.workbook import read_workbook


def read_table(
    data: bytes, filename: str, *, limit: int | None = None, max_bytes: int = guards.MAX_BYTES
) -> RawTable:
    """The file as columns of text; with `limit`, only the first so many rows of a CSV file or workbook.

    The content decides, not the name: a JSON file named .csv is read as JSON.

    Raises:
        BadInput: the file cannot be read as an export; the message says why.
    """
    guards.check_size(data, filename, max_bytes)
    if guards.is_zip(data):
        table = read_workbook(data, filename, limit)
    else:
        guards.check_not_binary(data, filename)
        table = _read_text(data, filename, limit)
    table.frame = without_markers(table.frame)
    if table.frame.empty and not table.broken:
        raise BadInput(f"{filename} has a header but no rows: expected at least one review.")
    return table


def _read_text(data: bytes, filename: str, limit: int | None) -> RawTable:
    encoding = find_encoding(data)
    with open_text(data, encoding) as stream:
        beginning = stream.read(1_000_000).lstrip("\ufeff \t\r\n")
    if not beginning.startswith(("{", "[")):
        return read_delimited(data, filename, limit, encoding)
    if filename.lower().endswith((".csv", ".tsv", ".txt")) and not _opens_json(beginning):
        return read_delimited(data, filename, limit, encoding)
    if beginning.startswith("{") and looks_like_json_lines(itertools.islice(beginning.splitlines(), 100)):
        return read_json_lines(data, filename)
    return read_json(data, filename)


def _opens_json(beginning: str) -> bool:
    """Whether what follows the first bracket is JSON, not a name in brackets as some databases write them."""
    return beginning[1:].lstrip()[:1] in {'"', "{", "[", "}", "]"}
