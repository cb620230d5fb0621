"""From a verified sign-in to a scope: who somebody is, and what they may therefore see.

People are known by the pair of issuer and subject that their first sign-in brought. Until then they are
known by their e-mail, which must be verified by the provider. Whoever is unknown, deactivated or signed
out is refused with one and the same wording.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from peachdash.errors import NotFound, SignInRefused
from peachdash.records import HOUSE_ROLES, Role, Scope
from peachdash.storage.audit import append_audit, load_latest_audit
from peachdash.storage.database import Database
from peachdash.storage.people import (
    Person,
    append_identity,
    append_session_end,
    load_businesses_of,
    load_people,
)

REFUSED = "This account has no access here."
REPEAT_SECONDS = 300.0
"""A refusal of the same account is logged once in this time, so that nobody fills the log by knocking."""


@dataclass(frozen=True)
class Identity:
    """What the sign-in provider says of somebody, its signature checked.

    Attributes:
        issuer, subject: unique and lasting, unlike an e-mail.
        email: as claimed; empty where the provider gives none.
        email_verified: whether the provider vouches for it.
        issued_utc: when the provider signed them in; None where it does not say.
    """

    issuer: str
    subject: str
    email: str = ""
    name: str = ""
    email_verified: bool = False
    issued_utc: dt.datetime | None = None

    @property
    def actor(self) -> str:
        """What the audit log calls somebody who is not known."""
        return (self.email or f"{self.subject} at {self.issuer}")[:200]


def load_scope(database: Database, identity: Identity) -> Scope:
    """What somebody who is signed in may see now; it is asked for again at every run of a page.

    Raises:
        SignInRefused: they are unknown, deactivated, or were signed out since.
    """
    with database.read() as connection:
        person = _recognise(load_people(connection), identity)
        if person is None:
            raise SignInRefused(REFUSED)
        businesses = None
        if person.role not in HOUSE_ROLES:
            businesses = load_businesses_of(connection, person.client_ids)
    return Scope(person.email, person.role, businesses)


def sign_in(database: Database, identity: Identity) -> Scope:
    """Record that somebody signed in, once for each browser session, and give their scope.

    The first sign-in binds a person to their issuer and subject.

    Raises:
        SignInRefused: as `load_scope`; the refusal is on record.
    """
    with database.write() as connection:
        person = _recognise(load_people(connection), identity)
        if person is None:
            latest = load_latest_audit(connection, identity.actor, "sign_in_refused")
            if latest is None or (dt.datetime.now(dt.UTC) - latest).total_seconds() > REPEAT_SECONDS:
                details = {"issuer": identity.issuer[:200], "email_verified": identity.email_verified}
                append_audit(
                    connection, identity.actor, "sign_in_refused", "user", identity.subject[:200], details
                )
        else:
            if person.subject is None:
                append_identity(connection, person.user_id, identity.issuer, identity.subject, person.email)
            details = {"role": person.role.value}
            append_audit(connection, person.email, "sign_in", "user", person.user_id, details)
    return load_scope(database, identity)


def sign_out(database: Database, identity: Identity) -> None:
    """End all sign-ins of somebody up to now, in every browser; nothing where they are not known."""
    with database.write() as connection:
        person = _recognise(load_people(connection), identity)
        if person is not None:
            append_session_end(connection, person.user_id, person.email)
            append_audit(connection, person.email, "sign_out", "user", person.user_id)


def view_as(
    database: Database,
    scope: Scope,
    role: Role,
    *,
    user_id: str | None = None,
    client_ids: Iterable[str] = (),
) -> Scope:
    """The narrower scope in which local mode looks at things as another role does.

    Args:
        role: manager and client see what is assigned to the person, or the given clients.
        user_id: a person whose assignments count.
        client_ids: else the clients that count.

    Raises:
        NotFound: the viewer does not have all roles.
    """
    if not (scope.may_manage_people and scope.may_see_all_texts):
        raise NotFound("Viewing as somebody else is for those who have all roles.")
    viewer = f"{scope.viewer} as {role.value}"
    if role in HOUSE_ROLES:
        return Scope(viewer, role, None)
    with database.read() as connection:
        clients = frozenset(client_ids)
        if user_id is not None:
            people = {person.user_id: person for person in load_people(connection)}
            if user_id not in people:
                raise NotFound("There is no such person.")
            clients, viewer = people[user_id].client_ids, f"{scope.viewer} as {people[user_id].email}"
        return Scope(viewer, role, load_businesses_of(connection, clients))


def _recognise(people: list[Person], identity: Identity) -> Person | None:
    """The active person behind a sign-in, whose sign-in still counts; None where there is none."""
    if not identity.subject:
        return None
    bound = [
        person for person in people if (person.issuer, person.subject) == (identity.issuer, identity.subject)
    ]
    email = identity.email.strip().lower()
    named = [person for person in people if person.subject is None and person.email == email]
    found = bound or (named if identity.email_verified and email else [])
    if not found or not found[0].active or _was_signed_out(found[0], identity):
        return None
    return found[0]


def _was_signed_out(person: Person, identity: Identity) -> bool:
    if person.signed_out_utc is None:
        return False
    return identity.issued_utc is None or identity.issued_utc <= person.signed_out_utc
