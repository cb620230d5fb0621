"""Making a candidate the champion, going back to the last one, and seeing first what that changes.

The switch is one transaction that writes who, why and on what grounds, and one file that every process
reads. The file is written beside its place before the transaction ends and renamed after it, so that what
was interrupted in between can be finished from the record (`settle_champion`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.errors import BadInput, NotFound, Superseded
from peachdash.evaluation.gates import Gate, all_green
from peachdash.insights.changes import summarise_changes
from peachdash.queries.flips import fetch_band_changes
from peachdash.queries.promotions import fetch_preview
from peachdash.queries.status import count_waiting
from peachdash.records import Scope
from peachdash.sentiment.active import (
    confirm_champion,
    find_active,
    find_model,
    generic_beside,
    propose_champion,
    read_champion_file,
    withdraw_champion,
)
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.audit import append_audit
from peachdash.storage.champion import record_active, register_model, settle_proposals
from peachdash.storage.database import Database
from peachdash.storage.promotions import (
    StoredPromotion,
    append_grounds,
    append_preview,
    append_promotion,
    load_promotions,
    new_promotion_id,
)
from peachdash.workflows.candidates import load_case
from peachdash.workflows.issue_building import find_unread_sentences

PROMOTION, ROLLBACK = "promotion", "rollback"
REASON_LIMIT = 500


@dataclass(frozen=True)
class Switched:
    """The champion that is one now, and the one until then."""

    revision: str
    previous: str


def find_counterpart(settings: Settings, revision: str) -> tuple[ModelReference, ModelReference]:
    """A candidate, and the generic model that would stand beside it.

    Raises:
        ModelUnavailable: one of them is not here, or its encoder is not installed.
        BadInput: the model is no fine-tuned one.
    """
    model = find_model(revision, settings)
    if model.role != "champion":
        raise BadInput(
            f"{model.name} ({model.revision}) is what champions are compared with: promote a fine-tuned one."
        )
    return model, find_model(generic_beside(model), settings)


def make_preview(
    database: Database, scope: Scope, settings: Settings, revision: str, against: str
) -> dict[str, Any]:
    """Count what a promotion would change among all stored reviews, and put that on record.

    Returns:
        What `summarise_changes` gives, and sentences: those of the complaints page that the candidate has
        not read, and reads after a promotion.

    Raises:
        NotFound: the viewer is no analyst.
        BadInput: the candidate or its generic model has not read all stored reviews.
    """
    _require_analyst(scope)
    model, generic = find_counterpart(settings, revision)
    sentences = len(find_unread_sentences(database, scope, model.revision))
    with database.write() as connection:
        _require_read(connection, (model.revision, generic.revision))
        rows = fetch_band_changes(connection, Scope.everything(), against, model.revision)
        changes = {**summarise_changes(rows), "sentences": sentences}
        append_preview(connection, model.revision, against, changes, scope.viewer)
    return changes


def promote_candidate(
    database: Database,
    scope: Scope,
    settings: Settings,
    revision: str,
    reason: str,
    *,
    expected: str,
    confirmed: bool = False,
) -> Switched:
    """Make a candidate the champion, at once for every page and process.

    Args:
        revision: the candidate.
        reason: why; kept for ever.
        expected: the champion that the viewer compared it with.
        confirmed: whether it is to be promoted although a gate is not green.

    Raises:
        NotFound: the viewer is no analyst.
        Superseded: another model became champion meanwhile.
        BadInput: no reason, no preview, reviews came in since, or a gate that was not confirmed.
        ModelUnavailable: there is no such model.
    """
    _require_analyst(scope)
    why = _reason(reason)
    model, generic = find_counterpart(settings, revision)
    active = find_active(settings)
    case = load_case(database, scope, settings, model.revision, expected, active.generic)
    with database.write() as connection:
        _require_champion(connection, settings, expected)
        if model.revision == expected:
            raise BadInput(f"{model.revision} is the champion already.")
        _require_gates(case.gates, confirmed)
        preview = fetch_preview(connection, scope, model.revision, expected)
        if preview is None:
            raise BadInput("Look first at what the promotion would change: its preview is not made yet.")
        _require_read(connection, (model.revision, generic.revision))
        named = read_champion_file(settings.home) is not None
        record_active(connection, scope.viewer, find_model(expected, settings), promoted=named)
        register_model(connection, model)
        register_model(connection, generic)
        promotion_id = _record(
            connection, scope, settings, model, why, PROMOTION, expected,
            case.held_out.data_set_id, [gate.to_dict() for gate in case.gates], preview["changes"],
        )  # fmt: skip
    confirm_champion(settings.home, promotion_id)
    return Switched(model.revision, expected)


def roll_back(
    database: Database, scope: Scope, settings: Settings, reason: str, *, expected: str
) -> Switched:
    """Go back to the champion before the present one. It has read what was stored then, so nothing waits.

    Raises:
        NotFound: the viewer is no analyst.
        Superseded: another model became champion meanwhile.
        BadInput: no reason, or there is no earlier champion.
        ModelUnavailable: the earlier champion is not here any more.
    """
    _require_analyst(scope)
    why = _reason(reason)
    with database.write() as connection:
        _require_champion(connection, settings, expected)
        previous = previous_champion(load_promotions(connection), expected)
        if previous is None:
            raise BadInput("There is no earlier champion to go back to.")
        model, _ = find_counterpart(settings, previous)
        rows = fetch_band_changes(connection, Scope.everything(), expected, previous)
        promotion_id = _record(
            connection, scope, settings, model, why, ROLLBACK, expected, None, [], summarise_changes(rows)
        )
    confirm_champion(settings.home, promotion_id)
    return Switched(model.revision, expected)


def find_previous(database: Database, scope: Scope, champion: str) -> str | None:
    """The champion that a rollback would go back to; None where there is none.

    Raises:
        NotFound: the viewer is no analyst.
    """
    _require_analyst(scope)
    with database.read() as connection:
        return previous_champion(load_promotions(connection), champion)


def previous_champion(history: Sequence[StoredPromotion], champion: str) -> str | None:
    """The champion before the present one: promotions pile up, a rollback takes the last one off again."""
    pile: list[str] = []
    for row in history:
        if row.kind == ROLLBACK and row.revision in pile:
            while pile[-1] != row.revision:
                pile.pop()
        elif not pile or pile[-1] != row.revision:
            pile.append(row.revision)
    if pile and pile[-1] == champion:
        pile.pop()
    return pile[-1] if pile else None


def active_champion(settings: Settings) -> str:
    """The revision of the champion, as the champion file has it, even where the model is gone."""
    return read_champion_file(settings.home) or find_active(settings).champion


def _record(
    connection: sa.Connection,
    scope: Scope,
    settings: Settings,
    model: ModelReference,
    reason: str,
    kind: str,
    previous: str,
    data_set_id: str | None,
    gates: list[dict[str, Any]],
    changes: dict[str, Any],
) -> str:
    """Write everything but the rename of the champion file; the id of the promotion."""
    promotion_id = new_promotion_id()
    propose_champion(settings.home, promotion_id, model.revision)
    try:
        append_promotion(connection, model.revision, scope.viewer, reason, promotion_id)
        append_grounds(connection, promotion_id, kind, previous, data_set_id, gates, changes)
        details = {"name": model.name, "reason": reason, "kind": kind, "previous": previous}
        append_audit(connection, scope.viewer, "promote", "revision", model.revision, details)
    except Exception:
        withdraw_champion(settings.home, promotion_id)
        raise
    return promotion_id


def _require_analyst(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Promotion is for analysts.")


def _reason(reason: str) -> str:
    words = " ".join(reason.split())
    if not words:
        raise BadInput("A promotion or rollback needs a reason.")
    if len(words) > REASON_LIMIT:
        raise BadInput(f"A reason has {REASON_LIMIT} characters at most, got {len(words)}.")
    return words


def _require_champion(connection: sa.Connection, settings: Settings, expected: str) -> None:
    """Refuse where another model is champion than the one that the viewer saw."""
    settle_proposals(connection, settings.home)
    champion = active_champion(settings)
    if champion == expected:
        return
    last = next((row for row in reversed(load_promotions(connection)) if row.revision == champion), None)
    who = f": {last.promoted_by} made it so at {last.promoted_utc:%H:%M} UTC" if last else ""
    raise Superseded(
        f"{champion} became the champion meanwhile, in place of {expected}{who}. Compare with it and decide "
        "anew."
    )


def _require_gates(gates: Sequence[Gate], confirmed: bool) -> None:
    if not confirmed and not all_green(tuple(gates)):
        told = "; ".join(f"{gate.title}: {gate.state.value}" for gate in gates if gate.state != "green")
        raise BadInput(f"Not every gate is green ({told}). Promoting it all the same has to be confirmed.")


def _require_read(connection: sa.Connection, revisions: Sequence[str]) -> None:
    house = Scope.everything()
    waiting = max(count_waiting(connection, house, revision) for revision in revisions)
    if waiting:
        raise BadInput(
            f"The candidate has not read {waiting:,} stored texts yet: make the preview again; it reads them."
        )
