"""Rows of text, from whichever reader, gathered into columns; and which row of a file is its header."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from peachdash.ingest.vocabulary import known_names, unique_columns

HEADER_SEARCH_ROWS = 10
_CHUNK_ROWS = 20_000
_DATA_CELL = re.compile(
    r"\s*[-+]?\d+([.,]\d+)?\s*$|\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|.* ago\s*$|.{60}", re.DOTALL
)


def find_header(rows: Sequence[Sequence[str]]) -> int:
    """Index of the header among a file's first rows: the first, unless a later one is plainly it.

    Reports put a title and a date above their table; two or more common column names tell the header.
    """
    counts = [known_names(row) for row in rows[:HEADER_SEARCH_ROWS]]
    best = max(range(len(counts)), key=lambda index: (counts[index], -index), default=0)
    return best if counts and counts[best] >= 2 and counts[0] < 1 else 0


def is_header(cells: Sequence[str]) -> bool:
    """Whether a file's first row names its columns; without one, the row is a review like the others."""
    if len(cells) == 1 and len(cells[0].split()) > 5:
        return False
    return known_names(cells) > 0 or not any(_DATA_CELL.match(cell) for cell in cells)


class TableBuilder:
    """Collects rows of equal length and packs them into Arrow columns, so that few Python objects live."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns = unique_columns(names)
        self._rows: list[Sequence[str | None]] = []
        self._numbers: list[int] = []
        self._chunks: list[pa.Table] = []

    def add(self, row: int, cells: Sequence[str | None]) -> None:
        """Append the row with this 1-based number; None is a missing cell."""
        self._rows.append(cells)
        self._numbers.append(row)
        if len(self._rows) >= _CHUNK_ROWS:
            self._pack()

    def build(self) -> pd.DataFrame:
        """The rows as `str` columns, indexed by row number."""
        self._pack()
        frame = pa.concat_tables(self._chunks).to_pandas() if self._chunks else self._empty()
        frame.columns = pd.Index(self.columns, dtype=object)
        frame.index = pd.Index(self._numbers, dtype="int64", name="row")
        return frame

    def _pack(self) -> None:
        if not self._rows:
            return
        arrays = [pa.array(cells, pa.large_string()) for cells in zip(*self._rows, strict=True)]
        self._chunks.append(pa.table(arrays, names=[str(number) for number in range(len(arrays))]))
        self._rows = []

    def _empty(self) -> pd.DataFrame:
        return pd.DataFrame({str(number): pd.Series(dtype="str") for number in range(len(self.columns))})
