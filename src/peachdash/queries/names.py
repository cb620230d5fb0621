"""Who is named to whom: a client reads their own name, and of all others only what they are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from peachdash.records import Role, Scope

ANOTHER_PERSON = "another person"
AGENCY = "the agency"


def shown_name(
    scope: Scope, person: sa.ColumnElement[Any], instead: str = ANOTHER_PERSON
) -> sa.ColumnElement[Any]:
    """The column of a name as the viewer may read it; missing names stay missing."""
    if scope.role is not Role.CLIENT:
        return person
    return sa.case((person.is_(None), None), (person == scope.viewer, person), else_=instead)


def shown_note(
    scope: Scope, note: sa.ColumnElement[Any], author: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    """The column of a note as the viewer may read it; a client reads none of other people's."""
    if scope.role is not Role.CLIENT:
        return note
    return sa.case((author == scope.viewer, note), else_="")
