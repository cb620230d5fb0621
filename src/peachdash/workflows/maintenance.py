"""Keeping the database in shape."""

from __future__ import annotations

from peachdash.records import Scope
from peachdash.storage.database import Database
from peachdash.storage.reviews import rewrite_sorted


def optimise(database: Database, scope: Scope) -> int:
    """Rewrite the reviews in (business, date) order; how many there are.

    A narrower scope than everything leaves the table as it is.
    """
    if not scope.may_see_all_texts:
        return 0
    with database.write() as connection:
        return rewrite_sorted(connection)
