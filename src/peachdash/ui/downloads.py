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
from peachdash.ui.formatting import safe_csv
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


def _content(later: Callable[[], Session], make: Callable[[Session], pd.DataFrame], what: str) -> bytes:
    session = later()
    frame = make(session)
    content = safe_csv(frame)
    record_export(session.service.database, session.scope, what, len(frame))
    return content
