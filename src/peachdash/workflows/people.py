"""People and their rights: adding, changing, deactivating, assigning. For admins; each change is audited."""

from __future__ import annotations

import re
from dataclasses import replace

from peachdash.errors import BadInput, NotFound
from peachdash.records import Role, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.catalogue import UNASSIGNED_CLIENT, client_exists
from peachdash.storage.database import Database
from peachdash.storage.people import (
    Person,
    append_assignment,
    append_identity,
    append_session_end,
    append_state,
    insert_user,
    load_people,
)

NAME_LIMIT, EMAIL_LIMIT = 200, 254
_EMAIL = re.compile(r"[^\s@\"<>(),:;\[\]\\]+@[^\s@\"<>(),:;\[\]\\]+")


def add_person(database: Database, scope: Scope, email: str, role: Role, name: str = "") -> str:
    """Let somebody sign in with this e-mail; their id.

    Raises:
        NotFound: the viewer is no admin.
        BadInput: this is no e-mail, or somebody has it already.
    """
    _require_admin(scope)
    email, name = clean_email(email), clean_name(name, "name")
    with database.write() as connection:
        _require_unused(load_people(connection), email)
        user_id = insert_user(connection, scope.viewer)
        append_state(connection, user_id, email, name, role, True, scope.viewer)
        details = {"email": email, "role": role.value}
        append_audit(connection, scope.viewer, "add_person", "user", user_id, details)
    return user_id


def change_person(
    database: Database,
    scope: Scope,
    who: str,
    *,
    email: str | None = None,
    name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
) -> None:
    """Change what is given of a person; what is None stays.

    A new e-mail may belong to somebody else, so the person then signs in afresh.

    Args:
        who: their id or e-mail.

    Raises:
        NotFound: there is no such person, or the viewer is no admin.
        BadInput: the e-mail is none or taken, or no active admin would be left.
    """
    _require_admin(scope)
    with database.write() as connection:
        people = load_people(connection)
        person = _find(people, who)
        changed = replace(
            person,
            email=person.email if email is None else clean_email(email),
            name=person.name if name is None else clean_name(name, "name"),
            role=person.role if role is None else role,
            active=person.active if active is None else active,
        )
        if changed == person:
            return
        if changed.email != person.email:
            _require_unused(people, changed.email)
        _require_admin_left(people, changed)
        append_state(
            connection,
            person.user_id,
            changed.email,
            changed.name,
            changed.role,
            changed.active,
            scope.viewer,
        )
        if changed.email != person.email and person.issuer is not None:
            append_identity(connection, person.user_id, person.issuer, None, scope.viewer)
        append_audit(
            connection, scope.viewer, "change_person", "user", person.user_id, _differences(person, changed)
        )


def assign_client(
    database: Database, scope: Scope, who: str, client_id: str, *, assigned: bool = True
) -> None:
    """Let a person see a client's businesses, or (assigned=False) no longer.

    Raises:
        NotFound: there is no such person or client, or the viewer is no admin.
        BadInput: it stands for businesses without a client, which whoever imports adds to.
    """
    _require_admin(scope)
    with database.write() as connection:
        person = _find(load_people(connection), who)
        if not client_exists(connection, client_id):
            raise NotFound(f"There is no client {client_id!r}.")
        if (client_id in person.client_ids) == assigned:
            return
        if assigned and client_id == UNASSIGNED_CLIENT:
            raise BadInput("These businesses have no client yet. Move them to one, and assign that.")
        append_assignment(connection, person.user_id, client_id, assigned, scope.viewer)
        action = "assign_client" if assigned else "withdraw_client"
        details = {"email": person.email, "client_id": client_id}
        append_audit(connection, scope.viewer, action, "user", person.user_id, details)


def end_sessions(database: Database, scope: Scope, who: str, *, forget_identity: bool = False) -> None:
    """Sign a person out everywhere.

    Args:
        forget_identity: their next sign-in may be by another account of the provider that bears the
            same verified e-mail, as after a change of provider.

    Raises:
        NotFound: there is no such person, or the viewer is no admin.
    """
    _require_admin(scope)
    with database.write() as connection:
        person = _find(load_people(connection), who)
        append_session_end(connection, person.user_id, scope.viewer)
        if forget_identity and person.issuer is not None:
            append_identity(connection, person.user_id, person.issuer, None, scope.viewer)
        details = {"email": person.email, "forget_identity": forget_identity}
        append_audit(connection, scope.viewer, "end_sessions", "user", person.user_id, details)


def clean_email(email: str) -> str:
    """An e-mail as it is stored and compared.

    Raises:
        BadInput: it is none.
    """
    plain = email.strip().lower()
    if len(plain) > EMAIL_LIMIT or not _EMAIL.fullmatch(plain):
        raise BadInput(f"{email.strip()[:80]!r} is no e-mail: expected one such as mia@example.com.")
    return plain


def clean_name(name: str, what: str) -> str:
    """A name without control characters and surplus blanks.

    Raises:
        BadInput: it is longer than `NAME_LIMIT`.
    """
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
    if len(plain) > NAME_LIMIT:
        raise BadInput(f"A {what} has at most {NAME_LIMIT} characters, this one {len(plain):,}.")
    return plain


def _require_admin(scope: Scope) -> None:
    if not scope.may_manage_people:
        raise NotFound("People are for admins.")


def _find(people: list[Person], who: str) -> Person:
    wanted = who.strip().lower()
    for person in people:
        if wanted in (person.user_id, person.email):
            return person
    raise NotFound(f"There is nobody known as {who.strip()[:80]!r}.")


def _require_unused(people: list[Person], email: str) -> None:
    if any(person.email == email for person in people):
        raise BadInput(f"{email} is known already; change that person, or activate them again.")


def _require_admin_left(people: list[Person], changed: Person) -> None:
    """Refuse a change after which nobody could manage people any more."""
    before = {person.user_id for person in people if person.active and person.role is Role.ADMIN}
    stays = changed.active and changed.role is Role.ADMIN
    if changed.user_id in before and not stays and len(before) == 1:
        raise BadInput(f"{changed.email} is the last active admin. Make somebody else an admin first.")


def _differences(person: Person, changed: Person) -> dict[str, object]:
    names = ("email", "name", "role", "active")
    pairs = {name: (getattr(person, name), getattr(changed, name)) for name in names}
    found = {name: {"from": old, "to": new} for name, (old, new) in pairs.items() if old != new}
    return {"email": changed.email, **{f"{name}_changed": value for name, value in found.items()}}
