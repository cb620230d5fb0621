"""Writing clients and businesses."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame

UNASSIGNED_CLIENT = "unassigned"


def slug(name: str) -> str:
    """An identifier made from a name: lower-case ASCII words joined by hyphens; never empty."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-") or "business"


def ensure_client(connection: sa.Connection, client_id: str, name: str, *, is_demo: bool = False) -> None:
    """Store a client unless there is one with this id."""
    known = connection.execute(
        sa.select(t.clients.c.client_id).where(t.clients.c.client_id == client_id)
    ).scalar_one_or_none()
    if known is None:
        connection.execute(
            sa.insert(t.clients).values(
                client_id=client_id, name=name, is_demo=is_demo, created_utc=dt.datetime.now(dt.UTC)
            )
        )


def load_business_names(connection: sa.Connection) -> dict[str, str]:
    """Business ids by case-folded name and by id, for matching what a file calls them."""
    names: dict[str, str] = {}
    for business_id, name in connection.execute(sa.select(t.businesses.c.business_id, t.businesses.c.name)):
        names[fold(name)] = business_id
        names.setdefault(fold(business_id), business_id)
    return names


def fold(name: str) -> str:
    """A name as it is compared: NFKC, case-folded, white space collapsed, curly apostrophes straightened."""
    plain = unicodedata.normalize("NFKC", name).replace("\u2019", "'")
    return " ".join(plain.casefold().split())


def add_business(
    connection: sa.Connection,
    name: str,
    *,
    business_id: str | None = None,
    client_id: str = UNASSIGNED_CLIENT,
    kind: str = "",
    neighbourhood: str = "",
    is_demo: bool = False,
) -> str:
    """Store a business and return its id, made unique where another bears the same."""
    if client_id == UNASSIGNED_CLIENT:
        ensure_client(connection, UNASSIGNED_CLIENT, "Unassigned")
    taken = set(connection.execute(sa.select(t.businesses.c.business_id)).scalars())
    unique = free_id(business_id or slug(name), taken)
    connection.execute(
        sa.insert(t.businesses).values(
            business_id=unique,
            client_id=client_id,
            name=name.strip(),
            kind=kind,
            neighbourhood=neighbourhood,
            is_demo=is_demo,
            created_utc=dt.datetime.now(dt.UTC),
        )
    )
    return unique


def add_unassigned_businesses(connection: sa.Connection, names: Iterable[str]) -> dict[str, str]:
    """Store businesses that no client has yet; the id of each name, made unique where another bears it."""
    ensure_client(connection, UNASSIGNED_CLIENT, "Unassigned")
    taken = set(connection.execute(sa.select(t.businesses.c.business_id)).scalars())
    ids: dict[str, str] = {}
    for name in names:
        ids[name] = free_id(slug(name), taken)
        taken.add(ids[name])
    blank = {"client_id": UNASSIGNED_CLIENT, "kind": "", "neighbourhood": "", "is_demo": False}
    made = {**blank, "created_utc": pd.Timestamp.now("UTC")}
    frame = pd.DataFrame({"business_id": list(ids.values()), "name": [name.strip() for name in ids]})
    append_frame(connection, t.businesses, frame.assign(**made))
    return ids


def client_exists(connection: sa.Connection, client_id: str) -> bool:
    """Whether there is a client with this id."""
    known = sa.select(t.clients.c.client_id).where(t.clients.c.client_id == client_id)
    return connection.execute(known).scalar_one_or_none() is not None


def load_client_names(connection: sa.Connection) -> list[str]:
    """The names of all clients."""
    return list(connection.execute(sa.select(t.clients.c.name)).scalars())


def add_client(connection: sa.Connection, name: str) -> str:
    """Store a client and return its id, made unique where another bears the same."""
    taken = set(connection.execute(sa.select(t.clients.c.client_id)).scalars())
    client_id = free_id(slug(name), taken)
    ensure_client(connection, client_id, name)
    return client_id


def free_id(wanted: str, taken: set[str]) -> str:
    """An identifier that is not taken: the wanted one, or it with a number."""
    unique, number = wanted, 2
    while unique in taken:
        unique, number = f"{wanted}-{number}", number + 1
    return unique


def load_catalogue_row(connection: sa.Connection, table: sa.Table, key: str) -> dict[str, Any] | None:
    """The row of a client or a business by its id; None where there is none."""
    column = next(iter(table.primary_key.columns))
    row = connection.execute(sa.select(table).where(column == key)).mappings().one_or_none()
    return dict(row) if row is not None else None


def update_catalogue_row(
    connection: sa.Connection, table: sa.Table, key: str, values: dict[str, Any]
) -> None:
    """Change the name or place of a client or a business; ids never change.

    Names are what things are called now, not facts; the audit log keeps what they were called before.
    """
    column = next(iter(table.primary_key.columns))
    connection.execute(sa.update(table).where(column == key).values(**values))
