"""Which delimiter and quoting a text file uses, decided by trying them on its first records.

`csv.Sniffer` judges by character counts and takes commas, spaces or letters of review texts for delimiters;
here a delimiter must give the same number of fields in row after row.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from peachdash.ingest.records import Dialect, Record, read_records
from peachdash.ingest.tables import HEADER_SEARCH_ROWS
from peachdash.ingest.vocabulary import known_names

DELIMITERS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"
SAMPLE_RECORDS = 300


@dataclass(frozen=True, order=True)
class _Fit:
    """How well a dialect suits a sample; larger is better, in this order."""

    good_share: float
    known_names: int
    width: int
    plain: bool


def find_dialect(lines: list[str]) -> tuple[Dialect, int]:
    """The dialect of a file's first lines, and how many of them stand above the header.

    Above it may stand Excel's "sep=;", or the title of a report.
    """
    declared = _declared_delimiter(lines[0]) if lines else None
    if declared is not None:
        return _best(lines[1:], (declared,)), 1
    start = _find_start(lines)
    return _best(lines[start:], DELIMITERS), start


def _declared_delimiter(line: str) -> str | None:
    line = line.strip().strip('"')
    return line[4] if line.lower().startswith("sep=") and len(line) == 5 else None


def _find_start(lines: list[str]) -> int:
    counts = [
        max(known_names(Dialect(delimiter).parse_line(line)) for delimiter in DELIMITERS)
        for line in lines[:HEADER_SEARCH_ROWS]
    ]
    filled = next((index for index, line in enumerate(lines[:HEADER_SEARCH_ROWS]) if line.strip()), 0)
    best = max(range(len(counts)), key=lambda index: (counts[index], -index), default=0)
    return best if counts and counts[best] >= 2 and counts[filled] < 1 else filled


def _best(lines: list[str], delimiters: tuple[str, ...]) -> Dialect:
    dialects = [Dialect(delimiter) for delimiter in delimiters]
    dialects += [
        Dialect(delimiter, skip_spaces=True) for delimiter in delimiters if _has_spaced_quotes(lines)
    ]
    if any('\\"' in line for line in lines):
        dialects += [Dialect(delimiter, escape="\\") for delimiter in delimiters]
    fits = {dialect: fit for dialect in dialects if (fit := _fit(lines, dialect)) is not None}
    if not fits:
        return Dialect(ONE_COLUMN)
    best = max(fits, key=lambda dialect: fits[dialect])
    return best if fits[best].good_share >= 0.5 or fits[best].known_names >= 2 else Dialect(ONE_COLUMN)


def _has_spaced_quotes(lines: list[str]) -> bool:
    return any(re.search(r"[,;|\t] +\"", line) for line in lines)


def _fit(lines: list[str], dialect: Dialect) -> _Fit | None:
    records = list(_sample(lines, dialect))
    if not records or len(records[0].fields) < 2 or _is_prose(records):
        return None
    header, rows = records[0].fields, records[1:]
    good = sum(record.problem is None for record in rows)
    share = round(good / len(rows), 2) if rows else 1.0
    plain = dialect.escape is None and not dialect.skip_spaces
    return _Fit(share, known_names(header), len(header), plain)


def _is_prose(records: list[Record]) -> bool:
    """Whether the "fields" are clauses of sentences: no known column names, and a space after each comma."""
    pieces = [field for record in records for field in record.fields[1:]]
    return not known_names(records[0].fields) and sum(piece.startswith(" ") for piece in pieces) > 0.8 * len(
        pieces
    )


def _sample(lines: list[str], dialect: Dialect) -> Iterator[Record]:
    """The first records; the last may be cut off by the end of the sample and is left out."""
    records = [r for r in itertools.islice(read_records(lines, dialect), SAMPLE_RECORDS) if r.fields]
    return iter(records[:-1] if len(records) > 2 else records)
