"""Clients and businesses: adding, renaming, moving. For admins; each change is audited."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import Scope
from peachdash.storage import schema as t
from peachdash.storage.audit import append_audit
from peachdash.storage.catalogue import (
    add_business,
    add_client,
    client_exists,
    fold,
    load_business_names,
    load_catalogue_row,
    load_client_names,
    update_catalogue_row,
)
from peachdash.storage.database import Database
from peachdash.workflows.people import clean_name


def create_client(database: Database, scope: Scope, name: str) -> str:
    """Store a client; its id.

    Raises:
        NotFound: the viewer is no admin.
        BadInput: the name is blank, too long, or another client's.
    """
    _require_admin(scope)
    name = _name(name, "client")
    with database.write() as connection:
        _require_unused_client(connection, name)
        client_id = add_client(connection, name)
        append_audit(connection, scope.viewer, "add_client", "client", client_id, {"name": name})
    return client_id


def rename_client(database: Database, scope: Scope, client_id: str, name: str) -> None:
    """Call a client by another name. Its id stays, so links do too.

    Raises:
        NotFound: there is no such client, or the viewer is no admin.
        BadInput: the name is blank, too long, or another client's.
    """
    _require_admin(scope)
    name = _name(name, "client")
    with database.write() as connection:
        row = load_catalogue_row(connection, t.clients, client_id)
        if row is None:
            raise NotFound(f"There is no client {client_id!r}.")
        if row["name"] == name:
            return
        if fold(row["name"]) != fold(name):
            _require_unused_client(connection, name)
        update_catalogue_row(connection, t.clients, client_id, {"name": name})
        details = {"from": row["name"], "to": name}
        append_audit(connection, scope.viewer, "rename_client", "client", client_id, details)


def create_business(
    database: Database, scope: Scope, name: str, client_id: str, *, kind: str = "", neighbourhood: str = ""
) -> str:
    """Store a business of a client; its id.

    Raises:
        NotFound: there is no such client, or the viewer is no admin.
        BadInput: the name is blank, too long, or another business's.
    """
    _require_admin(scope)
    name = _name(name, "business")
    kind, neighbourhood = clean_name(kind, "kind"), clean_name(neighbourhood, "neighbourhood")
    with database.write() as connection:
        if not client_exists(connection, client_id):
            raise NotFound(f"There is no client {client_id!r}.")
        _require_unused_business(connection, name)
        business_id = add_business(
            connection, name, client_id=client_id, kind=kind, neighbourhood=neighbourhood
        )
        details = {"name": name, "client_id": client_id}
        append_audit(connection, scope.viewer, "add_business", "business", business_id, details)
    return business_id


def change_business(
    database: Database,
    scope: Scope,
    business_id: str,
    *,
    name: str | None = None,
    client_id: str | None = None,
    kind: str | None = None,
    neighbourhood: str | None = None,
) -> None:
    """Rename a business or move it to another client; what is None stays. Its id and reviews stay.

    Raises:
        NotFound: there is no such business or client, or the viewer is no admin.
        BadInput: the name is blank, too long, or another business's.
    """
    _require_admin(scope)
    wanted: dict[str, Any] = {
        "name": None if name is None else _name(name, "business"),
        "client_id": client_id,
        "kind": None if kind is None else clean_name(kind, "kind"),
        "neighbourhood": None if neighbourhood is None else clean_name(neighbourhood, "neighbourhood"),
    }
    with database.write() as connection:
        row = load_catalogue_row(connection, t.businesses, business_id)
        if row is None:
            raise NotFound(f"There is no business {business_id!r}.")
        changes = {key: value for key, value in wanted.items() if value is not None and value != row[key]}
        if "client_id" in changes and not client_exists(connection, changes["client_id"]):
            raise NotFound(f"There is no client {changes['client_id']!r}.")
        if "name" in changes and fold(changes["name"]) != fold(row["name"]):
            _require_unused_business(connection, changes["name"])
        if not changes:
            return
        update_catalogue_row(connection, t.businesses, business_id, changes)
        details = {key: {"from": row[key], "to": value} for key, value in changes.items()}
        append_audit(connection, scope.viewer, "change_business", "business", business_id, details)


def _require_admin(scope: Scope) -> None:
    if not scope.may_manage_people:
        raise NotFound("Clients and businesses are for admins.")


def _name(name: str, what: str) -> str:
    plain = clean_name(name, f"{what}'s name")
    if not plain:
        raise BadInput(f"A {what} needs a name.")
    return plain


def _require_unused_client(connection: sa.Connection, name: str) -> None:
    if fold(name) in map(fold, load_client_names(connection)):
        raise BadInput(f"There is a client named {name!r} already.")


def _require_unused_business(connection: sa.Connection, name: str) -> None:
    """Exports name businesses, so each name (and each id, which exports may use) means one of them."""
    if fold(name) in load_business_names(connection):
        raise BadInput(f"There is a business named {name!r} already.")
