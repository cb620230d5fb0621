"""Data sets, trainings and sweeps on request: by a command here, or by the inbox of a running `serve`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peachdash.config import Settings
from peachdash.data_sets.assembling import SplitShares
from peachdash.errors import BadInput
from peachdash.jobs import training
from peachdash.jobs.training_speed import estimate_seconds
from peachdash.jobs.training_state import describe_training
from peachdash.queries.data_sets import (
    fetch_data_set,
    fetch_data_set_reviews,
    fetch_data_sets,
    fetch_training_runs,
)
from peachdash.records import Scope
from peachdash.sentiment.sweep_space import space_from_dict
from peachdash.storage.database import Database
from peachdash.workflows.freezing import freeze_data_set, preview_freeze
from peachdash.workflows.sweeps import describe_sweep, request_sweep
from peachdash.workflows.trainings import TrainingRequest, plan_training, request_training

Arguments = dict[str, Any]


def perform_training_request(
    database: Database, scope: Scope, settings: Settings, action: str, arguments: Arguments
) -> dict[str, Any]:
    """The answer to a request, as plain values.

    Actions: freeze (note, train, validation, check), data_sets, data_set (number), train (a
    `TrainingRequest`), trainings, cancel and resume (run_id), sweep (request and space), sweep_state
    (sweep_id).

    Raises:
        BadInput: an unknown action.
        PeachdashError: as the workflow behind it.
    """
    if action not in _ACTIONS:
        raise BadInput(f"Unknown request {action!r}; is `serve` of the same version?")
    return _ACTIONS[action](database, scope, settings, arguments)


def _freeze(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    shares = SplitShares(float(arguments["train"]), float(arguments["validation"]))
    if arguments.get("check"):
        found = preview_freeze(database, scope, shares)
        changes = found.changes.sentence if found.changes is not None else ""
        return {"number": None, "same_as": found.same_as, "summary": found.summary, "changes": changes}
    _, number = freeze_data_set(database, scope, str(arguments["note"]), shares)
    return {**_show(database, scope, settings, {"number": number}), "changes": ""}


def _data_sets(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    with database.read() as connection:
        frame = fetch_data_sets(connection, scope)
    return {"data_sets": [_plain_set(row) for row in frame.to_dict("records")]}


def _show(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    with database.read() as connection:
        found = fetch_data_set(connection, scope, arguments.get("number"))
        if not arguments.get("rows"):
            return _plain_set(found)
        rows = fetch_data_set_reviews(connection, scope, found["data_set_id"])
    kept = rows.drop(columns=["data_set_id"]).astype({"review_id": object})
    return {**_plain_set(found), "rows": kept.where(kept.notna(), None).to_dict("records")}


def _plain_set(row: dict[Any, Any]) -> dict[str, Any]:
    names = ("data_set_id", "content_sha256", "summary", "note", "made_by")
    made = row["made_utc"].isoformat(timespec="seconds")
    return {"number": int(row["number"]), "made_utc": made, **{name: row[name] for name in names}}


def _train(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    request = TrainingRequest(**arguments)
    waiting = _same_unfinished(database, scope, settings, request)
    if waiting is not None:
        plan, run_id = plan_training(database, scope, settings, request), waiting
    else:
        run_id, plan = request_training(database, scope, settings, request)
    estimate = estimate_seconds(settings, plan.encoder, plan.rows, plan.settings)
    return {
        "run_id": run_id,
        "resumed": waiting is not None,
        "data_set": plan.data_set["number"],
        "encoder": plan.hub.words if plan.hub is not None else None,
        "settings": plan.settings.to_dict(),
        "estimate_seconds": None if estimate is None else round(estimate[0], 1),
        "estimate_from": None if estimate is None else estimate[1].words,
    }


def _same_unfinished(
    database: Database, scope: Scope, settings: Settings, request: TrainingRequest
) -> str | None:
    """The training with the very same data, start and settings that was interrupted or waits."""
    plan = plan_training(database, scope, settings, request)
    with database.read() as connection:
        runs = fetch_training_runs(connection, scope)
    for row in runs[runs["state"].isna()].to_dict("records"):
        same = (row["data_set_id"], row["start_revision"], row["settings"], row["sweep_id"])
        if same == (plan.data_set["data_set_id"], plan.start_name, plan.settings.to_dict(), request.sweep_id):
            return str(row["run_id"])
    return None


def _trainings(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    with database.read() as connection:
        runs = fetch_training_runs(connection, scope)
    return {"trainings": [describe_training(settings, row).to_dict() for row in runs.to_dict("records")]}


def _cancel(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    training.cancel(database, scope, settings, str(arguments["run_id"]))
    return {"run_id": arguments["run_id"]}


def _resume(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    training.resume(database, scope, settings, str(arguments["run_id"]))
    return {"run_id": arguments["run_id"]}


def _sweep(database: Database, scope: Scope, settings: Settings, arguments: Arguments) -> dict[str, Any]:
    space = space_from_dict(**arguments["space"])
    request = TrainingRequest(**arguments["request"])
    return {"sweep_id": request_sweep(database, scope, settings, request, space)}


def _sweep_state(
    database: Database, scope: Scope, settings: Settings, arguments: Arguments
) -> dict[str, Any]:
    state = describe_sweep(database, scope, str(arguments["sweep_id"]))
    members = [describe_training(settings, row).to_dict() for row in state.members.to_dict("records")]
    return {"over": state.over, "minutes": round(state.minutes, 2), "members": members}


_ACTIONS: dict[str, Callable[[Database, Scope, Settings, Arguments], dict[str, Any]]] = {
    "freeze": _freeze,
    "data_sets": _data_sets,
    "data_set": _show,
    "train": _train,
    "trainings": _trainings,
    "cancel": _cancel,
    "resume": _resume,
    "sweep": _sweep,
    "sweep_state": _sweep_state,
}
