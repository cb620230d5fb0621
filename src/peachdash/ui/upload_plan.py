"""A file as it would be imported: counts, preview, duplicates, rejects, and the button that does it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.ingest.readers import read_table
from peachdash.ingest.recognising import recognise_table
from peachdash.insights import formatting
from peachdash.ui.access import Session
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import plain, preview, review_date, stars_words
from peachdash.ui.guard import guard
from peachdash.ui.notices import done
from peachdash.ui.upload_options import choose_columns, choose_origin, import_options, render_recognition
from peachdash.workflows.imports import ImportOptions, ImportPlan, import_export, plan_import

PREVIEW_ROWS, SAMPLE_ROWS, MOST_SHOWN = 20, 1000, 1000
FILE_TYPES = ["csv", "tsv", "txt", "json", "jsonl", "xlsx"]


def render_upload(session: Session) -> None:
    """Take a file, show what would become of it, and import it on demand."""
    file = st.file_uploader(
        "Review export (CSV, Excel, JSON or JSON lines)", type=FILE_TYPES, key="upload_file"
    )
    if file is None:
        return
    with guard("Nothing was imported."):
        table = _sampled(file.file_id, file)
        choices = choose_columns(tuple(table.frame.columns))
        recognition = recognise_table(table, file.name, choices.mapping)
        render_recognition(recognition)
        business, source = choose_origin(session, recognition)
        if business is None and "business" not in recognition.mapping:
            st.info("The file does not say whose reviews it holds. Choose the business to go on.")
            return
        options = import_options(choices, business, source)
        with st.skeleton(height=300):
            plan = _planned(file.file_id, session.cache_key, repr(options), session, file, options)
        _render_plan(session, plan, file, options)


@st.cache_data(max_entries=4, show_spinner=False)
def _sampled(file_id: str, _file: Any) -> Any:
    return read_table(_file.getvalue(), _file.name, limit=SAMPLE_ROWS)


@st.cache_data(max_entries=4, show_spinner=False)
def _planned(
    file_id: str, state: str, told: str, _session: Session, _file: Any, _options: ImportOptions
) -> ImportPlan:
    service = _session.service
    return plan_import(
        service.database, _session.scope, service.settings.home, _file.getvalue(), _file.name, _options
    )


def _render_plan(session: Session, plan: ImportPlan, file: Any, options: ImportOptions) -> None:
    _render_counts(plan)
    _render_button(session, plan, file, options)
    new = plan.rows[plan.rows["duplicate_of"].isna()]
    if len(new):
        st.subheader("The first reviews as they would be stored", anchor=False)
        st.dataframe(preview_rows(new.head(PREVIEW_ROWS)), hide_index=True, alt="Preview of the import")
    _render_duplicates(plan)
    _render_rejects(session, plan)


def _render_counts(plan: ImportPlan) -> None:
    figures = (
        ("New reviews", plan.accepted),
        ("Duplicates", plan.duplicates),
        ("Rejected rows", plan.rejected),
    )
    with st.container(horizontal=True):
        for name, value in figures:
            st.metric(name, formatting.count(value), border=True, width="stretch")
    rows = formatting.counted(plan.read.rows_read, "row")
    notes = [f"{rows} in the file: each is new, a duplicate or rejected.", *map(plain, plan.read.notes)]
    if plan.new_businesses:
        names = formatting.listing([plain(name, 80) for name in plan.new_businesses], most=8)
        notes.append(f"Would be added as new businesses: {names}.")
    st.caption("  \n".join(notes))


def _render_button(session: Session, plan: ImportPlan, file: Any, options: ImportOptions) -> None:
    words = (
        f"Import {formatting.counted(plan.accepted, 'review')}" if plan.accepted else "Nothing new to import"
    )
    if not st.button(
        words, type="primary", icon=":material/download:", disabled=not plan.accepted, key="import"
    ):
        return
    service = session.service
    result = import_export(
        service.database, session.scope, service.settings.home, file.getvalue(), file.name, options, "page"
    )
    service.supervisor.score_soon()
    done(
        f"{formatting.counted(result.accepted, 'review')} imported from {file.name}, "
        f"{formatting.counted(result.duplicates, 'duplicate')} and "
        f"{formatting.counted(result.rejected, 'rejected row')} left out. The models read them now."
    )


def preview_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The first rows as they would be stored, words only."""
    return pd.DataFrame(
        {
            "Row": list(rows["row"]),
            "Review": [preview(*pair) for pair in zip(rows["title"], rows["text"], strict=True)],
            "Stars": [stars_words(stars) for stars in rows["stars"]],
            "Date": [
                review_date(*pair) for pair in zip(rows["review_date"], rows["date_precision"], strict=True)
            ],
            "Source": list(rows["source"]),
            "Business": list(rows["business"]),
        }
    )


def _render_duplicates(plan: ImportPlan) -> None:
    rows = plan.rows[plan.rows["duplicate_of"].notna()]
    if rows.empty:
        return
    with st.expander(
        f"{formatting.counted(len(rows), 'duplicate')}: stored already", icon=":material/content_copy:"
    ):
        shown = rows.head(MOST_SHOWN)
        texts = [preview(*pair) for pair in zip(shown["title"], shown["text"], strict=True)]
        frame = pd.DataFrame({"Row": shown["row"], "Repeats": shown["duplicate_of"], "Review": texts})
        st.dataframe(frame, hide_index=True, alt="Duplicates")


def _render_rejects(session: Session, plan: ImportPlan) -> None:
    rejects = plan.read.rejects
    if rejects.empty:
        return
    words = f"{formatting.counted(len(rejects), 'rejected row')}: what is wrong with them"
    with st.expander(words, icon=":material/report:", expanded=True):
        render_rejects(session, rejects, f"rejected-{plan.file_sha256[:8]}.csv")


def render_rejects(session: Session, rejects: pd.DataFrame, file_name: str) -> None:
    """Rejected rows by row and column, with the file to mend them in.

    Args:
        session: of the page.
        rejects: row, column, reason and raw.
        file_name: of the download, whose cells no spreadsheet takes for formulas.
    """
    names = {"row": "Row", "column": "Column", "reason": "Reason", "raw": "As it came"}
    shown = rejects[list(names)].rename(columns=names)
    shown["Column"] = shown["Column"].fillna("whole row")
    st.dataframe(shown.head(MOST_SHOWN), hide_index=True, alt="Rejected rows with their reasons")
    render_download(session, "Download the rejected rows", lambda later: shown, file_name, "rejected rows")
