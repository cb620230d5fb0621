"""Delimited text as records: strict where the rules are kept, in step again after a row that breaks them."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_FIELD_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Dialect:
    """How fields are delimited and quoted; `delimiter` is the unit separator in a file of one column."""

    delimiter: str
    escape: str | None = None
    skip_spaces: bool = False

    def parse(self, lines: Iterable[str], *, strict: bool) -> Iterator[list[str]]:
        """The records of some lines, by the csv module."""
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar=self.escape,
            doublequote=True,
            skipinitialspace=self.skip_spaces,
            strict=strict,
        )

    def parse_line(self, line: str) -> list[str]:
        """One physical line, taken leniently; an unclosed quote ends with the line."""
        try:
            return next(self.parse([line.rstrip("\r\n")], strict=False), [])
        except csv.Error:
            return line.rstrip("\r\n").split(self.delimiter)


@dataclass(frozen=True)
class Record:
    """The fields of one row; `problem` says why they are not to be trusted. A blank line has no fields."""

    fields: list[str]
    problem: str | None = None


def read_records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """All records of a file, the header first; nothing is skipped.

    The first record fixes the number of fields. A row with another number, an unclosed quote or a
    stray quote comes out as a `Record` with a problem, and reading goes on with the physical line after it.
    Surplus empty fields at a row's end are dropped.
    """
    source = _Lines(lines)
    width: int | None = None
    reader = dialect.parse(source, strict=True)
    while True:
        source.taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            record = _mend(source, dialect, width, str(error))
            reader = dialect.parse(source, strict=True)
        else:
            record = Record(fields) if width in (None, len(fields)) else _fit(fields, source, dialect, width)
        if width is None and record.fields:
            width = len(record.fields)
        yield record


class _Lines:
    """Lines that can be handed back; `taken` are those of the record at work."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        if "\0" in line:
            line = line.replace("\0", "")
        self.taken.append(line)
        return line

    def hand_back_all_but_first(self) -> str:
        first = self.taken[0]
        self._waiting.extendleft(reversed(self.taken[1:]))
        return first


def _mend(source: _Lines, dialect: Dialect, width: int | None, error: str) -> Record:
    """A record that broke the quoting rules: its first line alone, if that has the right shape."""
    if not source.taken:
        return Record([], error)
    fields = dialect.parse_line(source.hand_back_all_but_first())
    if width in (None, len(fields)) and "unexpected end" not in error:
        return Record(fields)
    return Record(fields, f"a quotation mark is not closed or stands alone ({len(fields)} of {width} fields)")


def _fit(fields: list[str], source: _Lines, dialect: Dialect, width: int) -> Record:
    if not any(fields) and len(fields) <= 1:
        return Record([])
    surplus = fields[width:]
    if surplus and not any(surplus):
        return Record(fields[:width])
    problem = f"{len(fields)} field{'s' * (len(fields) != 1)} where the header has {width}"
    if len(source.taken) > 1 and _are_rows(source.taken[1:], dialect, width):
        return Record(dialect.parse_line(source.hand_back_all_but_first()), "a quotation mark is not closed")
    return Record(fields, problem)


def _are_rows(lines: list[str], dialect: Dialect, width: int) -> bool:
    """Whether most of the lines that a record swallowed are rows of their own."""
    sample = lines[:20]
    return 2 * sum(len(dialect.parse_line(line)) == width for line in sample) > len(sample) and width > 1
