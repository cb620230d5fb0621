"""Writing clients and businesses."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import sqlalchemy as sa

from peachdash.storage import schema as t

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
    wanted = business_id or slug(name)
    taken = set(connection.execute(sa.select(t.businesses.c.business_id)).scalars())
    unique, number = wanted, 2
    while unique in taken:
        unique, number = f"{wanted}-{number}", number + 1
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
