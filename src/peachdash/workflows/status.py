"""What is installed and stored, for `peachdash status` and the foot of the pages."""

from __future__ import annotations

from typing import Any

from peachdash import __version__
from peachdash.config import Settings
from peachdash.errors import PeachdashError
from peachdash.queries.status import fetch_status
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.active import find_pair
from peachdash.sentiment.registry import ModelReference, list_refused
from peachdash.storage.database import Database


def describe_status(database: Database, scope: Scope, settings: Settings) -> dict[str, Any]:
    """Version, home, database, the two active models, and what `fetch_status` counts.

    Where a model cannot be used, champion and generic are None and models_error says why; models_refused has
    a line for each model folder that is unsafe or incomplete.
    """
    models: dict[str, Any] = {"champion": None, "generic": None, "models_error": None}
    active = ActiveModels("", "")
    try:
        champion, generic = find_pair(settings)
    except PeachdashError as error:
        models["models_error"] = str(error)
    else:
        active = ActiveModels(champion.revision, generic.revision)
        models |= {"champion": _describe(champion), "generic": _describe(generic)}
    with database.read() as connection:
        stored = fetch_status(connection, scope, active)
    stored["waiting"].pop("", None)
    return {
        "version": __version__,
        "home": str(settings.home),
        "database": database.engine.url.render_as_string(hide_password=True),
        **models,
        "models_refused": list(list_refused([settings.models, settings.trained]).values()),
        **stored,
    }


def _describe(model: ModelReference) -> dict[str, Any]:
    return {"name": model.name, "revision": model.revision, "threshold": model.threshold}
