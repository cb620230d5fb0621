"""The door of the dashboard: who may come in, the polite pages for everybody else, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from peachdash.errors import NotFound, SignInRefused
from peachdash.jobs.service import get_service
from peachdash.records import Role, Scope
from peachdash.ui.access import current_scope
from peachdash.ui.formatting import plain
from peachdash.ui.providers import read_providers
from peachdash.ui.signed_in import SessionEnded, SignedOut, leave
from peachdash.ui.view_as import current_guise, render_view_as

_PROVIDER_NAMES = {"google": "Google", "microsoft": "Microsoft", "entra": "Microsoft", "keycloak": "Keycloak"}
ROLE_NAMES: dict[Role, str] = {
    Role.CLIENT: "Client",
    Role.MANAGER: "Manager",
    Role.ANALYST: "Analyst",
    Role.ADMIN: "Admin",
}


@dataclass(frozen=True)
class Admission:
    """Whether somebody may come in: with a scope, or not for a reason."""

    scope: Scope | None
    refused: SignInRefused | None = None


def admit() -> Admission:
    """Look whether whoever opened the page may come in.

    Raises:
        PeachdashError: the database or a setting keeps everybody out.
    """
    try:
        return Admission(current_scope())
    except SignInRefused as error:
        return Admission(None, error)


def render_refusal(refused: SignInRefused) -> None:
    """One of the polite pages: sign in, sign in again, or no access. They tell nothing else."""
    if isinstance(refused, SignedOut):
        _centre("Welcome to Peachdash.", "Sign in to see what customers say.", _render_sign_in)
    elif isinstance(refused, SessionEnded):
        _centre("Your session has ended.", "Sign in again to go on where you were.", _render_sign_in)
    else:
        email = st.user.get("email") or "this account"
        _centre(
            "This account has no access here.",
            f"You are signed in as {plain(email, 80)}. If you should have access, ask whoever runs this "
            "dashboard to let you in.",
            _render_other_account,
        )


def render_unassigned(scope: Scope) -> None:
    """What somebody sees to whom no business is assigned."""
    st.title("No business is assigned to you yet.", anchor=False)
    st.write(f"You are signed in as {plain(scope.viewer, 80)}. An admin can assign your clients to you.")


def _centre(title: str, words: str, action: Callable[[], None]) -> None:
    _, middle, _ = st.columns([1, 2, 1])
    with middle, st.container(border=True, horizontal_alignment="center", gap="medium"):
        st.title(title, anchor=False, text_alignment="center")
        st.markdown(words, text_alignment="center")
        action()


def _render_sign_in() -> None:
    for name in read_providers(get_service().settings).names:
        words = "Sign in" if name is None else f"Sign in with {_PROVIDER_NAMES.get(name, name)}"
        if st.button(
            words, type="primary", icon=":material/login:", key=f"sign_in_{name or 'default'}", width=240
        ):
            st.login(name)


def _render_other_account() -> None:
    if st.button("Use another account", icon=":material/switch_account:", key="other_account"):
        leave(get_service())


def render_account(scope: Scope) -> None:
    """At the head of the side bar: who is signed in and the way out, or in local mode the view as others."""
    service = get_service()
    with st.sidebar:
        if service.settings.mode == "local":
            render_view_as(service.database, Scope.everything())
            return
        with st.popover(plain(scope.viewer, 40), icon=":material/account_circle:", width="stretch"):
            st.markdown(f"**{plain(scope.viewer, 80)}**")
            st.caption(f"{ROLE_NAMES[scope.role]}. {_seen_words(scope)}")
            if st.button("Sign out", icon=":material/logout:", key="sign_out"):
                leave(service)


def render_guise() -> None:
    """A line above the page that says as whom it is seen, where that is somebody else."""
    guise = current_guise()
    if guise is not None and get_service().settings.mode == "local":
        st.caption(f":material/visibility: Seen as {plain(guise.words, 80)} would see it.")


def _seen_words(scope: Scope) -> str:
    if scope.business_ids is None:
        return "Sees every business."
    count = len(scope.business_ids)
    return f"Sees {count} business{'' if count == 1 else 'es'}."


def require(allowed: bool) -> None:
    """Refuse a page that is not for the viewer's role, in the words of one that does not exist.

    Raises:
        NotFound: it is not.
    """
    if not allowed:
        raise NotFound("There is no such page for you.")
