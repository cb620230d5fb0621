"""What `peachdash complaints` tells: from the database, or from the running `serve` that holds it."""

from __future__ import annotations

from typing import Any

from peachdash.config import Settings
from peachdash.jobs.handover import hand_over
from peachdash.jobs.local import OnProgress
from peachdash.jobs.local_issues import find_issues
from peachdash.jobs.serving import find_serve
from peachdash.records import Scope
from peachdash.sentiment.active import find_active
from peachdash.storage.database import open_database
from peachdash.storage.failures import explained
from peachdash.workflows.complaints import describe_complaints


def report_complaints(
    settings: Settings, scope: Scope, business: str, on_progress: OnProgress
) -> dict[str, Any]:
    """`describe_complaints` of a business, after grouping what is read and not grouped yet.

    A running `serve` groups by itself, so what it has found so far is told.

    Raises:
        NotFound: there is no such business.
        DatabaseLocked: another process than `serve` holds the database.
    """
    if find_serve(settings) is not None:
        return hand_over(settings, {"kind": "complaints", "business": business, "viewer": scope.viewer})
    database = open_database(settings.database)
    try:
        with explained(database.engine):
            models = find_active(settings)
            find_issues(database, scope, settings, models, on_progress=on_progress)
            return describe_complaints(database, scope, models, business)
    finally:
        database.close()
