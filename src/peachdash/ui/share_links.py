"""Links for clients without an account: made, shown once, and revoked."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.catalogue import fetch_clients
from peachdash.queries.links import fetch_links
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import moment, person, plain
from peachdash.ui.notices import done
from peachdash.workflows.links import (
    LONGEST_PHRASE,
    MOST_ANSWERS,
    MOST_DAYS,
    PURPOSE_LIMIT,
    SHORTEST_PHRASE,
    make_link,
    revoke_link,
)

LINK_PAGE, LINK_PARAMETER = "client_link", "link"
_MADE = "made_link"


def link_address(token: str, here: str | None) -> str:
    """The address that a token opens, beside the page that is open now."""
    parts = urlsplit(here or "")
    folder = parts.path.rsplit("/", 1)[0]
    path = f"{folder}/{LINK_PAGE}" if parts.scheme else LINK_PAGE
    return urlunsplit((parts.scheme, parts.netloc, path, f"{LINK_PARAMETER}={token}", ""))


def links_sentence(links: pd.DataFrame) -> str:
    """How many links are open, and how many answers came through all of them, in words."""
    now = dt.datetime.now(dt.UTC)
    rows = links.to_dict("records")
    usable = sum(link_state(link, now) == "open" for link in rows)
    if not rows:
        return "No link has been made yet."
    count = int(links["answers"].sum())
    answers = formatting.counted(count, "answer") if count else "no answer"
    told = (
        f"{formatting.counted(usable, 'link')} {'is' if usable == 1 else 'are'} open"
        if usable
        else ("No link is open")
    )
    return f"{told}; {answers} came through {formatting.counted(len(rows), 'link')} in all."


def render_links(session: Session) -> None:
    """The form for a new link, the one just made, and all others."""
    _render_made()
    _render_form(session)
    links = ask(session, fetch_links)
    if links.empty:
        return
    now = dt.datetime.now(dt.UTC)
    rows = links.to_dict("records")
    for link in rows:
        if link_state(link, now) == "open":
            _render_link(session, link)
    ended = [link for link in rows if link_state(link, now) != "open"]
    if ended:
        with st.expander(f"Ended ({len(ended)})", icon=":material/link_off:"):
            for link in ended:
                _render_names(link)


def _render_made() -> None:
    """The address of the link that was made last, until the page is left or another one is made."""
    token = st.session_state.pop(_MADE, None)
    if token is None:
        return
    with st.container(border=True):
        st.markdown("**The link is made.** Copy it now: it is not stored, and cannot be shown again.")
        st.code(link_address(token, st.context.url), language=None, wrap_lines=True)


def _render_form(session: Session) -> None:
    clients = ask(session, fetch_clients)
    names = dict(zip(clients["client_id"], clients["client"], strict=True))
    with st.form("make_link", clear_on_submit=True):
        st.markdown("**Make a link**")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            client = st.selectbox(
                "Client", list(names), format_func=lambda key: str(names[key]), width=240, key="link_client"
            )
            days = st.number_input(
                "Days it works", min_value=1, max_value=MOST_DAYS, value=14, width=140, key="link_days"
            )
            limit = st.number_input(
                "Answers it takes",
                min_value=1,
                max_value=MOST_ANSWERS,
                value=100,
                width=150,
                key="link_limit",
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            purpose = st.text_input(
                "Who it is for (optional)", max_chars=PURPOSE_LIMIT, width=240, key="link_purpose"
            )
            phrase = st.text_input(
                "Pass phrase (optional)", max_chars=LONGEST_PHRASE, type="password", width=302,
                key="link_phrase", help="Tell it by another way than the link.", autocomplete="off",
                placeholder=f"At least {SHORTEST_PHRASE} characters",
            )  # fmt: skip
        if st.form_submit_button("Make the link", type="primary", icon=":material/add_link:") and client:
            st.session_state[_MADE] = make_link(
                session.service.database, session.scope, client, days=int(days), answer_limit=int(limit),
                pass_phrase=phrase or "", purpose=purpose or "",
            )  # fmt: skip
            st.rerun()


def _render_link(session: Session, link: dict[str, Any]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        _render_names(link)
        if st.button("Revoke", key=f"revoke_{link['link_id']}", icon=":material/link_off:"):
            revoke_link(session.service.database, session.scope, link["link_id"])
            done("The link is revoked; it opens nothing any more.")


def _render_names(link: dict[str, Any]) -> None:
    purpose = f" · {plain(link['purpose'])}" if link["purpose"] else ""
    with st.container(gap=None):
        st.markdown(f"**{plain(link['client'])}**{purpose}")
        st.caption(link_words(link))
        made = f"made by {plain(person(link['made_by']))}, {formatting.date(link['made_utc'])}"
        st.caption(f"link {link['link_id'][:6]}, {made}")


def link_state(link: dict[str, Any], now: dt.datetime) -> str:
    """open, revoked, expired or used up."""
    if not formatting.is_missing(link["revoked_utc"]):
        return "revoked"
    if pd.Timestamp(link["expires_utc"]) <= pd.Timestamp(now):
        return "expired"
    return "used up" if link["answers"] >= link["answer_limit"] else "open"


def link_words(link: dict[str, Any]) -> str:
    """What is known of a link, as Markdown."""
    state = link_state(link, dt.datetime.now(dt.UTC))
    ends = {
        "open": f"works until {moment(link['expires_utc'])} UTC",
        "revoked": f"revoked {moment(link['revoked_utc'])} UTC",
        "expired": f"ended {moment(link['expires_utc'])} UTC",
        "used up": "all its answers are given",
    }[state]
    taken = f"{formatting.count(link['answers'])} of {formatting.counted(link['answer_limit'], 'answer')}"
    phrase = "with a pass phrase" if link["protected"] else "without a pass phrase"
    return " · ".join([ends, taken, phrase])
