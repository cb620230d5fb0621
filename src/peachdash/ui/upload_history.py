"""Past imports with counts that reconcile, their undo, and files that wait in the inbox."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.jobs.inbox import list_waiting
from peachdash.queries.imports import fetch_imports, fetch_rejects
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import FORMAT_WORDS, moment, plain
from peachdash.ui.notices import done
from peachdash.ui.upload_plan import render_rejects
from peachdash.workflows.imports import undo_import

_COLUMNS = {
    "rows_read": "Rows",
    "accepted": "Accepted",
    "duplicates": "Duplicates",
    "rejected": "Rejected",
    "imported_by": "By",
    "origin": "Through",
}


def history_sentence(imports: pd.DataFrame) -> str:
    """What is stored from how many imports, in words."""
    standing = imports[~imports["retracted"].astype(bool)]
    if standing.empty:
        return "Nothing is imported yet."
    accepted = formatting.counted(int(standing["accepted"].sum()), "review")
    return f"{accepted} from {formatting.counted(len(standing), 'import')}."


def history_rows(imports: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of `fetch_imports`; accepted, duplicates and rejected add up to the rows."""
    shown = imports[list(_COLUMNS)].rename(columns=_COLUMNS)
    shown.insert(0, "File", imports["file_name"])
    shown.insert(1, "When", [f"{moment(utc)} UTC" for utc in imports["imported_utc"]])
    shown.insert(2, "State", ["undone" if retracted else "counts" for retracted in imports["retracted"]])
    shown["Format"] = [FORMAT_WORDS.get(name, name.replace("_", " ")) for name in imports["format"]]
    return shown


def render_history(session: Session) -> None:
    """All imports; one can be chosen to see its rejected rows or to undo it."""
    imports = ask(session, fetch_imports)
    if imports.empty:
        return
    st.subheader("Imports", anchor=False)
    st.caption(
        "Rows = accepted + duplicates + rejected. Tick an import to see its rejected rows, or to undo it."
    )
    state = st.dataframe(
        history_rows(imports),
        key="import_history",
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        alt="Imports with their counts",
    )
    shown = history_rows(imports)
    render_download(session, "Download the list", lambda later: shown, "imports.csv", "imports")
    ticked = [row for row in state["selection"]["rows"] if row < len(imports)]
    if ticked:
        _render_import(session, imports.iloc[ticked[0]])


def _render_import(session: Session, row: pd.Series) -> None:
    import_id = str(row["import_id"])
    rejects = ask(session, fetch_rejects, import_id)
    with st.container(border=True):
        st.markdown(f"**{plain(row['file_name'], 120)}**")
        if not row["retracted"]:
            with st.popover("Undo this import", icon=":material/undo:"):
                accepted = formatting.counted(int(row["accepted"]), "review")
                st.write(
                    f"{accepted} will count nowhere. They stay on record, and the file can be imported again."
                )
                if st.button("Undo it", type="primary", key="undo_import"):
                    undo_import(session.service.database, session.scope, import_id)
                    done(f"The import of {row['file_name']} is undone; {accepted} no longer count.")
        if rejects.empty:
            st.caption("No row of it was rejected.")
        else:
            names = {"row_number": "row", "column_name": "column"}
            render_rejects(session, rejects.rename(columns=names), f"rejected-{import_id[:8]}.csv")


def render_inbox(session: Session) -> None:
    """Files from the inbox folder that could not be imported, with the reason."""
    if not session.scope.may_see_all_texts:
        return  # the folder is the house's: anybody's files wait there
    waiting = list_waiting(session.service.settings.inbox)
    if not waiting:
        return
    st.subheader("Waiting in the inbox", anchor=False)
    st.caption(
        f"{formatting.counted(len(waiting), 'file')} dropped into the inbox folder could not be imported. "
        "Upload the file above to settle what is open, or mend it and drop it in again."
    )
    st.dataframe(
        pd.DataFrame(waiting, columns=["File", "Why it waits"]),
        hide_index=True,
        alt="Files waiting in the inbox",
        row_height=66,
    )
