"""Rows that are not accepted: kept with the reason and what they held, without the reviewer's name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from peachdash.ingest.model import REJECT_COLUMNS, BrokenRow
from peachdash.ingest.vocabulary import PERSONAL, normalise_name

HIDDEN = "[not kept]"


def reject_rows(frame: pd.DataFrame, reasons: pd.DataFrame, reviewer: str | None) -> pd.DataFrame:
    """The rejected rows of a table.

    Args:
        frame: the file's columns, indexed by row number.
        reasons: columns `column` and `reason`, indexed by the numbers of the rows to reject.
        reviewer: the column with the reviewer's name.

    Returns:
        A frame with `REJECT_COLUMNS`.
    """
    personal = _personal_columns(list(frame.columns), reviewer)
    lost = frame.loc[reasons.index].copy()
    for column in personal:
        lost[column] = lost[column].mask(lost[column].notna() & (lost[column] != ""), HIDDEN)
    raw = [_as_json(record) for record in lost.to_dict("records")]
    return _frame(lost.index, reasons["column"], reasons["reason"], raw)


def reject_broken(broken: Sequence[BrokenRow], columns: Sequence[str], reviewer: str | None) -> pd.DataFrame:
    """The rows that could not be laid out in columns.

    Their fields are kept in their order; where the reviewer's column may be, counted from either end, the
    field is blanked.
    """
    hidden = _personal_columns(columns, reviewer)
    raw = [json.dumps({"fields": _hide(row.fields, columns, hidden)}, ensure_ascii=False) for row in broken]
    return _frame([row.row for row in broken], [None] * len(broken), [row.reason for row in broken], raw)


def _hide(fields: Sequence[str], columns: Sequence[str], hidden: set[str]) -> list[str]:
    from_left = {position for position, column in enumerate(columns) if column in hidden}
    surplus = len(fields) - len(columns)
    places = from_left | {position + surplus for position in from_left}
    return [HIDDEN if position in places and field else field for position, field in enumerate(fields)]


def _personal_columns(columns: Iterable[str], reviewer: str | None) -> set[str]:
    names = {column: normalise_name(column) for column in columns}
    return {column for column, name in names.items() if column == reviewer or PERSONAL.search(name)}


def _as_json(record: dict[str, object]) -> str:
    filled = {column: value for column, value in record.items() if isinstance(value, str) and value != ""}
    return json.dumps(filled, ensure_ascii=False)


def _frame(
    rows: Iterable[int], columns: Iterable[object], reasons: Iterable[str], raw: list[str]
) -> pd.DataFrame:
    values = zip(REJECT_COLUMNS, (list(rows), list(columns), list(reasons), raw), strict=True)
    types = {"row": "int64", "column": "str", "reason": "str", "raw": "str"}
    return pd.DataFrame(dict(values)).astype(types)
