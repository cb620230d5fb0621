"""An export read to the end: every row is an accepted review or a rejected row with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from peachdash.errors import BadInput
from peachdash.ingest.cells import clean_label, clean_text, without_missing
from peachdash.ingest.dates import ParsedDates, parse_absolute, parse_dates
from peachdash.ingest.guards import MAX_BYTES
from peachdash.ingest.identities import hash_reviewers
from peachdash.ingest.model import ROW_COLUMNS, DateOrder, ExportRead, RawTable, Recognition
from peachdash.ingest.profiles import SAMPLE_ROWS
from peachdash.ingest.readers import read_table
from peachdash.ingest.recognising import recognise_table
from peachdash.ingest.rejecting import reject_broken, reject_rows
from peachdash.ingest.rules import NO_NAME, find_broken, unfit_names
from peachdash.ingest.sources import UNKNOWN_SOURCE, find_platform, normalise_sources
from peachdash.ingest.stars import parse_stars


def recognise(data: bytes, filename: str, *, max_bytes: int = MAX_BYTES) -> Recognition:
    """What kind of export a file is and which column holds what, from its first thousand rows.

    Raises:
        BadInput: the file is no export; the message says why.
    """
    return recognise_table(read_table(data, filename, limit=SAMPLE_ROWS, max_bytes=max_bytes), filename)


def read_export(
    data: bytes,
    filename: str,
    *,
    mapping: Mapping[str, str | None] | None = None,
    business: str | None = None,
    source: str | None = None,
    date_order: DateOrder | None = None,
    hash_key: bytes,
    today: dt.date,
    max_bytes: int = MAX_BYTES,
) -> ExportRead:
    """The reviews of an export.

    Args:
        data: the file.
        filename: its name, for messages and for a hint of the platform.
        mapping: field (see `FIELDS`) to column where the user knows better than `recognise`; None: no column.
        business: whose reviews they are, for rows in which the file names no business.
        source: the platform, for rows in which the file names none; goes before what the format implies.
        date_order: order of day and month in dates like 03/04/2024, for columns that leave it open.
        hash_key: secret key of the reviewer hashes.
        today: what relative dates are counted from in rows without a scrape date.
        max_bytes: larger files are refused.

    Raises:
        BadInput: the file cannot be read, has neither text nor stars, names no business, or its dates are
            open to two readings; the message says what to do.
    """
    table = read_table(data, filename, max_bytes=max_bytes)
    recognition = recognise_table(table, filename, mapping)
    columns = _Columns(table.frame, recognition)
    notes = list(recognition.notes)
    reviews = _words_and_stars(columns, notes)
    _refuse_empty(reviews, table, filename)
    business = _given(business)
    if business is not None and unfit_names(pd.Series([business])):
        raise BadInput(f"The name given for {filename} cannot be used: {NO_NAME}.")
    if business is None and "business" not in recognition.mapping:
        raise BadInput(f"{filename} does not say which business its reviews are about: give --business NAME.")
    reviews["business"] = columns.label("business").fillna(business)
    notes += _business_notes(columns, business)
    reviews["source"] = _sources(columns, recognition, _given(source))
    dates = _dates(columns, recognition, date_order, today, notes)
    reviews["review_date"] = _as_dates(dates.days)
    reviews["date_precision"] = dates.precision
    reviews["reviewer_hash"] = hash_reviewers(columns.label("reviewer"), hash_key)
    notes += _star_notes(columns, reviews)
    reasons = find_broken(reviews, columns.cells("stars").notna(), recognition.mapping)
    rejects = _rejected(table, reasons, recognition)
    return ExportRead(recognition, _accepted(reviews, reasons), rejects, tuple(notes))


class _Columns:
    """The columns of a table by the field that they hold; a field without a column is all missing."""

    def __init__(self, frame: pd.DataFrame, recognition: Recognition) -> None:
        self.frame = frame
        self.mapping = recognition.mapping

    def cells(self, field: str) -> pd.Series:
        return without_missing(self._raw(field))

    def text(self, field: str) -> pd.Series:
        return clean_text(self._raw(field))

    def label(self, field: str) -> pd.Series:
        return clean_label(self._raw(field))

    def _raw(self, field: str) -> pd.Series:
        if field in self.mapping:
            return self.frame[self.mapping[field]]
        return pd.Series(pd.NA, index=self.frame.index, dtype="str")


def _given(value: str | None) -> str | None:
    value = " ".join((value or "").split())
    return value or None


def _words_and_stars(columns: _Columns, notes: list[str]) -> pd.DataFrame:
    original, translated = columns.text("text"), columns.text("translated_text")
    if "translated_text" not in columns.mapping:
        translated = original
    reviews = pd.DataFrame(index=columns.frame.index)
    reviews["platform_id"] = columns.label("platform_id")
    reviews["title"] = columns.label("title")
    reviews["text"] = translated.fillna(original)
    foreign = translated.notna() & original.notna() & (translated != original)
    reviews["language"] = columns.label("language").str.lower().mask(foreign)
    reviews["owner_reply"] = columns.text("owner_reply")
    reviews["stars"], scale = parse_stars(columns.cells("stars"))
    if scale > 1:
        notes.append(f"The stars run to {5 * scale:g} and were divided by {scale:g}.")
    if foreign.any():
        notes.append(f"Reviews kept in their translation: {int(foreign.sum()):,}.")
    return reviews


def _business_notes(columns: _Columns, given: str | None) -> list[str]:
    named = columns.label("business").dropna()
    others = sorted(set(named.unique()) - {given})
    if given is None or not others:
        return []
    shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    filled = len(columns.frame) - len(named)
    use = f"is taken for the {filled:,} rows that name none" if filled else "is not used"
    return [f"The file names its businesses itself ({shown}); {given} {use}."]


def _star_notes(columns: _Columns, reviews: pd.DataFrame) -> list[str]:
    words = reviews["text"].notna() | reviews["title"].notna()
    misread = int((columns.cells("stars").notna() & reviews["stars"].isna() & words).sum())
    return (
        [f"Stars that could not be read as 1 to 5: {misread:,}; the reviews are kept without."]
        if misread
        else []
    )


def _sources(columns: _Columns, recognition: Recognition, given: str | None) -> pd.Series:
    fallback = (find_platform(given) or given.casefold()) if given else recognition.source
    return normalise_sources(columns.label("source")).fillna(fallback or UNKNOWN_SOURCE)


def _dates(
    columns: _Columns, recognition: Recognition, order: DateOrder | None, today: dt.date, notes: list[str]
) -> ParsedDates:
    counted_from = _counted_from(columns, order, today)

    def parse(field: str) -> ParsedDates:
        return parse_dates(
            columns.cells(field),
            column=recognition.mapping.get(field, field),
            counted_from=counted_from,
            today=today,
            order=order,
            fallback=recognition.date_order,
        )

    dates = parse("review_date").completed_by(parse("relative_date"))
    notes.extend(_date_notes(dates, recognition, today))
    return dates


def _counted_from(columns: _Columns, order: DateOrder | None, today: dt.date) -> pd.Series:
    """The moment from which each row's relative date counts: its scrape date, the file's latest, or today."""
    scraped, _, _ = parse_absolute(columns.cells("scraped_at"), "", order, fallback="mdy")
    latest = scraped.max()
    return scraped.fillna(pd.Timestamp(today) if pd.isna(latest) else latest)


def _date_notes(dates: ParsedDates, recognition: Recognition, today: dt.date) -> list[str]:
    notes = []
    if dates.relative and "scraped_at" not in recognition.mapping:
        day = f"{today.day} {today:%b %Y}"
        notes.append(f"Dates like '3 months ago' were counted from {day}: the file has no scrape date.")
    if dates.unreadable:
        notes.append(f"Dates that could not be read: {dates.unreadable:,}; the reviews are kept without.")
    if dates.unlikely:
        notes.append(f"Dates before 1995 or in the future: {dates.unlikely:,}; the reviews are kept without.")
    return notes


def _as_dates(days: pd.Series) -> pd.Series:
    whole = pa.array(days, from_pandas=True).cast(pa.date32())
    return pd.Series(np.asarray(whole.to_pandas(date_as_object=True)), index=days.index, dtype=object)


def _refuse_empty(reviews: pd.DataFrame, table: RawTable, filename: str) -> None:
    if len(reviews) and not table.broken and reviews[["text", "title", "stars"]].isna().all(axis=None):
        raise BadInput(f"All {len(reviews):,} rows of {filename} are empty: none has a text or stars.")


def _accepted(reviews: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    kept = np.flatnonzero(~reviews.index.isin(reasons.index))  # places: many times faster than a mask
    rows = reviews.iloc[kept] if len(reasons) else reviews
    no_words = rows["text"].isna() & rows["title"].isna()
    reason = pd.Series(pd.NA, index=rows.index, dtype="str").mask(no_words, "no_text")
    rows = rows.assign(row=rows.index, unscored_reason=reason)[list(ROW_COLUMNS)]
    return rows.reset_index(drop=True)


def _rejected(table: RawTable, reasons: pd.DataFrame, recognition: Recognition) -> pd.DataFrame:
    reviewer = recognition.mapping.get("reviewer")
    parts = [
        reject_rows(table.frame, reasons, reviewer),
        reject_broken(table.broken, list(table.frame.columns), reviewer),
    ]
    return pd.concat(parts).sort_values("row", kind="stable").reset_index(drop=True)
