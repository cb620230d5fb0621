"""Who labels: people of the house by their user id, and in local mode people by the name they gave."""

from __future__ import annotations

import re

import sqlalchemy as sa

from peachdash.records import HOUSE_ROLES, Scope
from peachdash.storage.people import Person, load_people

_USER_ID = re.compile(r"[0-9a-f]{32}")


def looks_like_user_id(name: str) -> bool:
    """Whether a name could be taken for the id of a user."""
    return _USER_ID.fullmatch(name) is not None


def load_self(connection: sa.Connection, scope: Scope) -> Person | None:
    """The person whose scope this is; None for whoever is at the machine without a sign-in."""
    return next((person for person in load_people(connection) if person.email == scope.viewer), None)


def is_at_machine(scope: Scope) -> bool:
    """Whether the scope is that of local mode or of a command, where nobody signs in.

    People who sign in are viewers by their e-mail; nobody else has a name with an @.
    """
    return "@" not in scope.viewer


def may_act_as(connection: sa.Connection, scope: Scope, annotator: str) -> bool:
    """Whether the viewer may label as an annotator.

    Whoever signs in is themselves and nobody else. At the machine people take turns, and say who they are;
    they cannot be somebody who signs in.
    """
    if is_at_machine(scope):
        return not looks_like_user_id(annotator)
    person = load_self(connection, scope)
    return person is not None and person.user_id == annotator


def load_labelling_people(connection: sa.Connection) -> dict[str, str]:
    """Active analysts and admins, who can be asked to label: their names by their ids."""
    people = [person for person in load_people(connection) if person.active and person.role in HOUSE_ROLES]
    return {person.user_id: person.name or person.email for person in people}


def load_names(connection: sa.Connection) -> dict[str, str]:
    """What everybody is called, active or not, by id; those who only gave a name are not among them."""
    return {person.user_id: person.name or person.email for person in load_people(connection)}


def load_emails(connection: sa.Connection) -> dict[str, str]:
    """The e-mail of everybody by id."""
    return {person.user_id: person.email for person in load_people(connection)}
