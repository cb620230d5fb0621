"""Recording which models are in use, and finishing a switch that was interrupted."""

from __future__ import annotations

from peachdash.config import Settings
from peachdash.errors import NotFound
from peachdash.records import Scope
from peachdash.sentiment.active import find_pair, proposed_champions, read_champion_file
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.champion import record_active, register_model, settle_proposals
from peachdash.storage.database import Database


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
    settle_champion(database, scope, settings)
    champion, generic = find_pair(settings)
    with database.write() as connection:
        register_model(connection, champion)
        register_model(connection, generic)
        promoted = read_champion_file(settings.home) is not None
        record_active(connection, scope.viewer, champion, promoted=promoted)
    return champion, generic


def settle_champion(database: Database, scope: Scope, settings: Settings) -> None:
    """Finish what a process left that ended between recording a promotion and letting its file count.

    The database decides: a proposed file counts where its promotion is the latest on record, and goes
    otherwise. Call it at start-up; a narrow scope does nothing.
    """
    if not scope.may_label or not proposed_champions(settings.home):
        return
    with database.write() as connection:
        settle_proposals(connection, settings.home)
