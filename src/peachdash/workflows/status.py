"""What is installed and stored, for `peachdash status` and the foot of the pages."""

from __future__ import annotations

from typing import Any

from peachdash import __version__
from peachdash.config import Settings
from peachdash.queries.status import fetch_status
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.active import find_pair
from peachdash.storage.database import Database


def describe_status(database: Database, scope: Scope, settings: Settings) -> dict[str, Any]:
    """Version, home, database, the two active models, and what `fetch_status` counts.

    Raises:
        ModelUnavailable: the shipped models or their encoder are missing.
    """
    champion, generic = find_pair(settings)
    models = ActiveModels(champion.revision, generic.revision)
    with database.read() as connection:
        stored = fetch_status(connection, scope, models)
    return {
        "version": __version__,
        "home": str(settings.home),
        "database": database.engine.url.render_as_string(hide_password=True),
        "champion": {"name": champion.name, "revision": champion.revision, "threshold": champion.threshold},
        "generic": {"name": generic.name, "revision": generic.revision, "threshold": generic.threshold},
        **stored,
    }
