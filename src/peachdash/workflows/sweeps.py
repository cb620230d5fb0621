"""Asking for a sweep, and what it tries next; each of its members is a training like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from peachdash.config import Settings
from peachdash.errors import NotFound
from peachdash.queries.data_sets import fetch_data_sets, fetch_sweeps, fetch_training_runs
from peachdash.records import Scope
from peachdash.sentiment.sweep_space import SweepSpace, next_settings, space_from_dict
from peachdash.storage.audit import append_audit
from peachdash.storage.data_sets import append_sweep, append_sweep_end
from peachdash.storage.database import Database
from peachdash.storage.feedback import new_id
from peachdash.workflows.trainings import TrainingRequest, plan_training, request_training

START, FIXED = "start", "fixed"


@dataclass(frozen=True)
class SweepState:
    """How far a sweep is.

    Attributes:
        row: of the table.
        members: its trainings with their outcomes, in the order in which they were asked for.
        minutes: of training so far.
        over: why it asks for no more, in words; '' while it does.
    """

    row: dict[str, Any]
    members: pd.DataFrame
    minutes: float
    over: str


def request_sweep(
    database: Database, scope: Scope, settings: Settings, base: TrainingRequest, space: SweepSpace
) -> str:
    """Puts a sweep on record after checking data set, start and every corner of its space; its id.

    Raises:
        PeachdashError: as `workflows.trainings.plan_training`, and `SweepSpace.check`.
    """
    plan = plan_training(database, scope, settings, base)
    space.check(plan.settings)
    for values in _lowest_and_highest(space):
        plan_training(database, scope, settings, replace(base, changes={**base.changes, **values}))
    start = plan.hub.name if plan.hub is not None else base.start
    sweep_id = new_id()
    with database.write() as connection:
        append_sweep(
            connection,
            {
                "sweep_id": sweep_id,
                "data_set_id": plan.data_set["data_set_id"],
                "space": {"axes": space.to_dict(), START: start, FIXED: base.changes},
                "sampler": space.sampler,
                "max_runs": space.max_runs,
                "max_minutes": space.max_minutes,
                "requested_by": scope.viewer,
            },
        )
        details = {"data_set": plan.data_set["number"], "sampler": space.sampler, "runs": space.max_runs}
        append_audit(connection, scope.viewer, "sweep", "sweep", sweep_id, details)
    return sweep_id


def advance_sweep(database: Database, scope: Scope, settings: Settings, sweep_id: str) -> str | None:
    """Asks for the next training of a sweep, unless one of its trainings is under way or it is over; its id.

    Raises:
        NotFound: the viewer may not train, or there is no such sweep.
        PeachdashError: the training cannot be asked for any more.
    """
    state = describe_sweep(database, scope, sweep_id)
    if state.over or state.members["state"].isna().any():
        return None
    space = read_space(state.row)
    values = next_settings(space, tried_so_far(state.members), seed=int(sweep_id[:12]) % 2**31)
    if values is None:
        return None
    with database.read() as connection:
        sets = fetch_data_sets(connection, scope).set_index("data_set_id")
    number = int(sets.loc[state.row["data_set_id"], "number"])
    told = state.row["space"]
    request = TrainingRequest(number, told[START], {**told[FIXED], **values}, "", sweep_id)
    return request_training(database, scope, settings, request)[0]


def describe_sweep(database: Database, scope: Scope, sweep_id: str) -> SweepState:
    """How far a sweep is.

    Raises:
        NotFound: the viewer may not train, or there is no such sweep.
    """
    with database.read() as connection:
        sweeps, runs = fetch_sweeps(connection, scope), fetch_training_runs(connection, scope)
    found = sweeps[sweeps["sweep_id"] == sweep_id]
    if found.empty:
        raise NotFound(f"There is no sweep {sweep_id}.")
    row = {str(name): value for name, value in found.iloc[0].items()}
    members = runs[runs["sweep_id"] == sweep_id].sort_values("run_id", ignore_index=True)
    minutes = float(members["seconds"].dropna().astype(float).sum()) / 60
    return SweepState(row, members, minutes, _over(row, members, minutes))


def end_sweep(database: Database, scope: Scope, sweep_id: str, reason: str = "") -> None:
    """Ends a sweep: it asks for no further training; one that is under way goes on unless it is cancelled.

    Raises:
        NotFound: the viewer may not train, or there is no such sweep.
    """
    state = describe_sweep(database, scope, sweep_id)
    if state.over:
        return
    with database.write() as connection:
        append_sweep_end(connection, sweep_id, reason or f"ended by {scope.viewer}", scope.viewer)
        append_audit(connection, scope.viewer, "sweep_end", "sweep", sweep_id, {"reason": reason})


def read_space(row: dict[str, Any]) -> SweepSpace:
    """The space of a stored sweep."""
    minutes = row["max_minutes"]
    limit = None if minutes is None else float(minutes)
    return space_from_dict(row["space"]["axes"], row["sampler"], int(row["max_runs"]), limit)


def tried_so_far(members: pd.DataFrame) -> list[tuple[dict[str, Any], float | None]]:
    """Settings and best macro-F1 of each member that ended; None where it came to nothing."""
    return [
        (row["settings"], _best_score(row)) for row in members[members["state"].notna()].to_dict("records")
    ]


def _best_score(row: dict[Any, Any]) -> float | None:
    history = row["history"] if row["state"] == "done" else None
    return max(float(event["macro_f1"]) for event in history) if history else None


def _over(row: dict[str, Any], members: pd.DataFrame, minutes: float) -> str:
    if row["end_reason"]:
        return str(row["end_reason"])
    space = read_space(row)
    most = space.max_runs if space.sampler == "tpe" else min(space.max_runs, space.cells or 0)
    if members["state"].isna().any():
        return ""
    if len(members) >= most:
        return f"all {most} runs are done"
    if space.max_minutes is not None and minutes >= space.max_minutes:
        return f"its budget of {space.max_minutes:g} minutes is spent"
    return ""


def _lowest_and_highest(space: SweepSpace) -> list[dict[str, Any]]:
    """The two corners whose settings are all lowest and all highest, as a training takes them."""
    corners: list[dict[str, Any]] = []
    for place in (0, -1):
        corner = {name: axis.ends()[place] for name, axis in space.axes.items()}
        whole = {"batch_size", "epochs", "lora_rank"}
        corners.append({name: int(value) if name in whole else value for name, value in corner.items()})
    return corners
