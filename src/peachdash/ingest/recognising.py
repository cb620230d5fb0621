"""From columns to meaning: which exporter wrote the file, and which column holds what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from peachdash.errors import BadInput
from peachdash.ingest.dates import parse_absolute
from peachdash.ingest.formats import find_format
from peachdash.ingest.matching import match_columns
from peachdash.ingest.model import FIELDS, RawTable, Recognition
from peachdash.ingest.profiles import SAMPLE_ROWS
from peachdash.ingest.sources import source_of_filename
from peachdash.ingest.vocabulary import SYNONYMS, known_names, normalise_name

_WANTED = frozenset({*SYNONYMS["text"], *SYNONYMS["stars"]})


def recognise_table(
    table: RawTable, filename: str, overrides: Mapping[str, str | None] | None = None
) -> Recognition:
    """How a table is understood, judged by its column names and its first thousand rows.

    Args:
        table: the file as columns of text.
        filename: may name the platform.
        overrides: field to column where the user knows better; None for "no column".

    Raises:
        BadInput: an override names no field or no column, or no column can hold text or stars.
    """
    columns = tuple(table.frame.columns)
    known = find_format(columns)
    mapping = known.mapping(columns) if known is not None else match_columns(table.frame.head(SAMPLE_ROWS))
    mapping = _with_overrides(mapping, overrides or {}, columns)
    if "review_date" not in mapping and "relative_date" in mapping:
        mapping["review_date"] = mapping.pop("relative_date")
    if not {"text", "stars"} & mapping.keys():
        _refuse_unusable(table, filename)
        raise BadInput(
            f"No column of {filename} can be the review text or the stars; it has {_list(columns)}. "
            "Is it an export of reviews? If so, say which column is which."
        )
    return Recognition(
        format=known.name if known is not None else table.container,
        container=table.container,
        encoding=table.encoding,
        delimiter=table.delimiter,
        mapping={field: mapping[field] for field in FIELDS if field in mapping},
        columns=columns,
        source=known.source if known is not None else source_of_filename(filename),
        date_order=known.date_order if known is not None else None,
        scraped_on=_scraped_on(table.frame, mapping.get("scraped_at")),
        notes=tuple(table.notes),
        certain=known is not None or bool(overrides) or _has_telling_name(mapping),
    )


def _refuse_unusable(table: RawTable, filename: str) -> None:
    """Say what is wrong with the rows, where a column is called as the text or the stars are.

    Raises:
        BadInput: there is such a column, or no row at all could be laid out.
    """
    columns = tuple(table.frame.columns)
    named = [column for column in columns if normalise_name(column) in _WANTED]
    if not named and not (table.frame.empty and table.broken):
        return
    reasons = [f"row {row.row}: {row.reason}" for row in table.broken[:1]]
    if named and not table.frame.empty:
        rest = " in the rest" if reasons else ""
        reasons.append(f"{_list(tuple(named))} holds neither words nor stars{rest}")
    raise BadInput(
        f"No row of {filename} could be used: {'; '.join(reasons)}. Mend the rows, or say which column of "
        f"{_list(columns)} is which."
    )


def _refuse_twice(overrides: Mapping[str, str | None], chosen: set[str]) -> None:
    for column in chosen:
        fields = [field for field, given in overrides.items() if given == column]
        if len(fields) > 1:
            raise BadInput(
                f"The column {column!r} is chosen for {' and '.join(fields)}: a column means one thing. "
                "Choose another for all but one of them, or none."
            )


def _has_telling_name(mapping: Mapping[str, str]) -> bool:
    """Whether the column of the text, or of the stars where there is none, is called as in other exports."""
    return known_names([mapping.get("text", mapping.get("stars", ""))]) > 0


def _with_overrides(
    mapping: dict[str, str], overrides: Mapping[str, str | None], columns: tuple[str, ...]
) -> dict[str, str]:
    chosen = {column for column in overrides.values() if column is not None}
    _refuse_twice(overrides, chosen)
    mapping = {field: column for field, column in mapping.items() if column not in chosen}
    for field, column in overrides.items():
        if field not in FIELDS:
            raise BadInput(f"There is no field {field!r}; columns can be {', '.join(FIELDS)}.")
        if column is not None and column not in columns:
            raise BadInput(f"There is no column {column!r} for {field}; the file has {_list(columns)}.")
        mapping.pop(field, None)
        if column is not None:
            mapping[field] = column
    return mapping


def _scraped_on(frame: pd.DataFrame, column: str | None) -> dt.date | None:
    if column is None:
        return None
    days, _, _ = parse_absolute(frame[column], column, fallback="mdy")
    latest = days.max()
    return None if pd.isna(latest) else latest.date()


def _list(columns: tuple[str, ...]) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:12])
    return shown if len(columns) <= 12 else f"{shown} and {len(columns) - 12} more"
