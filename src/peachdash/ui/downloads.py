"""Downloads: CSV whose cells no spreadsheet takes for formulas, each put on record.

Streamlit's own download of a table escapes nothing, so it is switched off; tables that are worth keeping
get this button instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from peachdash.ui.access import Session, later_session
from peachdash.ui.filters import View
from peachdash.ui.formatting import safe_csv, safe_xlsx
from peachdash.workflows.exports import record_export


def render_download(
    session: Session,
    label: str,
    make: Callable[[Session], pd.DataFrame],
    file_name: str,
    what: str,
    *,
    key: str | None = None,
) -> None:
    """A button that downloads a frame as CSV.

    Args:
        session: of the page that offers it.
        label: on the button.
        make: gives the frame, only when the button is pressed, with the rights of that moment; it runs
            outside of the page, so it reads the database and no state of widgets.
        file_name: of the download.
        what: what it holds, for the audit log, such as "reviews".
        key: of the widget; made of the file's name where it is None.
    """
    st.download_button(
        label,
        partial(_content, later_session(session), make, what),
        file_name,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key or f"download_{file_name}",
    )


def render_downloads(
    session: Session,
    label: str,
    make: Callable[[Session], pd.DataFrame],
    file_name: str,
    what: str,
    view: View,
) -> None:
    """Two buttons that download what is on the screen as CSV and XLSX, each row with revision and filter.

    Args:
        session: of the page that offers it.
        label: on the first button.
        make: gives the frame, only when a button is pressed; see `render_download`.
        file_name: without its ending.
        what: what it holds, for the audit log.
        view: the filter that is named in the file.
    """
    words = view.words.translate(_UNESCAPED)

    def stamped(later: Session) -> pd.DataFrame:
        return make(later).assign(model_revision=later.models.champion, filter=words)

    with st.container(horizontal=True, horizontal_alignment="right"):
        render_download(session, label, stamped, f"{file_name}.csv", what)
        st.download_button(
            "As XLSX",
            partial(_workbook, later_session(session), stamped, what),
            f"{file_name}.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            icon=":material/table:",
            on_click="ignore",
            key=f"download_{file_name}.xlsx",
        )


_UNESCAPED = str.maketrans("", "", "\\\u2060")


def _workbook(later: Callable[[], Session], make: Callable[[Session], pd.DataFrame], what: str) -> bytes:
    session = later()
    frame = make(session)
    content = safe_xlsx(frame, what)
    record_export(session.service.database, session.scope, what, len(frame))
    return content


def _content(later: Callable[[], Session], make: Callable[[Session], pd.DataFrame], what: str) -> bytes:
    session = later()
    frame = make(session)
    content = safe_csv(frame)
    record_export(session.service.database, session.scope, what, len(frame))
    return content
