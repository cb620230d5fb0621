"""People: who may sign in, as what, for which clients; adding and changing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.records import HOUSE_ROLES, Role
from peachdash.storage.catalogue import UNASSIGNED_CLIENT
from peachdash.ui.access import Session
from peachdash.ui.formatting import moment, plain
from peachdash.ui.gate import ROLE_NAMES
from peachdash.ui.guard import guard
from peachdash.ui.notices import done
from peachdash.workflows.people import add_person, assign_client, change_person, end_sessions

_TABLE = "people_table"
_ROLES = tuple(Role)
_WIDTHS = {
    "E-mail": 235, "Role": 75, "Name": 130, "Clients": 185, "State": 95, "Last sign-in (UTC)": 140,
}  # fmt: skip
_ROW, _MOST_ROWS = 35, 25
ROLE_HELP: dict[Role, str] = {
    Role.CLIENT: "reads and reports, own businesses",
    Role.MANAGER: "imports and decides, own clients",
    Role.ANALYST: "trains and promotes, all businesses",
    Role.ADMIN: "manages people, all businesses",
}


def people_sentence(people: pd.DataFrame) -> str:
    """How many people may sign in, by role, in words."""
    active = people[people["active"].astype(bool)]
    if active.empty:
        return "Nobody may sign in yet."
    counts = [(role, int((active["role"] == role.value).sum())) for role in reversed(_ROLES)]
    parts = [formatting.counted(count, role.value) for role, count in counts if count]
    left = len(people) - len(active)
    gone = f"; {formatting.count(left)} deactivated" if left else ""
    number = (
        "One person may" if len(active) == 1 else f"{formatting.counted(len(active), 'person', 'people')} may"
    )
    return f"{number} sign in: {formatting.listing(parts, most=len(_ROLES))}{gone}."


def render_local_note(session: Session) -> None:
    """Say in local mode that what stands here is for the server mode."""
    if session.service.settings.mode == "local":
        st.caption(
            "This dashboard runs in local mode: no sign-in, and one person with all roles. What is set here "
            "counts once it runs in server mode, and for “View as” now."
        )


def people_rows(people: pd.DataFrame, clients: Mapping[str, str]) -> pd.DataFrame:
    """What the table shows of `fetch_people`."""
    rows = [
        {
            "E-mail": person.email,
            "Role": ROLE_NAMES[Role(person.role)],
            "Name": person.name or formatting.MISSING,
            "Clients": _clients_words(person, clients),
            "State": "active" if person.active else "deactivated",
            "Last sign-in (UTC)": "never" if pd.isna(person.latest_utc) else moment(person.latest_utc),
        }
        for person in people.itertuples()
    ]
    return pd.DataFrame(rows, columns=list(_WIDTHS))


def _clients_words(person: Any, clients: Mapping[str, str]) -> str:
    if Role(person.role) in HOUSE_ROLES:
        return "all"
    return ", ".join(sorted(clients.get(key, key) for key in person.client_ids)) or "none yet"


def render_people(session: Session, people: pd.DataFrame, clients: pd.DataFrame) -> None:
    """The table with what can be changed of the ticked person, and the form for a new one."""
    names = dict(zip(clients["client_id"], clients["client"], strict=True))
    if people.empty:
        st.write("Add yourself first, as an admin; then the dashboard can run for others.")
    with st.expander("Add a person", icon=":material/person_add:", expanded=people.empty):
        _render_new(session, names, Role.ADMIN if people.empty else Role.MANAGER)
    if people.empty:
        return
    st.caption("Tick a person to change what they may do.")
    state: Any = st.dataframe(
        people_rows(people, names),
        key=_TABLE,
        hide_index=True,
        selection_mode="single-row",
        on_select="rerun",
        height=_ROW * (min(len(people), _MOST_ROWS) + 1) + 5,
        column_config={
            name: st.column_config.TextColumn(name, width=width) for name, width in _WIDTHS.items()
        },
        alt="People with their roles and clients",
    )
    ticked = [row for row in state["selection"]["rows"] if row < len(people)]
    if ticked:
        _render_person(session, people.iloc[ticked[0]], names)


def _render_new(session: Session, clients: Mapping[str, str], usual: Role) -> None:
    with st.form("add_person", border=False, clear_on_submit=False):
        left, right = st.columns(2)
        email = left.text_input("E-mail", key="new_person_email", placeholder="mia@example.com")
        name = right.text_input("Name (optional)", key="new_person_name")
        role = left.selectbox(
            "Role", _ROLES, _ROLES.index(usual), format_func=_role_words, key="new_person_role"
        )
        chosen = _choose_clients(right, clients, [], "new_person_clients")
        if st.form_submit_button("Add", type="primary", icon=":material/person_add:"):
            with guard():
                user_id = add_person(session.service.database, session.scope, email, role, name)
                _assign(session, user_id, set(), chosen)
                done(f"{email.strip()} may sign in as {role.value}.")


def _role_words(role: Role) -> str:
    return f"{ROLE_NAMES[role]}: {ROLE_HELP[role]}"


def _choose_clients(place: Any, clients: Mapping[str, str], chosen: list[str], key: str) -> set[str]:
    """The clients of a manager or client; house roles see all of them without."""
    options = [client for client in clients if client != UNASSIGNED_CLIENT]
    found: list[str] = place.multiselect(
        "Clients",
        options,
        default=[client for client in chosen if client in options],
        format_func=lambda client: clients[client],
        key=key,
        help="For clients and managers; analysts and admins see every business.",
        placeholder="None",
    )
    return set(found)


def _assign(session: Session, user_id: str, before: set[str], after: set[str]) -> None:
    for client in sorted(before ^ after):
        assign_client(session.service.database, session.scope, user_id, client, assigned=client in after)


def _render_person(session: Session, person: pd.Series, clients: Mapping[str, str]) -> None:
    user_id, database = str(person["user_id"]), session.service.database
    with st.container(border=True):
        st.markdown(f"**{plain(person['name'] or person['email'], 120)}**")
        with st.form(f"person_{user_id}", border=False):
            left, right = st.columns(2)
            email = left.text_input("E-mail", person["email"], key=f"email_{user_id}")
            name = right.text_input("Name", person["name"], key=f"name_{user_id}")
            index = _ROLES.index(Role(person["role"]))
            role = left.selectbox("Role", _ROLES, index, format_func=_role_words, key=f"role_{user_id}")
            before = set(person["client_ids"])
            after = _choose_clients(right, clients, sorted(before), f"clients_{user_id}")
            if st.form_submit_button("Save", type="primary", icon=":material/check:"):
                with guard():
                    change_person(database, session.scope, user_id, email=email, name=name, role=role)
                    _assign(session, user_id, before - {UNASSIGNED_CLIENT}, after)
                    done(f"{email.strip()} is changed.")
        _render_doors(session, person)


def _render_doors(session: Session, person: pd.Series) -> None:
    """Deactivate, activate, sign out, and bind to another account of the provider."""
    user_id, email = str(person["user_id"]), str(person["email"])
    database, scope = session.service.database, session.scope
    st.divider()
    with st.container(horizontal=True), guard():
        if person["active"]:
            if st.button("Deactivate", icon=":material/block:", key="deactivate_person"):
                change_person(database, scope, user_id, active=False)
                done(f"{email} is deactivated and signed out.")
        elif st.button("Activate again", icon=":material/check_circle:", key="activate_person"):
            change_person(database, scope, user_id, active=True)
            done(f"{email} may sign in again.")
        if st.button("Sign out everywhere", icon=":material/logout:", key="end_sessions"):
            end_sessions(database, scope, user_id)
            done(f"{email} is signed out everywhere.")
        if person["signed_in"] and st.button(
            "Let another account sign in",
            icon=":material/switch_account:",
            key="forget_identity",
            help="After a change of provider: the next account with this verified e-mail takes their place.",
        ):
            end_sessions(database, scope, user_id, forget_identity=True)
            done(f"The next account with the e-mail {email} takes their place.")
