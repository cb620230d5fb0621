"""Recording which models are in use, and switching the champion."""

from __future__ import annotations

import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.errors import BadInput, NotFound
from peachdash.records import Scope
from peachdash.sentiment.active import find_model, find_pair, read_champion_file, write_champion_file
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.models import append_promotion, load_last_promotion
from peachdash.storage.predictions import register_revision


def record_models(
    database: Database, scope: Scope, settings: Settings
) -> tuple[ModelReference, ModelReference]:
    """Champion and generic model; what they are is stored, and the promotion of a shipped champion.

    Raises:
        NotFound: the viewer is neither analyst nor admin.
        ModelUnavailable: the shipped models or their encoder are missing.
    """
    if not scope.may_label:
        raise NotFound("Models are for analysts.")
    champion, generic = find_pair(settings)
    with database.write() as connection:
        _register(connection, champion)
        _register(connection, generic)
        if load_last_promotion(connection) != champion.revision:
            promoted = read_champion_file(settings.home) is not None
            reason = "named by the champion file" if promoted else "shipped with this version"
            append_promotion(connection, champion.revision, scope.viewer, reason)
            details = {"name": champion.name, "reason": reason}
            append_audit(connection, scope.viewer, "promote", "revision", champion.revision, details)
    return champion, generic


def promote(database: Database, scope: Scope, settings: Settings, name: str, reason: str) -> str:
    """Make a model the champion: one row on record, then the one file that every process reads.

    Returns:
        The revision.

    Raises:
        NotFound: the viewer is neither analyst nor admin.
        BadInput: no reason is given.
        ModelUnavailable: there is no such model.
    """
    if not scope.may_label:
        raise NotFound("Promotion is for analysts.")
    if not reason.strip():
        raise BadInput("A promotion needs a reason.")
    model = find_model(name, settings)
    with database.write() as connection:
        _register(connection, model)
        append_promotion(connection, model.revision, scope.viewer, reason.strip())
        details = {"name": model.name, "reason": reason.strip()}
        append_audit(connection, scope.viewer, "promote", "revision", model.revision, details)
    write_champion_file(settings.home, model.revision)
    return model.revision


def _register(connection: sa.Connection, model: ModelReference) -> None:
    description = {"role": model.role, "temperature": model.temperature, "full": model.full_revision}
    register_revision(connection, model.revision, model.name, model.size, model.threshold, description)
