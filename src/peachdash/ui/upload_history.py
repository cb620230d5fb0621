"""Past imports with counts that reconcile, their undo, and files that wait in the inbox."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.ingest.rejecting import mendable_from_raw
from peachdash.insights import formatting
from peachdash.jobs.inbox import list_waiting, retry_waiting
from peachdash.queries.imports import fetch_imports, fetch_platform_counts, fetch_rejects
from peachdash.queries.profiles import fetch_profiles
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import FORMAT_WORDS, moment, plain
from peachdash.ui.notices import done
from peachdash.ui.upload_plan import render_rejects
from peachdash.workflows.imports import undo_import
from peachdash.workflows.profiles import remove_profile

_COLUMNS = {
    "rows_read": "Rows",
    "accepted": "Accepted",
    "duplicates": "Duplicates",
    "rejected": "Rejected",
    "imported_by": "By",
    "origin": "Through",
}
_COUNTS = ("Rows", "Accepted", "Duplicates", "Rejected")


def history_sentence(imports: pd.DataFrame) -> str:
    """What is stored from how many imports, in words."""
    standing = imports[~imports["retracted"].astype(bool)]
    if standing.empty:
        return "Nothing is imported yet."
    accepted = formatting.counted(int(standing["accepted"].sum()), "review")
    return f"{accepted} from {formatting.counted(len(standing), 'import')}."


def _compared(row: pd.Series) -> str:
    """ "210 of 214 (98%)": stored reviews of the business and platform, of those that the platform shows."""
    share = f" ({formatting.percent(row['stored'] / row['shown'])})" if row["shown"] else ""
    return f"{formatting.count(row['stored'])} of {formatting.count(row['shown'])}{share}"


def history_rows(imports: pd.DataFrame, counts: pd.DataFrame | None = None) -> pd.DataFrame:
    """What the table shows of `fetch_imports`; accepted, duplicates and rejected add up to the rows.

    With `counts` from `fetch_platform_counts` also how many of the platform's reviews are stored.
    """
    shown = imports[list(_COLUMNS)].rename(columns=_COLUMNS)
    shown.insert(0, "File", imports["file_name"])
    shown.insert(1, "State", ["undone" if retracted else "counts" for retracted in imports["retracted"]])
    shown.insert(6, "When (UTC)", [moment(utc) for utc in imports["imported_utc"]])
    if counts is not None and len(counts):
        by_import = counts.drop_duplicates("import_id").set_index("import_id")
        compared = imports["import_id"].map(by_import.apply(_compared, axis=1))
        shown["Of the platform's"] = compared.fillna("").to_numpy()
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
    shown = history_rows(imports, ask(session, fetch_platform_counts))
    state = st.dataframe(
        shown,
        key="import_history",
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        column_config={name: st.column_config.NumberColumn(format="localized") for name in _COUNTS},
        alt="Imports with their counts",
    )
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
                    f"{accepted} will count nowhere, but for those that a later file holds too. They stay on "
                    "record, and the file can be imported again."
                )
                if st.button("Undo it", type="primary", key="undo_import"):
                    with st.spinner("Undoing it, after whatever is being stored now…"):
                        kept = undo_import(session.service.database, session.scope, import_id)
                    gone = formatting.counted(int(row["accepted"]) - kept, "review")
                    stay = f" {formatting.count(kept)} go on counting with a later file." if kept else ""
                    done(f"The import of {row['file_name']} is undone; {gone} no longer count.{stay}")
        if rejects.empty:
            st.caption("No row of it was rejected.")
        else:
            named = rejects.rename(columns={"row_number": "row", "column_name": "column"})
            stem = str(row["file_name"]).rpartition(".")[0]
            render_rejects(session, named, lambda: mendable_from_raw(named), f"rejected-{stem}.csv")


def render_inbox(session: Session) -> None:
    """Files from the inbox folder that could not be imported, with the reason."""
    if not session.scope.may_see_all_texts:
        return  # the folder is the house's: anybody's files wait there
    waiting = list_waiting(session.service.settings.inbox)
    if not waiting:
        return
    st.warning(
        f"{formatting.counted(len(waiting), 'file')} dropped into the inbox folder could not be imported. "
        "Upload one below, settle what is open and keep that as a profile; then try again.",
        icon=":material/inbox:",
    )
    st.dataframe(
        pd.DataFrame(waiting, columns=["File", "Why it waits"]),
        hide_index=True,
        alt="Files waiting in the inbox",
        row_height=66,
    )
    if st.button("Try them again", icon=":material/refresh:", key="inbox_retry"):
        count = retry_waiting(session.service.settings.inbox)
        done(f"{formatting.counted(count, 'file')} put back into the inbox.")


def render_profiles(session: Session) -> None:
    """The saved import profiles, with a button that takes one away."""
    profiles = ask(session, fetch_profiles)
    if profiles.empty:
        return
    with st.expander(f"{formatting.counted(len(profiles), 'saved profile')}", icon=":material/bookmark:"):
        shown = pd.DataFrame(
            {
                "Profile": profiles["name"],
                "Business": profiles["business"].fillna("as the file says"),
                "Source": profiles["source"].fillna("as the file says"),
                "Columns": [
                    ", ".join(f"{field} from {column}" for field, column in mapping.items() if column)
                    for mapping in profiles["mapping"]
                ],
            }
        )
        st.dataframe(shown, hide_index=True, alt="Saved import profiles")
        chosen = st.selectbox("Take one away", list(profiles["name"]), index=None, key="profile_to_remove")
        if chosen and st.button("Take it away", icon=":material/delete:", key="remove_profile"):
            remove_profile(session.service.database, session.scope, chosen)
            done(f"The profile {chosen} is taken away.")
