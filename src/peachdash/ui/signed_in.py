"""The sign-in of this browser session, as Streamlit brings it from the OpenID Connect provider."""

from __future__ import annotations

import datetime as dt
import logging

import streamlit as st

from peachdash.config import Settings, is_loopback
from peachdash.errors import BadInput, SignInRefused
from peachdash.jobs.service import Service
from peachdash.records import Scope
from peachdash.workflows.sign_in import Identity, load_scope, sign_in, sign_out

log = logging.getLogger(__name__)

_RECORDED = "sign_in_recorded"
CLOCK_SECONDS = 300.0
"""How far the provider's clock may be ahead of ours."""


class SignedOut(SignInRefused):
    """Nobody is signed in in this browser."""


class SessionEnded(SignInRefused):
    """The sign-in is older than a sign-in lasts."""


def current_identity(settings: Settings) -> Identity:
    """What the provider said of whoever is signed in.

    Raises:
        SignedOut: nobody is.
        SessionEnded: the sign-in is too old, or does not say when it was made.
    """
    if not getattr(st.user, "is_logged_in", False):
        raise SignedOut("You are not signed in.")
    identity = make_identity(dict(st.user.to_dict()), settings)
    require_fresh(identity, settings)
    return identity


def require_fresh(identity: Identity, settings: Settings) -> None:
    """Refuse a sign-in that is too old, or that does not say when it was made.

    Raises:
        SessionEnded: it is.
    """
    now = dt.datetime.now(dt.UTC)
    age = (now - identity.issued_utc).total_seconds() if identity.issued_utc is not None else None
    if age is None or not -CLOCK_SECONDS <= age <= 3600 * settings.session_hours:
        raise SessionEnded("Your session has ended.")


def make_identity(claims: dict[str, object], settings: Settings) -> Identity:
    """An identity from the claims of an ID token whose signature Streamlit has checked."""
    email = claims.get("email")
    verified = claims.get("email_verified")
    trusted = settings.trust_email and verified is None
    return Identity(
        issuer=str(claims.get("iss") or ""),
        subject=str(claims.get("sub") or ""),
        email=email if isinstance(email, str) else "",
        name=str(claims.get("name") or ""),
        email_verified=verified in (True, "true") or trusted,
        issued_utc=_moment(claims.get("iat")),
    )


def _moment(seconds: object) -> dt.datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None


def signed_in_scope(service: Service) -> Scope:
    """The scope of whoever is signed in. The first run of a browser session puts the sign-in on record.

    Raises:
        SignInRefused: nobody is signed in, or they may not come in.
    """
    identity = current_identity(service.settings)
    if st.session_state.get(_RECORDED) == identity:
        return load_scope(service.database, identity)
    scope = sign_in(service.database, identity)
    st.session_state[_RECORDED] = identity
    return scope


def leave(service: Service) -> None:
    """Sign out here, in every other browser, and at the provider where it offers that."""
    try:
        sign_out(service.database, current_identity(service.settings))
    except SignInRefused:
        log.info("a session that had ended was left")
    st.session_state.pop(_RECORDED, None)
    st.logout()


def require_loopback() -> None:
    """Refuse local mode where Streamlit was started by hand on an address that others can reach.

    Raises:
        BadInput: it was.
    """
    address = st.get_option("server.address")
    if not is_loopback(address or ""):
        raise BadInput(
            "Local mode knows no sign-in, so the dashboard shows nothing on an address that others can "
            "reach. Start it with `peachdash serve`, or set PEACHDASH_MODE=server."
        )
