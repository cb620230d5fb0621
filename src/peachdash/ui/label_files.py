"""Labels out and in on the page: CSV and Label Studio's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.errors import BadInput
from peachdash.ingest.guards import check_file_size
from peachdash.insights import formatting
from peachdash.labelling.label_csv import flat_frame
from peachdash.labelling.label_studio import LABEL_CONFIG, to_tasks
from peachdash.queries.labelling import fetch_tasks
from peachdash.ui.access import Session, later_session, renew_session
from peachdash.ui.data import ask
from peachdash.ui.formatting import plain, safe_csv
from peachdash.ui.guard import guard
from peachdash.workflows.label_exchange import export_labels
from peachdash.workflows.label_import import import_labels

ALL_TASKS = ""
_RESULT = "label_import_result"
REJECTS_SHOWN = 50


def files_sentence(pairs: pd.DataFrame) -> str:
    """The answer of the view."""
    return f"{formatting.counted(len(pairs), 'review')} with two labels can be exported."


def render_label_files(session: Session) -> None:
    """Export on the left, import on the right."""
    left, right = st.columns(2, gap="large")
    with left:
        _render_export(session)
    with right:
        _render_import()


def _render_export(session: Session) -> None:
    st.subheader("Export", anchor=False)
    tasks = ask(session, fetch_tasks)
    names = {ALL_TASKS: "All labelling tasks"} | dict(zip(tasks["task_id"], tasks["name"], strict=True))
    chosen = st.selectbox("Task", list(names), format_func=lambda key: str(names[key]), key="export_task")
    shipped = st.toggle("Add the labels of the shipped corpus", key="export_shipped")
    readings = st.toggle("Add the champion's readings as predictions (JSON)", key="export_readings")
    st.caption(
        "Only reviews that both annotators have labelled carry labels or readings. In the JSON the others "
        "are tasks without annotations, so that they can be labelled in Label Studio."
    )
    later, task_id = later_session(session), chosen or None
    with st.container(horizontal=True):
        st.download_button(
            "Labels as CSV", partial(_csv, later, task_id, shipped), "labels.csv", "text/csv",
            icon=":material/download:", on_click="ignore", key="download_labels.csv",
        )  # fmt: skip
        st.download_button(
            "Label Studio JSON", partial(_json, later, task_id, shipped, readings), "labels.json",
            "application/json", icon=":material/download:", on_click="ignore", key="download_labels.json",
        )  # fmt: skip
    with st.expander("Labelling interface for Label Studio"):
        st.caption("Paste it under Settings, Labeling Interface, Code, before importing the JSON there.")
        st.code(LABEL_CONFIG, language="xml")


def _csv(later: Callable[[], Session], task_id: str | None, shipped: bool) -> bytes:
    session = later()
    found = export_labels(
        session.service.database, session.scope, session.models, task_id=task_id, shipped=shipped
    )
    return safe_csv(flat_frame(found.rows))


def _json(later: Callable[[], Session], task_id: str | None, shipped: bool, readings: bool) -> bytes:
    session = later()
    found = export_labels(
        session.service.database, session.scope, session.models,
        task_id=task_id, shipped=shipped, readings=readings,
    )  # fmt: skip
    tasks = to_tasks(found.items, found.rows, found.readings)
    return json.dumps(tasks, ensure_ascii=False, indent=1).encode()


def _render_import() -> None:
    st.subheader("Import", anchor=False)
    with st.form("import_labels", border=False, clear_on_submit=True):
        file = st.file_uploader("A CSV file, or Label Studio's JSON", type=["csv", "json"], key="label_file")
        name = st.text_input("Name of the task (optional)", key="import_task_name", placeholder="By the file")
        st.caption(
            "Each row needs an annotator, a label, and the text or number of a review that is stored here. A "
            "review needs the labels of two annotators. Labels of the shipped corpus are never overwritten."
        )
        pressed = st.form_submit_button("Import labels", icon=":material/upload:", type="primary")
    if pressed:
        with guard():
            _import(file, name)
    result = st.session_state.get(_RESULT)
    if result is not None:
        _render_result(result)


def _import(file: Any, name: str) -> None:
    if file is None:
        raise BadInput("Choose a file first.")
    check_file_size(file.size, file.name)
    session = renew_session()
    result = import_labels(session.service.database, session.scope, file.getvalue(), file.name, name)
    st.session_state[_RESULT] = result
    st.rerun()


def _render_result(result: dict[str, Any]) -> None:
    words = (
        f"{formatting.counted(result['accepted'], 'review')} with two labels taken in, "
        f"{formatting.count(result['adjudicated'])} of them adjudicated; "
        f"{formatting.count(result['known'])} known already; "
        f"{formatting.counted(result['rejected'], 'row')} rejected."
    )
    (st.success if result["accepted"] else st.info)(plain(words), icon=":material/upload_file:")
    if result["rejects"]:
        st.dataframe(
            pd.DataFrame(result["rejects"][:REJECTS_SHOWN]).rename(columns=str.capitalize),
            hide_index=True,
            alt="Rejected rows with their reasons",
        )
