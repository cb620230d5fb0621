"""What the commands `models`, `promote` and `rollback` ask for, answered here or by the running `serve`."""

from __future__ import annotations

from typing import Any

from peachdash.config import Settings
from peachdash.errors import BadInput
from peachdash.jobs.candidate_runs import ask_measurement, ask_preview
from peachdash.jobs.runs import RunFolder
from peachdash.queries.promotions import fetch_preview
from peachdash.records import Scope
from peachdash.sentiment.active import find_active
from peachdash.storage.database import Database
from peachdash.workflows.candidate_list import list_candidates
from peachdash.workflows.candidates import Case, find_stored_pairs, load_case
from peachdash.workflows.promoting import (
    active_champion,
    find_counterpart,
    find_previous,
    promote_candidate,
    roll_back,
)


def perform_candidate_request(
    database: Database, settings: Settings, scope: Scope, action: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    """The answer to a request, as JSON values.

    Actions: list; measure and preview (`run`: id of the run that does it, None where all is on record);
    case (candidate, champion, test reviews, gates, changes); previous; promote; rollback.

    Raises:
        NotFound: the viewer is no analyst.
        BadInput: an unknown action, or what the workflows refuse.
        ModelUnavailable: there is no such model.
        Superseded: another model became champion meanwhile.
    """
    if action == "list":
        return {"models": [item.to_dict() for item in list_candidates(database, scope, settings)]}
    if action == "measure":
        return {"run": _run_id(_measurement(database, settings, scope, str(arguments["revision"])))}
    if action == "preview":
        return {"run": _run_id(_preview(database, settings, scope, str(arguments["revision"])))}
    if action == "case":
        return _describe_case(database, settings, scope, str(arguments["revision"]))
    if action == "previous":
        champion = active_champion(settings)
        return {"champion": champion, "previous": find_previous(database, scope, champion)}
    if action == "promote":
        return vars(promote_candidate(database, scope, settings, **arguments))
    if action == "rollback":
        return vars(roll_back(database, scope, settings, **arguments))
    raise BadInput(f"Unknown request {action!r}; is `serve` of the same version?")


def _run_id(run: RunFolder | None) -> str | None:
    return None if run is None else run.run_id


def _measurement(database: Database, settings: Settings, scope: Scope, revision: str) -> RunFolder | None:
    """The run that measures what is not on record; None where all is."""
    candidate, _ = find_counterpart(settings, revision)
    active = find_active(settings)
    case = load_case(database, scope, settings, candidate.revision, active.champion, active.generic)
    if case.is_complete:
        return None
    return ask_measurement(database, scope, settings, candidate.revision)


def _preview(database: Database, settings: Settings, scope: Scope, revision: str) -> RunFolder | None:
    """The run that makes a preview; None where there is one and nothing came in since."""
    candidate, generic = find_counterpart(settings, revision)
    with database.read() as connection:
        found = fetch_preview(connection, scope, candidate.revision, active_champion(settings))
    unread = find_stored_pairs(database, scope, (candidate.revision, generic.revision))
    if found is not None and not len(unread):
        return None
    return ask_preview(database, scope, settings, candidate.revision)


def _describe_case(database: Database, settings: Settings, scope: Scope, revision: str) -> dict[str, Any]:
    candidate, _ = find_counterpart(settings, revision)
    active = find_active(settings)
    case: Case = load_case(database, scope, settings, candidate.revision, active.champion, active.generic)
    with database.read() as connection:
        preview = fetch_preview(connection, scope, candidate.revision, active.champion)
    return {
        "revision": candidate.revision,
        "champion": active.champion,
        "test_reviews": case.held_out.reviews,
        "test_set": case.held_out.words,
        "learned_from_test": case.learned,
        "gates": [gate.to_dict() for gate in case.gates],
        "changes": None if preview is None else preview["changes"],
    }
