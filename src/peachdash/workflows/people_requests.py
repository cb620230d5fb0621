"""What `peachdash users` asks for, in one form for the command itself and for a running `serve`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peachdash.errors import BadInput, NotFound
from peachdash.queries.people import fetch_all_clients, fetch_people
from peachdash.records import Role, Scope
from peachdash.storage.catalogue import fold
from peachdash.storage.database import Database
from peachdash.workflows.people import add_person, assign_client, change_person, end_sessions


def perform_people_request(
    database: Database, scope: Scope, action: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Do one of add, change, assign, sign_out and list; everybody as they stand afterwards.

    Args:
        action: what to do.
        arguments: email; for `add` and `change` also role, name, clients (to assign) and active, where
            given; for `assign` client and assigned.

    Returns:
        people: a list of objects with email, name, role, active, clients (names) and last_sign_in (ISO
        8601, or None).

    Raises:
        NotFound: there is no such person or client, or the viewer is no admin.
        BadInput: a value cannot be used, or the action is none of these.
    """
    email = str(arguments.get("email") or "")
    if action == "add":
        clients = [_client_id(database, scope, name) for name in arguments.get("clients") or []]
        user_id = add_person(
            database, scope, email, _role(arguments.get("role")), str(arguments.get("name") or "")
        )
        for client in clients:
            assign_client(database, scope, user_id, client)
    elif action == "change":
        role, active = arguments.get("role"), arguments.get("active")
        change_person(
            database,
            scope,
            email,
            name=arguments.get("name"),
            role=None if role is None else _role(role),
            active=None if active is None else bool(active),
        )
    elif action == "assign":
        client = _client_id(database, scope, str(arguments.get("client") or ""))
        assign_client(database, scope, email, client, assigned=bool(arguments.get("assigned", True)))
    elif action == "sign_out":
        end_sessions(database, scope, email, forget_identity=bool(arguments.get("forget_identity")))
    elif action != "list":
        raise BadInput(f"Unknown request {action!r}; is `serve` of the same version?")
    return {"people": _describe(database, scope)}


def _role(name: object) -> Role:
    try:
        return Role(str(name))
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise BadInput(f"A role is one of {known}, not {name!r}.") from error


def _client_id(database: Database, scope: Scope, name: str) -> str:
    """The id of a client that is given by its id or its name."""
    with database.read() as connection:
        clients = fetch_all_clients(connection, scope)
    for row in clients.itertuples():
        if name == row.client_id or fold(name) == fold(str(row.client)):
            return str(row.client_id)
    raise NotFound(f"There is no client {name!r}. The page People lists and adds them.")


def _describe(database: Database, scope: Scope) -> list[dict[str, Any]]:
    with database.read() as connection:
        people, clients = fetch_people(connection, scope), fetch_all_clients(connection, scope)
    names = dict(zip(clients["client_id"], clients["client"], strict=True))
    return [
        {
            "email": person["email"],
            "name": person["name"],
            "role": person["role"],
            "active": bool(person["active"]),
            "clients": [names.get(client, client) for client in person["client_ids"]],
            "last_sign_in": person["latest_utc"].isoformat() if person["latest_utc"] else None,
        }
        for person in people.astype(object).where(people.notna(), None).to_dict("records")
    ]
