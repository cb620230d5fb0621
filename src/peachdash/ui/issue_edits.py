"""Correcting an issue: its name and aspect, merging, splitting, moving sentences, hiding.

Merging and splitting show the course before and after, before anything is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts import issue_chart
from peachdash.insights import formatting
from peachdash.insights.issue_course import monthly_course
from peachdash.records import ASPECTS, ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.formatting import plain, preview
from peachdash.ui.issue_data import IssueTable, load_evidence
from peachdash.ui.notices import done
from peachdash.workflows.issue_editing import (
    NAME_LIMIT,
    hide_issue,
    merge_issues,
    move_sentences,
    rename_issue,
    set_aspect,
    split_issue,
    unmerge_issues,
)

_LATER = "Later reviews follow the correction."


def render_edits(
    session: Session, table: IssueTable, criteria: ReviewFilter, issue: dict[str, Any], evidence: pd.DataFrame
) -> None:
    """The forms of those who may decide."""
    if not session.scope.may_decide:
        return
    others = table.rows[
        (table.rows["business_id"] == issue["business_id"]) & (table.rows["issue_id"] != issue["issue_id"])
    ].sort_values("reviews", ascending=False)
    with st.expander("Correct this issue", icon=":material/edit:"):
        name, merge, split, move = st.tabs(["Name and aspect", "Merge", "Split", "Move a sentence"])
        with name:
            _render_name(session, issue)
        with merge:
            _render_merge(session, table, criteria, issue, evidence, others)
        with split:
            _render_split(session, table, issue, evidence)
        with move:
            _render_move(session, issue, evidence, others)


def _render_name(session: Session, issue: dict[str, Any]) -> None:
    database, scope, issue_id = session.service.database, session.scope, str(issue["issue_id"])
    with st.form("issue_name_form", border=False):
        name = st.text_input("Name", str(issue["name"]), max_chars=NAME_LIMIT, key="issue_name")
        aspect = st.selectbox("About", ASPECTS, index=ASPECTS.index(str(issue["aspect"])), key="issue_aspect")
        st.caption(plain(f"In customers' words: “{issue['own_name']}”; a blank name returns to it."))
        if st.form_submit_button("Save name and aspect", icon=":material/save:"):
            _save_name(session, issue, name, aspect)
    hidden = bool(issue["hidden"])
    words = "Show it in the lists again" if hidden else "Hide it from the lists"
    if st.button(words, icon=":material/visibility_off:", key="issue_hide"):
        hide_issue(database, scope, issue_id, hidden=not hidden)
        undo = partial(hide_issue, database, scope, issue_id, hidden=hidden)
        done(f"“{issue['name']}” is {'shown again' if hidden else 'hidden'}.", undo)


def _save_name(session: Session, issue: dict[str, Any], name: str, aspect: str) -> None:
    database, scope, issue_id = session.service.database, session.scope, str(issue["issue_id"])
    if name != issue["name"]:
        rename_issue(database, scope, issue_id, name)
    if aspect != issue["aspect"]:
        set_aspect(database, scope, issue_id, aspect)

    def undo() -> None:
        rename_issue(database, scope, issue_id, str(issue["name"]))
        set_aspect(database, scope, issue_id, str(issue["aspect"]))

    done(f"“{name or issue['own_name']}” is saved. {_LATER}", undo)


def _names(others: pd.DataFrame) -> dict[str, str]:
    return {
        str(row.issue_id): f"{row.name_} ({formatting.counted(int(row.reviews), 'review')})"
        for row in others.rename(columns={"name": "name_"}).itertuples()
    }


def _choose_other(label: str, key: str, others: pd.DataFrame) -> str | None:
    names = _names(others)
    chosen = st.selectbox(label, list(names), index=None, format_func=names.__getitem__, key=key)
    return None if chosen is None else str(chosen)


def _render_merge(
    session: Session,
    table: IssueTable,
    criteria: ReviewFilter,
    issue: dict[str, Any],
    evidence: pd.DataFrame,
    others: pd.DataFrame,
) -> None:
    into = _choose_other("Make it part of", "merge_into", others)
    if into is None:
        st.caption(f"Choose the issue that says the same. {_LATER}")
        return
    other = load_evidence(session, criteria, into)
    name = str(others.set_index("issue_id").loc[into, "name"])
    courses = {f"“{name}” before": other, f"“{name}” after": pd.concat([other, evidence])}
    _render_courses(table, issue, courses)
    if st.button("Merge", icon=":material/merge:", type="primary", key="merge_issue"):
        database, scope = session.service.database, session.scope
        moved = merge_issues(database, scope, str(issue["issue_id"]), into)
        done(
            f"“{issue['name']}” is part of “{name}”. {_LATER}",
            partial(unmerge_issues, database, scope, moved),
        )


def _render_courses(table: IssueTable, issue: dict[str, Any], courses: dict[str, pd.DataFrame]) -> None:
    """Courses side by side: the first in grey as it is now, the others as they would be."""
    volumes = table.volumes[table.volumes["business_id"] == issue["business_id"]]
    for number, (column, (title, rows)) in enumerate(
        zip(st.columns(len(courses)), courses.items(), strict=True)
    ):
        course = monthly_course(rows, volumes)
        chart = issue_chart(course, title=f"{title}: {int(course['n'].sum())}", before=number == 0)
        if chart is not None:
            column.altair_chart(chart)


def _choose_sentences(label: str, key: str, evidence: pd.DataFrame) -> pd.DataFrame:
    rows = evidence.drop_duplicates(["text_sha256", "position"]).reset_index(drop=True)
    words = {number: preview("", sentence) for number, sentence in enumerate(rows["sentence"])}
    chosen = st.multiselect(label, list(words), format_func=words.__getitem__, key=key)
    return rows.loc[chosen]


def _keys(rows: pd.DataFrame) -> list[tuple[str, int]]:
    return [(str(row.text_sha256), int(row.position)) for row in rows.itertuples()]


def _render_split(session: Session, table: IssueTable, issue: dict[str, Any], evidence: pd.DataFrame) -> None:
    chosen = _choose_sentences("Sentences that are about something else", "split_sentences", evidence)
    name = st.text_input("Name of the new issue", max_chars=NAME_LIMIT, key="split_name")
    if chosen.empty:
        st.caption(f"Choose the sentences that are to be an issue of their own. {_LATER}")
        return
    keys = set(_keys(chosen))
    out = pd.Series([key in keys for key in _keys(evidence)], index=evidence.index)
    courses = {"Now": evidence, "What stays": evidence[~out], "The new issue": evidence[out]}
    _render_courses(table, issue, courses)
    if st.button("Split off", icon=":material/call_split:", type="primary", key="split_issue"):
        database, scope, old = session.service.database, session.scope, str(issue["issue_id"])
        new = split_issue(database, scope, old, keys, name)
        done(f"“{name}” is an issue of its own. {_LATER}", _back(session, new, keys, old))


def _render_move(
    session: Session, issue: dict[str, Any], evidence: pd.DataFrame, others: pd.DataFrame
) -> None:
    chosen = _choose_sentences("Sentences to move", "move_sentences", evidence)
    into = _choose_other("To the issue", "move_into", others)
    if chosen.empty or into is None:
        st.caption(f"Choose sentences and where they belong. {_LATER}")
        return
    if st.button("Move", icon=":material/drive_file_move:", type="primary", key="move_issue"):
        keys, old = set(_keys(chosen)), str(issue["issue_id"])
        count = move_sentences(session.service.database, session.scope, old, keys, into)
        done(f"{formatting.counted(count, 'sentence')} moved. {_LATER}", _back(session, into, keys, old))


def _back(session: Session, place: str, keys: set[tuple[str, int]], old: str) -> Callable[[], object]:
    """What moves sentences back to where they were."""
    return partial(move_sentences, session.service.database, session.scope, place, keys, old)
