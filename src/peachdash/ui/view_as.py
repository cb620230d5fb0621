"""Local mode's "view as": looking at everything as another role would, in a scope as narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from peachdash.queries.people import fetch_all_clients, fetch_people
from peachdash.records import HOUSE_ROLES, Role, Scope
from peachdash.storage.database import Database
from peachdash.ui.formatting import plain
from peachdash.workflows.sign_in import view_as

_STATE, _ROLE, _WHOSE = "view_as", "view_as_role", "view_as_whose"
_SELF = "self"
ROLE_WORDS: dict[str, str] = {
    _SELF: "Yourself, with all roles",
    "client": "A client",
    "manager": "A manager",
    "analyst": "An analyst",
    "admin": "An admin",
}


@dataclass(frozen=True)
class Guise:
    """Whom somebody in local mode looks as.

    Attributes:
        role: the role.
        whose: "user:" and an id, or "client:" and an id; empty for the roles that see everything.
        words: the same for people, as plain text.
    """

    role: Role
    whose: str = ""
    words: str = ""


def current_guise() -> Guise | None:
    """Whom this browser session looks as; None where it looks with all roles."""
    guise: Guise | None = st.session_state.get(_STATE)
    return guise


def viewed_scope(database: Database, scope: Scope) -> Scope:
    """The scope of the present guise, at most as wide as the given one.

    Raises:
        NotFound: the person is gone.
    """
    guise = current_guise()
    if guise is None:
        return scope
    kind, _, key = guise.whose.partition(":")
    if kind == "user":
        return view_as(database, scope, guise.role, user_id=key)
    return view_as(database, scope, guise.role, client_ids=[key] if key else [])


def render_view_as(database: Database, house: Scope) -> None:
    """The choice of a guise, in the side bar.

    Args:
        house: the scope of local mode, with all roles; the choices are everybody and every client.
    """
    guise = current_guise()
    label = "View as" if guise is None else f"Viewing as {plain(guise.words, 40)}"
    icon = ":material/visibility:"
    with st.popover(label, icon=icon, type="tertiary" if guise is None else "secondary", width="stretch"):
        st.session_state[_ROLE] = _SELF if guise is None else guise.role.value
        role = st.selectbox(
            "Role", list(ROLE_WORDS), key=_ROLE, format_func=ROLE_WORDS.__getitem__, on_change=_take_role,
            args=(database, house),
        )  # fmt: skip
        if guise is not None and role not in (_SELF, *HOUSE_ROLES):
            choices = _choices(database, house, Role(role))
            st.session_state[_WHOSE] = guise.whose
            st.selectbox(
                "Whose", list(choices), key=_WHOSE, format_func=choices.__getitem__, on_change=_take_whose,
                args=(choices,),
            )  # fmt: skip
        st.caption("You see and can do what they could. What you do is put on record as yours.")
        if guise is not None:
            st.button("Back to all roles", icon=":material/undo:", key="view_as_end", on_click=_end)


def _choices(database: Database, house: Scope, role: Role) -> Mapping[str, str]:
    """Whose view can be chosen, clients before people, in words."""
    with database.read() as connection:
        clients, people = fetch_all_clients(connection, house), fetch_people(connection, house)
    people = people[(people["role"] == role.value) & people["active"].astype(bool)]
    names = {f"client:{row.client_id}": str(row.client) for row in clients.itertuples()}
    return names | {f"user:{row.user_id}": str(row.email) for row in people.itertuples()}


def _take_role(database: Database, house: Scope) -> None:
    chosen = st.session_state[_ROLE]
    if chosen == _SELF:
        _end()
        return
    role = Role(chosen)
    if role in HOUSE_ROLES:
        st.session_state[_STATE] = Guise(role, words=ROLE_WORDS[chosen].lower())
        return
    choices = _choices(database, house, role)
    first = next(iter(choices), "")
    st.session_state[_STATE] = _guise(role, first, choices)


def _take_whose(choices: Mapping[str, str]) -> None:
    guise, whose = current_guise(), st.session_state[_WHOSE]
    if guise is not None:
        st.session_state[_STATE] = _guise(guise.role, whose, choices)


def _guise(role: Role, whose: str, choices: Mapping[str, str]) -> Guise:
    name = choices.get(whose, "nobody yet")
    words = name if whose.startswith("user:") else f"{role.value} of {name}"
    return Guise(role, whose, words)


def _end() -> None:
    st.session_state.pop(_STATE, None)
