"""Rows that are not accepted: kept with the reason and what they held, without the reviewer's name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from peachdash.ingest.model import REJECT_COLUMNS, BrokenRow, RawTable
from peachdash.ingest.vocabulary import PERSONAL, normalise_name

HIDDEN = "[not kept]"
MARKERS = ("rejected row", "rejected column", "rejected because")
"""Columns of a file of rejected rows that are ours."""

_ESCAPED = r"^'([ \n\ufeff]*[=+\-@\t\r])"


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


def mendable(table: RawTable, rejects: pd.DataFrame) -> pd.DataFrame:
    """The rejected rows as they came, with what is wrong with each: a file to correct and import again.

    Args:
        table: the file as it was read.
        rejects: row, column and reason.

    Returns:
        The columns of `MARKERS`, then the file's own. Of a row that has too many fields, those after the
        last column stand in it too.
    """
    columns = list(table.frame.columns)
    whole = table.frame.reindex(rejects["row"]).fillna("")
    for broken in table.broken:
        if broken.row in whole.index:
            whole.loc[broken.row] = _laid_out(broken.fields, len(columns))
    told = [rejects[name].fillna("").to_numpy() for name in ("row", "column", "reason")]
    return pd.concat(
        [pd.DataFrame(dict(zip(MARKERS, told, strict=True))), whole.reset_index(drop=True)], axis=1
    )


def mendable_from_raw(rejects: pd.DataFrame) -> pd.DataFrame:
    """The same from stored rejects (row, column, reason, raw), in which names of persons are blanked."""
    raws = [json.loads(raw) for raw in rejects["raw"]]
    rows = [
        {f"field {place}": field for place, field in enumerate(raw["fields"], start=1)}
        if set(raw) == {"fields"} and isinstance(raw["fields"], list)
        else {name: "" if value == HIDDEN else value for name, value in raw.items()}
        for raw in raws
    ]
    told = {
        marker: rejects[name].fillna("").to_numpy()
        for marker, name in zip(MARKERS, ("row", "column", "reason"), strict=True)
    }
    return pd.concat([pd.DataFrame(told), pd.DataFrame(rows).fillna("")], axis=1)


def without_markers(frame: pd.DataFrame) -> pd.DataFrame:
    """A file of rejected rows as the export was: our columns go, and the apostrophes before formulas."""
    if MARKERS[2] not in frame.columns:
        return frame
    kept = frame.drop(columns=[name for name in MARKERS if name in frame.columns])
    return kept.apply(lambda cells: cells.str.replace(_ESCAPED, r"\1", regex=True))


def _laid_out(fields: Sequence[str], width: int) -> list[str]:
    head, surplus = list(fields[:width]), list(fields[width:])
    head += [""] * (width - len(head))
    return [*head[:-1], " ".join([head[-1], *surplus])] if surplus else head
