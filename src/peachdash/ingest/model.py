"""What ingest hands out: how a file was understood, and the rows that were read from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

DateOrder = Literal["dmy", "mdy"]

FIELDS: tuple[str, ...] = (
    "business",
    "source",
    "platform_id",
    "review_date",
    "relative_date",
    "scraped_at",
    "stars",
    "title",
    "text",
    "translated_text",
    "language",
    "owner_reply",
    "reviewer",
)
"""What a column of an export can mean. `relative_date` ("a month ago") stands in where `review_date` is
blank, `scraped_at` is what relative dates are counted from, `translated_text` goes before `text`."""

ROW_COLUMNS: tuple[str, ...] = (
    "row",
    "business",
    "source",
    "platform_id",
    "review_date",
    "date_precision",
    "stars",
    "title",
    "text",
    "language",
    "owner_reply",
    "reviewer_hash",
    "unscored_reason",
)
REJECT_COLUMNS: tuple[str, ...] = ("row", "column", "reason", "raw")


@dataclass(frozen=True)
class BrokenRow:
    """A row of the file that cannot be laid out in columns.

    Attributes:
        row: 1-based number of the data row, the header not counted.
        reason: what is wrong with it, for the user.
        fields: its pieces as far as they can be told apart.
    """

    row: int
    reason: str
    fields: tuple[str, ...]


@dataclass
class RawTable:
    """A file as columns of text, before anything is known of their meaning.

    Attributes:
        frame: one `str` column for each column of the file, missing values are NaN; the index is the
            1-based number of the data row, the header not counted.
        broken: rows that could not be laid out in these columns.
        container: csv, tsv, json, jsonl or xlsx.
        encoding: name of the text encoding; None for a workbook.
        delimiter: None where the container has none.
        notes: what a user should know about the reading, one sentence each.
    """

    frame: pd.DataFrame
    container: str
    broken: list[BrokenRow] = field(default_factory=list)
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Recognition:
    """How a file was understood.

    Attributes:
        format: name of the exporter ('trustpilot', 'outscraper', …) where its columns are known, else the
            container's name ('csv', 'json', …).
        container: csv (any delimiter but the tab), tsv, json, jsonl or xlsx.
        encoding: name of the text encoding, None for a workbook.
        delimiter: the character between fields, None where the container has none.
        mapping: field (see `FIELDS`) to column name; fields without a column are left out.
        columns: all column names in their order; a nameless one is "column 3".
        source: the platform, where format or file name tell it.
        date_order: the order of day and month that the exporter is known to write.
        scraped_on: the latest day on which the file says its rows were collected.
        notes: what a user should know, one sentence each.
        certain: false where the names of the columns said nothing, and the text was found by its looks.
    """

    format: str
    container: str
    encoding: str | None
    delimiter: str | None
    mapping: dict[str, str]
    columns: tuple[str, ...]
    source: str | None = None
    date_order: DateOrder | None = None
    scraped_on: dt.date | None = None
    notes: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True)
class ExportRead:
    """The rows of an export, each one either accepted or rejected with its reason.

    Attributes:
        recognition: how the file was understood.
        rows: accepted reviews, columns `ROW_COLUMNS`: row (int, 1-based, header not counted), business,
            source, platform_id, review_date (datetime.date or None), date_precision (day, week, month,
            year, unknown), stars (float 1 to 5, NaN where none), title, text, language, owner_reply,
            reviewer_hash (32 hex digits) and unscored_reason ('no_text' where there are only stars).
            Missing text values are NaN.
        rejects: rows that were not accepted, columns `REJECT_COLUMNS`: row, column (NaN where the whole
            row is meant), reason, raw (the row as a JSON object, reviewer names blanked).
        notes: what a user should know about recognising and reading, one sentence each.
    """

    recognition: Recognition
    rows: pd.DataFrame
    rejects: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def rows_read(self) -> int:
        """Rows of the file, blank lines not counted: every one is accepted or rejected."""
        return len(self.rows) + len(self.rejects)
