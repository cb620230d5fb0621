"""Writing data set versions, trainings, their outcomes and sweeps. Every call appends."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema_training as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import new_id


def load_data_set_number(connection: sa.Connection, content_sha256: str) -> int | None:
    """The number of the version with this very content; None where there is none."""
    statement = sa.select(t.data_sets.c.number).where(t.data_sets.c.content_sha256 == content_sha256).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def append_data_set(
    connection: sa.Connection,
    rows: pd.DataFrame,
    content_sha256: str,
    summary: dict[str, Any],
    note: str,
    who: str,
) -> tuple[str, int]:
    """Append a version with its reviews under the next number; its id and number."""
    data_set_id = new_id()
    last = connection.execute(sa.select(sa.func.max(t.data_sets.c.number))).scalar_one_or_none()
    number = (last or 0) + 1
    values = {
        "data_set_id": data_set_id,
        "number": number,
        "note": note,
        "content_sha256": content_sha256,
        "summary": _plain(summary),
        "made_by": who,
        "made_utc": dt.datetime.now(dt.UTC),
    }
    connection.execute(sa.insert(t.data_sets).values(values))
    append_frame(connection, t.data_set_reviews, rows.assign(data_set_id=data_set_id))
    return data_set_id, number


def append_training_run(connection: sa.Connection, values: dict[str, Any]) -> None:
    """Append a training that was asked for; `values` has every column of `training_runs` but the time."""
    connection.execute(
        sa.insert(t.training_runs).values(
            **{**values, "settings": _plain(values["settings"])}, requested_utc=dt.datetime.now(dt.UTC)
        )
    )


def append_training_outcome(
    connection: sa.Connection, run_id: str, attempt: int, outcome: dict[str, Any]
) -> bool:
    """Append what came of a training: state, revision, history, figures, seconds and message.

    Args:
        attempt: how often it was begun; the outcome of an attempt is stored once.

    Returns:
        Whether it was new.
    """
    outcome_id = f"{run_id}-{attempt}"
    known = sa.select(t.training_outcomes.c.outcome_id).where(t.training_outcomes.c.outcome_id == outcome_id)
    if connection.execute(known).first() is not None:
        return False
    connection.execute(
        sa.insert(t.training_outcomes).values(
            outcome_id=outcome_id,
            run_id=run_id,
            finished_utc=dt.datetime.now(dt.UTC),
            **{**outcome, "history": _plain(outcome["history"]), "figures": _plain(outcome["figures"])},
        )
    )
    return True


def append_sweep(connection: sa.Connection, values: dict[str, Any]) -> None:
    """Append a sweep that was asked for; `values` has every column of `sweeps` but the time."""
    connection.execute(
        sa.insert(t.sweeps).values(
            **{**values, "space": _plain(values["space"])}, requested_utc=dt.datetime.now(dt.UTC)
        )
    )


def append_sweep_end(connection: sa.Connection, sweep_id: str, reason: str, who: str) -> None:
    """Append that a sweep asks for no further training."""
    connection.execute(
        sa.insert(t.sweep_ends).values(
            sweep_id=sweep_id, reason=reason, ended_by=who, ended_utc=dt.datetime.now(dt.UTC)
        )
    )


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
