"""What would become of a file: counts, preview, duplicates with what they repeat, rejects to correct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.ingest.readers import read_table
from peachdash.ingest.rejecting import mendable
from peachdash.insights import formatting
from peachdash.ui.access import Session
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import plain, preview, review_date, stars_words
from peachdash.ui.upload_jobs import large_rejects
from peachdash.workflows.import_plan import PlanView

MOST_SHOWN = 1000
MANY_NEW = 10
"""More new businesses than this, for few reviews each, are asked about: names of reviewers look like it."""


def render_plan(session: Session, view: PlanView, file: Any, slot: str) -> None:
    """The counts, the first rows, and what is left out and why."""
    _render_counts(view)
    if len(view.preview):
        st.subheader("The first reviews as they would be stored", anchor=False)
        st.dataframe(preview_rows(view.preview), hide_index=True, alt="Preview of the import")
    _render_duplicates(view)
    if len(view.rejects):
        words = f"{formatting.counted(view.rejected, 'rejected row')}, and what is wrong"
        with st.expander(words, icon=":material/report:", expanded=True):
            name = f"rejected-{_stem(file.name)}.csv"
            render_rejects(session, view.rejects, lambda: _to_mend(file, view), name)


def _stem(name: str) -> str:
    """The name of a file without its ending: it may say where the reviews are from."""
    return name.rpartition(".")[0] or name


def _to_mend(file: Any, view: PlanView) -> pd.DataFrame:
    rejects = large_rejects(file)
    return mendable(read_table(file.getvalue(), file.name), view.rejects if rejects is None else rejects)


def _render_counts(view: PlanView) -> None:
    figures = (
        ("New reviews", view.accepted),
        ("Duplicates", view.duplicates),
        ("Rejected rows", view.rejected),
    )
    with st.container(horizontal=True):
        for name, value in figures:
            st.metric(name, formatting.count(value), border=True, width="stretch")
    rows = formatting.counted(view.rows_read, "row")
    notes = [f"{rows} in the file: each is new, a duplicate or rejected."]
    if view.newer_versions:
        versions = formatting.counted(view.newer_versions, "review")
        notes.append(f"{versions} changed by the reviewer since: the new version takes the old one's place.")
    if view.late_replies:
        notes.append(f"Duplicates that bring an owner's reply, which is added: {view.late_replies:,}.")
    notes += map(plain, view.notes)
    if view.new_businesses:
        names = formatting.listing([plain(name, 80) for name in view.new_businesses], most=8)
        notes.append(f"Would be added as new businesses: {names}.")
    st.caption("  \n".join(notes))
    if len(view.new_businesses) > MANY_NEW and len(view.new_businesses) > view.accepted / 5:
        st.warning(
            f"This would add {formatting.count(len(view.new_businesses))} businesses for "
            f"{formatting.counted(view.accepted, 'review')}. Is the right column taken for the business? "
            "Correct it above, or say that there is none.",
            icon=":material/storefront:",
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


def _render_duplicates(view: PlanView) -> None:
    rows = view.repeated
    if rows.empty:
        return
    with st.expander(
        f"{formatting.counted(view.duplicates, 'duplicate')}: what each repeats",
        icon=":material/content_copy:",
    ):
        texts = [preview(*pair) for pair in zip(rows["title"], rows["text"], strict=True)]
        frame = pd.DataFrame({"Row": rows["row"], "Repeats": rows["duplicate_of"], "Review": texts})
        st.dataframe(frame, hide_index=True, alt="Duplicates")
        if view.duplicates > len(rows):
            st.caption(f"The first {formatting.count(len(rows))} are shown.")


def render_rejects(
    session: Session, rejects: pd.DataFrame, to_mend: Callable[[], pd.DataFrame], file_name: str
) -> None:
    """Rejected rows by row and column, and the file to correct them in.

    Args:
        session: of the page.
        rejects: row, column, reason and raw.
        to_mend: gives what is downloaded: the rows as they came, with what is wrong.
        file_name: of the download, whose cells no spreadsheet takes for formulas.
    """
    names = {"row": "Row", "column": "Column", "reason": "Reason", "raw": "As it came"}
    shown = rejects[list(names)].rename(columns=names).head(MOST_SHOWN)
    shown["Column"] = shown["Column"].fillna("whole row").replace("", "whole row")
    st.dataframe(shown, hide_index=True, alt="Rejected rows with their reasons")
    st.caption("Download them, correct them in a spreadsheet, and upload that file: only they are added.")
    render_download(
        session, "Download the rejected rows", lambda later: to_mend(), file_name, "rejected rows",
        key=f"download_rejects_{file_name}",
    )  # fmt: skip
