"""XLSX as columns of text: the sheet with the reviews, cells as a person reads them."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from peachdash.errors import BadInput
from peachdash.ingest.guards import check_columns, check_workbook
from peachdash.ingest.model import RawTable
from peachdash.ingest.tables import HEADER_SEARCH_ROWS, TableBuilder, find_header, is_header
from peachdash.ingest.vocabulary import known_names

# What openpyxl and the libraries under it raise on damaged files; found by damaging some.
_DAMAGE = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def read_workbook(data: bytes, filename: str, limit: int | None = None) -> RawTable:
    """The rows of a workbook's sheet with the most known column names; with `limit`, the first so many.

    Formulas give their stored results. Wholly empty rows take a number but are no rows.

    Raises:
        BadInput: the file is damaged, has macros, is too large unpacked, or holds no table.
    """
    check_workbook(data, filename)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(data, filename, limit)
    except _DAMAGE as error:
        raise BadInput(
            f"{filename} is a damaged workbook ({type(error).__name__}): save it again."
        ) from error


def _read(data: bytes, filename: str, limit: int | None) -> RawTable:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        heads = {sheet.title: _head(sheet) for sheet in sheets}
        sheet = max(sheets, key=lambda each: _promise(heads[each.title]), default=None)
        if sheet is None or not heads[sheet.title]:
            raise BadInput(f"{filename} is empty: expected a sheet with a header and at least one review.")
        table = _read_sheet(_cells(sheet), heads[sheet.title], filename, limit)
        unread = [title for title, head in heads.items() if title != sheet.title and len(head) > 1]
    finally:
        book.close()
    if unread:
        table.notes.append(f"Only the sheet {sheet.title!r} was read, not {', '.join(map(repr, unread))}.")
    return table


def _head(sheet: Any) -> list[list[str]]:
    sheet.reset_dimensions()
    return list(itertools.islice((row for row in _cells(sheet) if any(row)), HEADER_SEARCH_ROWS))


def _promise(head: list[list[str]]) -> tuple[int, int]:
    return (known_names(head[find_header(head)]), len(head)) if head else (0, 0)


def _cells(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows(values_only=True):
        yield [_as_text(value) for value in row]


def _read_sheet(
    rows: Iterator[list[str]], head: list[list[str]], filename: str, limit: int | None
) -> RawTable:
    header = head[find_header(head)]
    while header and not header[-1]:
        header = header[:-1]
    check_columns(len(header), filename)
    named = is_header(header)
    for row in rows:
        if row[: len(header)] == header:
            break
    width = len(header)
    builder = TableBuilder(header if named else [""] * width)
    if not named:
        rows = itertools.chain([header], rows)
    for number, row in enumerate(itertools.islice(rows, limit), start=1):
        if any(row):
            builder.add(number, [*row[:width], *[""] * (width - len(row))])
    notes = [] if named else ["The sheet has no header: its columns were told by what they hold."]
    return RawTable(builder.build(), "xlsx", notes=notes)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value)
