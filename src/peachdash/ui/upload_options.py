"""What the person who uploads says about a file: whose reviews, from where, and which column is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from peachdash.ingest import Recognition
from peachdash.ingest.model import FIELDS
from peachdash.queries.catalogue import fetch_businesses, fetch_sources
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import FORMAT_WORDS, plain
from peachdash.workflows.imports import ImportOptions

FIELD_WORDS: dict[str, str] = {
    "text": "Review text",
    "stars": "Stars",
    "review_date": "Date",
    "business": "Business",
    "source": "Source",
    "title": "Title",
    "owner_reply": "Reply by the owner",
    "platform_id": "Id on the platform",
    "reviewer": "Reviewer",
    "language": "Language",
    "translated_text": "Translated text",
    "relative_date": "Relative date (“a month ago”)",
    "scraped_at": "Collected on",
}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_AS_RECOGNISED, _NO_COLUMN = "As recognised", "No column"
_ORDERS = {"": _AS_RECOGNISED, "dmy": "Day before month (31/12)", "mdy": "Month before day (12/31)"}


@dataclass(frozen=True)
class ColumnChoices:
    """Corrections of what was recognised: field to column (None: no column), order of day and month."""

    mapping: dict[str, str | None]
    date_order: str


def choose_columns(columns: tuple[str, ...]) -> ColumnChoices:
    """The corrections, in a fold that most uploads leave closed."""
    mapping: dict[str, str | None] = {}
    with st.expander("Correct the columns or the dates", icon=":material/tune:", key="upload_corrections"):
        order = st.selectbox(
            "Day and month", list(_ORDERS), format_func=_ORDERS.__getitem__, key="upload_order", width=320
        )
        with st.grid("auto", min_column_width=220):
            for field in FIELDS:
                position = _choose_column(field, columns)
                if position is not None:
                    mapping[field] = columns[position] if position >= 0 else None
    return ColumnChoices(mapping, order)


def _choose_column(field: str, columns: tuple[str, ...]) -> int | None:
    """The position of the chosen column; -1 for no column, None for "as recognised"."""
    options: list[int | None] = [None, *range(len(columns)), -1]

    def words(position: int | None) -> str:
        if position is None:
            return _AS_RECOGNISED
        return columns[position] if position >= 0 else _NO_COLUMN

    chosen: int | None = st.selectbox(
        FIELD_WORDS[field], options, format_func=words, key=f"upload_column_{field}"
    )
    return chosen


def render_recognition(recognition: Recognition) -> None:
    """What the file was taken for, and which column holds what."""
    name = FORMAT_WORDS.get(recognition.format, f"export of the kind {recognition.format.replace('_', ' ')}")
    delimiter = recognition.delimiter
    details = [recognition.encoding, _DELIMITERS.get(delimiter, f"“{delimiter}”") if delimiter else None]
    told = ", ".join(plain(detail) for detail in details if detail)
    st.markdown(f"**Recognised:** {plain(name)}{f' ({told})' if told else ''}")
    known = [
        f"{FIELD_WORDS[field]} from “{plain(column, 60)}”" for field, column in recognition.mapping.items()
    ]
    st.caption(" · ".join(known))


def choose_origin(session: Session, recognition: Recognition) -> tuple[str | None, str | None]:
    """Business and source for a file that lacks them; None where it names them or nothing was chosen."""
    business = source = None
    with st.container(horizontal=True):
        if "business" not in recognition.mapping:
            business = _choose_known(
                "Whose reviews are these?", "business", list(ask(session, fetch_businesses)["business"])
            )
        if "source" not in recognition.mapping and recognition.source is None:
            source = _choose_known(
                "Where were they written? (optional)", "source", ask(session, fetch_sources)
            )
    return business, source


def _choose_known(label: str, name: str, known: list[str]) -> str | None:
    chosen: Any = st.selectbox(
        label,
        known,
        index=None,
        accept_new_options=True,
        placeholder="Choose, or type a new one",
        key=f"upload_{name}",
    )
    return str(chosen).strip() or None if chosen else None


def import_options(columns: ColumnChoices, business: str | None, source: str | None) -> ImportOptions:
    """All of it as the import takes it."""
    order: Any = columns.date_order or None
    return ImportOptions(business=business, source=source, mapping=columns.mapping or None, date_order=order)
