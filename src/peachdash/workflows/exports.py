"""Putting exports on record."""

from __future__ import annotations

from peachdash.records import Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database


def record_export(database: Database, scope: Scope, what: str, rows: int) -> None:
    """Record that the viewer downloaded a file.

    Args:
        what: what it held, such as "reviews" or "audit log"; never a text of a review.
        rows: how many rows it had.
    """
    with database.write() as connection:
        append_audit(connection, scope.viewer, "export", "file", what[:200], {"rows": rows})
