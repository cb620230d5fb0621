"""Labels as CSV: one row for each label and each adjudication, slices separated by semicolons."""

from __future__ import annotations

import io

import pandas as pd

from peachdash.errors import BadInput
from peachdash.labelling.exchange import (
    ADJUDICATOR,
    ANNOTATOR,
    ROW_COLUMNS,
    known_aspect,
    known_slices,
    long_frame,
)

_OTHER_NAMES = {
    "annotator": ("annotator", "completed_by", "created_by", "user", "email"),
    "label": ("label", "sentiment", "choice", "gold"),
    "text": ("text", "review"),
}
_YES = ("yes", "true", "1")


def flat_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the long form with plain cells: slices joined, unsure as yes or no, moments in ISO 8601."""
    moments = [stamp.isoformat() if not pd.isna(stamp) else "" for stamp in rows["at_utc"]]
    flat = rows.assign(
        slices=[";".join(names) for names in rows["slices"]],
        unsure=["yes" if unsure else "no" for unsure in rows["unsure"]],
        at_utc=moments,
    )
    return flat[ROW_COLUMNS].astype(object).where(flat[ROW_COLUMNS].notna(), "")


def read_csv(content: bytes, name: str = "The file") -> pd.DataFrame:
    """The long form of a CSV file in UTF-8, which messages call by its name.

    Columns that it needs are annotator, label, and text or review_id; the others of `ROW_COLUMNS` may be
    missing. Cells that were made safe for spreadsheets by an apostrophe are read as they were.

    Raises:
        BadInput: the file is no CSV, or lacks a column; the message names it.
    """
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError as error:
        raise BadInput(f"{name} is empty: expected a CSV file with a header line.") from error
    except ValueError as error:
        raise BadInput(f"{name} is no CSV in UTF-8: {str(error).rstrip('.')}.") from error
    table = table.rename(columns=_renamed([str(name) for name in table.columns]))
    if "review_id" not in table and "text" not in table:
        raise BadInput("A table of labels has a column text or review_id, this one has neither.")
    for name in ("annotator", "label"):
        if name not in table:
            raise BadInput(f"A table of labels has a column {name}, this one has {', '.join(table.columns)}.")
    blank = dict.fromkeys(set(ROW_COLUMNS) - set(table.columns), "")
    return long_frame([_row(record) for record in table.assign(**blank).to_dict("records")])


def _renamed(columns: list[str]) -> dict[str, str]:
    """Names of other programs for columns of ours, where ours are not there."""
    folded = {column.strip().casefold(): column for column in columns}
    found = {folded[name]: name for name in ROW_COLUMNS if name in folded}
    for name, others in _OTHER_NAMES.items():
        if name not in folded:
            found |= {folded[other]: name for other in others[::-1] if other in folded}
    return found


def _row(record: dict[str, str]) -> dict[str, object]:
    cells = {name: _unescaped(str(value)) for name, value in record.items()}
    is_ruling = cells["role"].strip().casefold() == ADJUDICATOR
    return {
        **{name: cells[name] for name in ("task", "title", "text", "reason_words", "reason")},
        "review_id": cells["review_id"].strip(),
        "role": ADJUDICATOR if is_ruling else ANNOTATOR,
        "annotator": cells["annotator"].strip(),
        "label": cells["label"].strip().casefold(),
        "slices": known_slices(cells["slices"].split(";")),
        "unsure": cells["unsure"].strip().casefold() in _YES,
        "aspect": known_aspect([cells["aspect"]]),
        "at_utc": cells["at_utc"] or None,
    }


def _unescaped(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "\t", "\r") else cell
