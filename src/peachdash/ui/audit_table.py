"""The audit log: search, pages, download."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.people import AuditSearch, count_audit, fetch_audit, fetch_audit_actions
from peachdash.ui.access import Session
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import moment, person

PAGE_ROWS, MOST_EXPORTED = 50, 100_000
_WIDTHS = {"When (UTC)": 150, "What": 165, "To": 150, "Who": 185, "Details": 250}
_PAGE = "audit_page"
_RANDOM = re.compile(r"[0-9a-f]{32}|[0-9]{20}-[0-9a-f]{12}(-[0-9]{4})?")


def audit_sentence(total: int, latest: pd.DataFrame) -> str:
    """How much is on record, and who did something last, in words."""
    if not total:
        return "Nothing is on record yet."
    row = latest.iloc[0]
    words = f"{formatting.counted(total, 'event')} on record"
    return f"{words}, the latest on {moment(row['at_utc'])} UTC by {person(row['actor'])}."


def use_search(session: Session) -> AuditSearch:
    """The search above the table, kept in the address."""
    with session.service.database.read() as connection:
        actions = fetch_audit_actions(connection, session.scope)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search the log",
            key="audit_words",
            type="search",
            placeholder="Who, what, or what it was done to",
            bind="query-params",
            on_change=_first_page,
            max_chars=200,
            width=300,
        )
        action = st.selectbox(
            "Action", actions, index=None, placeholder="All actions", format_func=action_words,
            key="audit_action", on_change=_first_page, width=190,
        )  # fmt: skip
        days: Any = st.date_input(
            "From and to (UTC)",
            value=[],
            key="audit_days",
            format="DD/MM/YYYY",
            on_change=_first_page,
            width=240,
        )
    since, until = (*days, None, None)[:2] if isinstance(days, (tuple, list)) else (days, None)
    return AuditSearch(words or "", action, since, until)


def _first_page() -> None:
    st.session_state[_PAGE] = 1


_ACTIONS = {
    "answer": "Mark complaint answered",
    "unanswer": "Open complaint again",
    "correct": "Correct reading",
    "report": "Report reading",
    "take_back": "Take decision back",
    "withdraw": "Withdraw report",
}


def action_words(action: str) -> str:
    """ "sign_in_refused" as "Sign in refused"; what would not say enough by itself in more words."""
    return _ACTIONS.get(action, action.replace("_", " ").capitalize())


def audit_rows(events: pd.DataFrame) -> pd.DataFrame:
    """What the table shows of `fetch_audit`: plain text only."""
    return pd.DataFrame(
        {
            "When (UTC)": [_exactly(utc) for utc in events["at_utc"]],
            "What": [action_words(action) for action in events["action"]],
            "To": [
                f"{kind.replace('_', ' ')} {_short(key)}".strip()
                for kind, key in zip(events["object_kind"], events["object_id"], strict=True)
            ],
            "Who": list(events["actor"]),
            "Details": [details_words(details) for details in events["details"]],
        }
    )


def _exactly(utc: dt.datetime) -> str:
    """A moment to the second: "3 Mar 2026, 14:05:09"."""
    return f"{moment(utc)}:{pd.Timestamp(utc):%S}"


def _short(key: str) -> str:
    """The beginning of a random id, which tells it from others; the download has all of it."""
    return f"{key[:8]}…" if _RANDOM.fullmatch(key) else key


def details_words(details: str) -> str:
    """Details as "role: manager, rows: 12"."""
    return ", ".join(
        f"{name.replace('_', ' ')}: {_value(value)}" for name, value in json.loads(details).items()
    )


def _value(value: object) -> str:
    if isinstance(value, Mapping) and set(value) == {"from", "to"}:
        return f"{value['from']} → {value['to']}"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return formatting.count(value)
    if isinstance(value, (str, float)):
        return _short(str(value))
    return json.dumps(value, ensure_ascii=False)


def render_audit(session: Session, search: AuditSearch) -> None:
    """One page of what the search finds, and its download."""
    with session.service.database.read() as connection:
        total = count_audit(connection, session.scope, search)
    if not total:
        st.info("Nothing on record matches. Clear the search or lift a choice.", icon=":material/search_off:")
        return
    head, table, foot = st.container(), st.container(), st.container(horizontal_alignment="right")
    pages = -(-total // PAGE_ROWS)
    with foot:
        page = int(st.pagination(pages, key=_PAGE)) if pages > 1 else 1
    offset = PAGE_ROWS * (min(page, pages) - 1)
    with session.service.database.read() as connection:
        events = fetch_audit(connection, session.scope, search, limit=PAGE_ROWS, offset=offset)
    with head, st.container(horizontal=True, vertical_alignment="center"):
        shown = f"{formatting.count(offset + 1)} to {formatting.count(offset + len(events))}"
        st.caption(f"{shown} of {formatting.counted(total, 'event')}, newest first.", width="stretch")
        render_download(
            session, "Download as CSV", lambda fresh: _everything(fresh, search), "audit-log.csv", "audit log"
        )
    with table:
        st.dataframe(
            audit_rows(events),
            hide_index=True,
            height=38 + 35 * len(events) + 2,
            column_config={
                name: st.column_config.TextColumn(name, width=width) for name, width in _WIDTHS.items()
            },
            alt="Events of the audit log",
        )


def _everything(session: Session, search: AuditSearch) -> pd.DataFrame:
    with session.service.database.read() as connection:
        return fetch_audit(connection, session.scope, search, limit=MOST_EXPORTED)
