"""Working an issue: its state, owner, due date and note, and the date of its fix."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import streamlit as st

from peachdash.insights import formatting
from peachdash.records import IssueState
from peachdash.ui.access import Session
from peachdash.ui.formatting import moment, person, plain
from peachdash.ui.notices import done
from peachdash.workflows.feedback import NOTE_LIMIT
from peachdash.workflows.issue_work import LABEL_LIMIT, OWNER_LIMIT, set_fix, set_work


def render_work(session: Session, issue: dict[str, Any]) -> None:
    """How the work stands, and for those who do it the forms that change it."""
    note = f" “{plain(issue['note'])}”" if issue["note"] else ""
    if isinstance(issue["state_by"], str):
        who, when = plain(person(issue["state_by"])), moment(issue["state_utc"])
        st.markdown(f":material/assignment: **{plain(issue['state'])}**, set by {who}, {when} UTC.{note}")
    if not session.scope.may_answer:
        return
    with st.expander("Work on it", icon=":material/assignment_ind:"):
        work, fix = st.columns(2)
        with work:
            _render_state(session, issue)
        with fix:
            _render_fix(session, issue)


def _render_state(session: Session, issue: dict[str, Any]) -> None:
    states = [state.value for state in IssueState]
    with st.form(f"work_{issue['issue_id']}"):
        state = st.selectbox(
            "State", states, index=states.index(str(issue["state"])), key="work_state",
            help="A resolved issue opens itself again with a complaint that is dated after its fix and "
            "after those known now.",
        )  # fmt: skip
        owner = st.text_input("Owner", str(issue["owner"]), max_chars=OWNER_LIMIT, key="work_owner")
        due = st.date_input("Due", _day(issue["due_date"]), format="DD/MM/YYYY", key="work_due")
        note = st.text_input("Note", max_chars=NOTE_LIMIT, key="work_note")
        if st.form_submit_button("Save the state", icon=":material/save:"):
            _save_state(session, issue, str(state), owner, due, note)


def _save_state(
    session: Session, issue: dict[str, Any], state: str, owner: str, due: dt.date | None, note: str
) -> None:
    database, scope, issue_id = session.service.database, session.scope, str(issue["issue_id"])
    set_work(database, scope, session.models, issue_id, state, owner=owner, due_date=due, note=note)
    before = partial(
        set_work, database, scope, session.models, issue_id, str(issue["state"]), owner=str(issue["owner"]),
        due_date=_day(issue["due_date"]),
    )  # fmt: skip
    done(f"“{issue['name']}” is {state}.", before)


def _render_fix(session: Session, issue: dict[str, Any]) -> None:
    with st.form(f"fix_{issue['issue_id']}"):
        label = st.text_input(
            "What fixed it", issue["fix_label"] or "", max_chars=LABEL_LIMIT, key="fix_label",
            placeholder="New cone supplier",
        )  # fmt: skip
        day = st.date_input("From", _day(issue["fix_date"]), format="DD/MM/YYYY", key="fix_date")
        st.caption("Charts mark the date. Without a date the fix is taken back.")
        if st.form_submit_button("Save the fix", icon=":material/build:"):
            _save_fix(session, issue, label, day)


def _save_fix(session: Session, issue: dict[str, Any], label: str, day: dt.date | None) -> None:
    database, scope, issue_id = session.service.database, session.scope, str(issue["issue_id"])
    set_fix(database, scope, issue_id, label, day)
    before = partial(
        set_fix, database, scope, issue_id, str(issue["fix_label"] or ""), _day(issue["fix_date"])
    )
    done(f"Fixed from {formatting.date(day)}: {label}." if day else "The fix is taken back.", before)


def _day(value: Any) -> dt.date | None:
    return None if formatting.is_missing(value) else value
