"""What the person who uploads says about a file: whose reviews, from where, and which column is which."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from peachdash.ingest import Recognition
from peachdash.ingest.model import FIELDS
from peachdash.insights import formatting
from peachdash.queries.catalogue import fetch_businesses, fetch_sources
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import FORMAT_WORDS, plain
from peachdash.workflows.importing import ImportOptions

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


def choose_columns(columns: tuple[str, ...], slot: str) -> tuple[dict[str, str | None], str]:
    """Corrected columns (None: no column) and the order of day and month, in a fold that mostly stays closed.

    Args:
        columns: of the file.
        slot: tells the widgets of several files apart.
    """
    mapping: dict[str, str | None] = {}
    with st.expander(
        "Correct the columns or the dates", icon=":material/tune:", key=f"upload_corrections{slot}"
    ):
        order = st.selectbox(
            "Day and month",
            list(_ORDERS),
            format_func=_ORDERS.__getitem__,
            key=f"upload_order{slot}",
            width=320,
        )
        with st.grid("auto", min_column_width=220):
            for field in FIELDS:
                position = _choose_column(field, columns, slot)
                if position is not None:
                    mapping[field] = columns[position] if position >= 0 else None
    return mapping, order


def ask_date_order(question: str, slot: str) -> Literal["dmy", "mdy"] | None:
    """Day first or month first, where the dates of a file leave it open."""
    st.info(plain(question.partition(" Say which:")[0], 600), icon=":material/calendar_month:")
    words = {"dmy": "The day comes first", "mdy": "The month comes first"}
    chosen: Any = st.segmented_control(
        "Which comes first in its dates?",
        list(words),
        format_func=words.__getitem__,
        key=f"upload_open{slot}",
    )
    order: Literal["dmy", "mdy"] | None = chosen
    return order


def choose_profile_name(slot: str) -> str:
    """The name under which what was settled is kept, if somebody wants it kept."""
    name = st.text_input(
        "Keep these settings as a profile (optional)",
        placeholder="Such as: Diner, monthly export",
        max_chars=80,
        key=f"upload_profile{slot}",
        help="Files with the same columns are recognised by it, here, by command and in the inbox.",
    )
    return name.strip()


def choose_platform_count(slot: str) -> int | None:
    """How many reviews the platform shows, to compare with what is stored."""
    shown: Any = st.number_input(
        "Reviews that the platform shows (optional)",
        min_value=0,
        value=None,
        step=1,
        key=f"upload_shown{slot}",
        help="The history of imports then says how many of them are stored here.",
    )
    return None if shown is None else int(shown)


def _choose_column(field: str, columns: tuple[str, ...], slot: str) -> int | None:
    """The position of the chosen column; -1 for no column, None for "as recognised"."""
    options: list[int | None] = [None, *range(len(columns)), -1]

    def words(position: int | None) -> str:
        if position is None:
            return _AS_RECOGNISED
        return columns[position] if position >= 0 else _NO_COLUMN

    chosen: int | None = st.selectbox(
        FIELD_WORDS[field], options, format_func=words, key=f"upload_column_{field}{slot}"
    )
    return chosen


def render_recognition(recognition: Recognition, profile: str | None) -> None:
    """What the file was taken for, and which column holds what."""
    name = FORMAT_WORDS.get(recognition.format, f"export of the kind {recognition.format.replace('_', ' ')}")
    delimiter = recognition.delimiter
    details = [recognition.encoding, _DELIMITERS.get(delimiter, f"“{delimiter}”") if delimiter else None]
    told = ", ".join(plain(detail) for detail in details if detail)
    by = f", by your profile “{plain(profile, 80)}”" if profile else ""
    st.markdown(f"**Recognised:** {plain(name)}{f' ({told})' if told else ''}{by}")
    known = [
        f"{FIELD_WORDS[field]} from “{plain(column, 60)}”" for field, column in recognition.mapping.items()
    ]
    st.caption(" · ".join(known))


def render_outgrown(found: tuple[str, list[str]] | None) -> None:
    """That a profile was not taken, since the columns of its files have changed."""
    if found is None:
        return
    name, lacking = found
    columns = formatting.listing([f"“{plain(column, 60)}”" for column in lacking], most=4)
    st.info(
        f"Your profile “{plain(name, 80)}” was not taken: the file lacks {columns}. Correct the columns "
        "above where needed, and keep the settings under the same name.",
        icon=":material/rule:",
    )


def choose_origin(
    session: Session, recognition: Recognition, known: ImportOptions, slot: str
) -> tuple[str | None, str | None]:
    """Business and source for a file, or for its rows, that lack them; None where nothing was chosen."""
    business, source = known.business, known.source
    named = "business" in recognition.mapping
    with st.grid("auto", min_column_width=240):
        business = _choose_known(
            "Whose are rows that name no business? (optional)" if named else "Whose reviews are these?",
            f"business{slot}",
            list(ask(session, fetch_businesses)["business"]),
            business,
        )
        if "source" not in recognition.mapping and recognition.source is None:
            source = _choose_known(
                "Where were they written? (optional)", f"source{slot}", ask(session, fetch_sources), source
            )
    return business, source


def _choose_known(label: str, name: str, known: list[str], default: str | None) -> str | None:
    chosen: Any = st.selectbox(
        label,
        known,
        index=known.index(default) if default in known else None,
        accept_new_options=True,
        placeholder="Choose, or type a new one",
        key=f"upload_{name}",
    )
    return str(chosen).strip() or None if chosen else default if default not in known else None
