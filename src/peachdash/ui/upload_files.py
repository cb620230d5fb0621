"""From dropped files to stored reviews: each is recognised, settled, shown and imported on demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from peachdash.errors import DateOrderOpen
from peachdash.ingest import MAX_BYTES
from peachdash.ingest.guards import check_file_size
from peachdash.ingest.model import RawTable, Recognition
from peachdash.ingest.readers import read_table
from peachdash.ingest.recognising import recognise_table
from peachdash.insights import formatting
from peachdash.jobs.importing import LARGE_BYTES
from peachdash.queries.profiles import fetch_profiles
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.ui.notices import done
from peachdash.ui.upload_jobs import done_words, large_view, store_large
from peachdash.ui.upload_options import (
    ask_date_order,
    choose_columns,
    choose_origin,
    choose_platform_count,
    choose_profile_name,
    render_outgrown,
    render_recognition,
)
from peachdash.ui.upload_plan import render_plan
from peachdash.workflows.import_plan import ImportResult, PlanView, view_plan
from peachdash.workflows.importing import ImportOptions
from peachdash.workflows.imports import import_export, plan_import
from peachdash.workflows.profiles import apply_profile, find_outgrown_profile, keep_profile

FILE_TYPES = ["csv", "tsv", "txt", "json", "jsonl", "xlsx"]
SAMPLE_ROWS = 1000
NOTHING_DONE = "Nothing was imported."


@dataclass(frozen=True)
class Settled:
    """A file that can be imported as it is now.

    Attributes:
        file: of the uploader.
        options: with which it is read.
        recognition: how it is understood with them.
        view: what would be stored.
        profile_name: under which the options are to be kept; blank for none.
    """

    file: Any
    options: ImportOptions
    recognition: Recognition
    view: PlanView
    profile_name: str

    @property
    def changes_something(self) -> bool:
        return bool(self.view.accepted or self.view.late_replies)


def render_upload(session: Session) -> None:
    """Take files, show what would become of each, and import them on demand."""
    files = st.file_uploader(
        "Review exports (CSV, Excel, JSON or JSON lines)",
        type=FILE_TYPES,
        accept_multiple_files=True,
        key="upload_file",
    )
    if not files:
        st.caption("You see what each file would bring, and can correct it, before anything is stored.")
        return
    if len(files) == 1:
        _render_file(session, files[0], "")
        return
    head = st.container()
    tabs = st.tabs([f"{place}. {file.name[:40]}" for place, file in enumerate(files, start=1)])
    settled = []
    for place, (tab, file) in enumerate(zip(tabs, files, strict=True), start=1):
        with tab:
            settled.append(_render_file(session, file, "" if place == 1 else f"_{place}"))
    with head:
        _render_all(session, [each for each in settled if each is not None], len(files))


def _render_file(session: Session, file: Any, slot: str) -> Settled | None:
    with guard(NOTHING_DONE):
        check_file_size(file.size, file.name, MAX_BYTES)
        settled = _settle(session, file, slot)
        if settled is not None:
            _render_button(session, settled, slot)
            render_plan(session, settled.view, file, slot)
        return settled
    return None


def _settle(session: Session, file: Any, slot: str) -> Settled | None:
    """The file with all that is known of it; None while something is open, which is asked for."""
    table = _sampled(file.file_id, file)
    mapping, order = choose_columns(tuple(table.frame.columns), slot)
    chosen: Any = order or None
    options = _with_profile(
        file.file_id, session.cache_key, repr((mapping, chosen)), session, file,
        ImportOptions(mapping=mapping or None, date_order=chosen),
    )  # fmt: skip
    recognition = recognise_table(table, file.name, options.mapping)
    render_recognition(recognition, options.profile)
    if options.profile is None:
        render_outgrown(find_outgrown_profile(ask(session, fetch_profiles), tuple(table.frame.columns)))
    business, source = choose_origin(session, recognition, options, slot)
    if business is None and "business" not in recognition.mapping:
        st.info("The file does not say whose reviews it holds. Choose the business to go on.")
        return None
    options = replace(options, business=business, source=source)
    try:
        view = _view(session, file, options, slot)
    except DateOrderOpen as question:
        answer = ask_date_order(str(question), slot)
        if answer is None:
            return None
        options = replace(options, date_order=answer)
        view = _view(session, file, options, slot)
    if view is None:
        return None
    with st.grid("auto", min_column_width=240):
        name = choose_profile_name(slot)
        if view.places == 1:
            options = replace(options, platform_count=choose_platform_count(slot))
    return Settled(file, options, recognition, view, name)


def _view(session: Session, file: Any, options: ImportOptions, slot: str) -> PlanView | None:
    """What would be stored; None while another process reads a large file."""
    if file.size > LARGE_BYTES:
        return large_view(session, file, options, slot)
    with st.skeleton(height=300):
        return _planned(file.file_id, session.cache_key, repr(options), session, file, options)


@st.cache_data(max_entries=16, show_spinner=False)
def _sampled(file_id: str, _file: Any) -> RawTable:
    return read_table(_file.getvalue(), _file.name, limit=SAMPLE_ROWS)


@st.cache_data(max_entries=16, show_spinner=False)
def _with_profile(
    file_id: str, state: str, told: str, _session: Session, _file: Any, _options: ImportOptions
) -> ImportOptions:
    data = _file.getvalue()
    return apply_profile(_session.service.database, _session.scope, data, _file.name, _options)


@st.cache_data(max_entries=16, show_spinner=False)
def _planned(
    file_id: str, state: str, told: str, _session: Session, _file: Any, _options: ImportOptions
) -> PlanView:
    service = _session.service
    data = _file.getvalue()
    return view_plan(
        plan_import(service.database, _session.scope, service.settings.home, data, _file.name, _options)
    )


def _render_button(session: Session, settled: Settled, slot: str) -> None:
    view = settled.view
    words = "Nothing new to import"
    if view.accepted:
        words = f"Import {formatting.counted(view.accepted, 'review')}"
    elif view.late_replies:
        words = "Add the owner's replies"
    pressed = st.button(
        words,
        type="primary",
        icon=":material/download:",
        disabled=not settled.changes_something,
        key=f"import{slot}",
    )
    if pressed:
        result = _import(session, settled)
        not_kept = _keep_profile(session, settled)
        session.service.supervisor.score_soon()
        if result is None:
            done(f"{settled.file.name} is being stored; the history below shows it in a moment.")
        else:
            counts = (result.accepted, result.duplicates, result.rejected)
            done(done_words(settled.file.name, *counts) + not_kept)


def _render_all(session: Session, settled: list[Settled], count: int) -> None:
    """One button for all files that are settled; a file that fails leaves the others imported."""
    ready = [each for each in settled if each.changes_something]
    reviews = formatting.counted(sum(each.view.accepted for each in ready), "new review")
    files = formatting.counted(count, "file")
    if not ready:
        st.caption(f"{files}: none brings anything new, or an answer is missing below.")
        return
    st.caption(
        f"{files}, {reviews} in the {len(ready)} that can be imported now. "
        "Each file is compared again when it is stored, so what two of them hold is stored once."
    )
    words = f"Import {formatting.counted(len(ready), 'file')}"
    if not st.button(words, type="primary", icon=":material/download:", key="import_all"):
        return
    results, not_kept = [], ""
    for each in ready:
        with guard(f"{each.file.name} was not imported."):
            results.append(_import(session, each))
            not_kept += _keep_profile(session, each)
    session.service.supervisor.score_soon()
    said = _all_words(results) + not_kept
    if len(results) == len(ready):
        done(said)
    st.success(plain(said, 1000), icon=":material/check:")


def _all_words(results: list[ImportResult | None]) -> str:
    stored = [result for result in results if result is not None]
    accepted = formatting.counted(sum(result.accepted for result in stored), "review")
    words = [f"{accepted} imported from {formatting.counted(len(stored), 'file')}."] if stored else []
    if len(stored) < len(results):
        files = formatting.counted(len(results) - len(stored), "large file")
        words.append(f"{files} being stored; the history below shows each in a moment.")
    return " ".join(words)


def _import(session: Session, settled: Settled) -> ImportResult | None:
    """The outcome; None where another process goes on with it."""
    service, file = session.service, settled.file
    if file.size > LARGE_BYTES:
        store_large(session, file, settled.options, settled.profile_name)
        return None
    return import_export(
        service.database, session.scope, service.settings.home, file.getvalue(), file.name,
        settled.options, "page",
    )  # fmt: skip


def _keep_profile(session: Session, settled: Settled) -> str:
    """Keep the settings of a small file as a profile; what is to be said where that could not be."""
    if settled.file.size > LARGE_BYTES:
        return ""  # they are kept once the file is stored, and its businesses with it
    database, name = session.service.database, settled.profile_name
    why = keep_profile(database, session.scope, name, settled.recognition, settled.options)
    return f" The settings were not kept as a profile: {why}" if why else ""
