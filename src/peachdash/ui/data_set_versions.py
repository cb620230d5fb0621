"""The data set versions: a table, and of the chosen one what it holds, what changed, and a download."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.data_sets.assembling import SPLITS
from peachdash.data_sets.changes import compare_data_sets
from peachdash.insights import formatting
from peachdash.queries.data_sets import fetch_data_set_reviews
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.data_set_preview import COUNT, render_summary
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import moment, person, plain, preview

_TABLE = "data_set_versions"
CHANGES_SHOWN = 25


def render_versions(session: Session, versions: pd.DataFrame) -> None:
    """Nothing where none was frozen yet."""
    if versions.empty:
        return
    st.subheader("Versions", anchor=False)
    st.caption("A version never changes. Tick one to see what it holds.")
    state: Any = st.dataframe(
        version_rows(versions),
        key=_TABLE,
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        column_config={
            "Note": st.column_config.TextColumn("Note", width=220),
            "Bias notes": st.column_config.NumberColumn(help="How many things the bias check remarked."),
            "Content": st.column_config.TextColumn(help="The first half of the hash of what it holds."),
            **{split.capitalize(): COUNT for split in SPLITS},
        },
        alt="Data set versions, the newest first",
    )
    ticked = [row for row in state["selection"]["rows"] if row < len(versions)]
    if ticked:
        _render_version(session, versions, ticked[0])


def version_rows(versions: pd.DataFrame) -> pd.DataFrame:
    """What the table shows."""
    return pd.DataFrame(
        [
            {
                "Data set": int(row.number),
                "Frozen (UTC)": moment(row.made_utc),
                "Train": row.summary.get("splits", {}).get("train", 0),
                "Validation": row.summary.get("splits", {}).get("validation", 0),
                "Test": row.summary.get("splits", {}).get("test", 0),
                "Note": row.note,
                "By": person(row.made_by),
                "Bias notes": len(row.summary.get("warnings", [])),
                "Content": row.content_sha256[:12],
            }
            for row in versions.itertuples()
        ]
    )


def _render_version(session: Session, versions: pd.DataFrame, place: int) -> None:
    row = versions.iloc[place]
    st.markdown(f"**Data set {int(row['number'])}**")
    if row["note"]:
        st.write(plain(row["note"]))
    if "splits" in row["summary"]:
        render_summary(row["summary"])
    rows = ask(session, fetch_data_set_reviews, row["data_set_id"])
    if place + 1 < len(versions):
        _render_changes(session, versions.iloc[place + 1], rows)
    key = str(row["data_set_id"])
    render_download(
        session,
        "Download as CSV",
        lambda later: _download_rows(later, key),
        f"data-set-{int(row['number'])}.csv",
        "data set",
    )


def _render_changes(session: Session, before: pd.Series, rows: pd.DataFrame) -> None:
    changes = compare_data_sets(ask(session, fetch_data_set_reviews, before["data_set_id"]), rows)
    st.write(f"Against data set {int(before['number'])}: {changes.sentence}")
    if len(changes.relabelled):
        shown = changes.relabelled.head(CHANGES_SHOWN)
        table = pd.DataFrame(
            {
                "Review": [preview("", text) for text in shown["text"]],
                "Before": shown["before"],
                "Now": shown["after"],
            }
        )
        st.dataframe(table, hide_index=True, alt="Reviews with another label than before")
        more = len(changes.relabelled) - len(shown)
        if more:
            st.caption(f"and {formatting.counted(more, 'more review')}; the download has all.")


def _download_rows(session: Session, data_set_id: str) -> pd.DataFrame:
    with session.service.database.read() as connection:
        rows = fetch_data_set_reviews(connection, session.scope, data_set_id)
    return rows.drop(columns="data_set_id").assign(slices=[";".join(names) for names in rows["slices"]])
