"""Sweeps: after each training the next one is asked for, until the budget is spent."""

from __future__ import annotations

from peachdash.config import Settings
from peachdash.errors import PeachdashError
from peachdash.queries.data_sets import fetch_sweeps
from peachdash.records import Scope
from peachdash.storage.database import Database
from peachdash.workflows.sweeps import advance_sweep, describe_sweep, end_sweep


def advance(database: Database, scope: Scope, settings: Settings) -> list[str]:
    """Asks for the next training of the oldest sweep that is not over; ids of the trainings.

    Everything is read from what is on record, so a sweep goes on after a restart as if there had been none.
    """
    with database.read() as connection:
        sweeps = fetch_sweeps(connection, scope)
    for sweep_id in sorted(sweeps["sweep_id"]):
        if describe_sweep(database, scope, sweep_id).over:
            continue
        try:
            run_id = advance_sweep(database, scope, settings, sweep_id)
        except PeachdashError as error:
            end_sweep(database, scope, sweep_id, str(error))
            continue
        return [run_id] if run_id else []
    return []
