"""Data set versions with their reviews, and the trainings on them. All of it is for analysts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.queries.readings import fetch_frame, within
from peachdash.records import Scope
from peachdash.storage import schema_training as t


def fetch_data_sets(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Every data set version, the newest first.

    Columns: those of the table: data_set_id, number, note, content_sha256, summary (dict), made_by, made_utc.

    Raises:
        NotFound: the viewer may not train.
    """
    _require_analyst(scope)
    return fetch_frame(connection, sa.select(t.data_sets).order_by(t.data_sets.c.number.desc()))


def fetch_data_set(connection: sa.Connection, scope: Scope, number: int | None = None) -> dict[str, Any]:
    """One data set version by its number, or the newest; a row of the table.

    Raises:
        NotFound: the viewer may not train, or there is no such version.
    """
    frame = fetch_data_sets(connection, scope)
    found = frame if number is None else frame[frame["number"] == number]
    if found.empty:
        wanted = "no data set" if number is None else f"no data set {number}"
        raise NotFound(
            f"There is {wanted}: freeze one on the page Data sets or by `peachdash dataset freeze`."
        )
    row: dict[str, Any] = found.iloc[0].to_dict()
    return {**row, "number": int(row["number"])}


def fetch_data_set_reviews(
    connection: sa.Connection, scope: Scope, data_set_id: str, split: str | None = None
) -> pd.DataFrame:
    """The reviews of a data set version, by split and key; of one split where it is named.

    Columns: those of the table: data_set_id, review_key, review_id, business_id, source, text_sha256, text
    (the scored text as it was), split, label, slices (list of str), label_origin.

    Raises:
        NotFound: the viewer may not train.
    """
    _require_analyst(scope)
    table = t.data_set_reviews
    conditions = [table.c.data_set_id == data_set_id, within(scope, table.c.business_id)]
    if split is not None:
        conditions.append(table.c.split == split)
    statement = sa.select(table).where(*conditions).order_by(table.c.split, table.c.review_key)
    return fetch_frame(connection, statement)


def fetch_training_runs(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Every training that was asked for, with its latest outcome, the newest first.

    Columns: those of `training_runs` (run_id, sweep_id, data_set_id, size, start_revision, settings (dict),
    code_version, note, requested_by, requested_utc), data_set_number, and of the outcome state, revision,
    history (list of dicts), figures (dict), seconds, message, finished_utc; these are None while a training
    waits or runs.

    Raises:
        NotFound: the viewer may not train.
    """
    _require_analyst(scope)
    outcome, runs = latest_training_outcomes(), t.training_runs
    names = ("state", "revision", "history", "figures", "seconds", "message", "finished_utc")
    statement = (
        sa.select(runs, t.data_sets.c.number.label("data_set_number"), *[outcome.c[name] for name in names])
        .outerjoin(t.data_sets, t.data_sets.c.data_set_id == runs.c.data_set_id)
        .outerjoin(outcome, outcome.c.run_id == runs.c.run_id)
        .order_by(runs.c.requested_utc.desc(), runs.c.run_id.desc())
    )
    frame = fetch_frame(connection, statement)
    blank = ("sweep_id", "start_revision", *names)
    return frame.assign(**{name: _with_none(frame[name]) for name in blank})


def fetch_training_run(connection: sa.Connection, scope: Scope, run_id: str) -> dict[str, Any]:
    """One training with its latest outcome, as `fetch_training_runs` has it.

    Raises:
        NotFound: the viewer may not train, or there is no such training.
    """
    frame = fetch_training_runs(connection, scope)
    found = frame[frame["run_id"] == run_id]
    if found.empty:
        raise NotFound(f"There is no training {run_id}.")
    return {str(name): value for name, value in found.iloc[0].items()}


def fetch_sweeps(connection: sa.Connection, scope: Scope) -> pd.DataFrame:
    """Every sweep, the newest first.

    Columns: those of the table: sweep_id, data_set_id, space (dict), sampler, max_runs, max_minutes,
    requested_by, requested_utc; and end_reason (why it ended before its budget was spent, or None).

    Raises:
        NotFound: the viewer may not train.
    """
    _require_analyst(scope)
    ends = (
        sa.select(t.sweep_ends.c.sweep_id, sa.func.max(t.sweep_ends.c.reason).label("end_reason"))
        .group_by(t.sweep_ends.c.sweep_id)
        .subquery("ends")
    )
    statement = (
        sa.select(t.sweeps, ends.c.end_reason)
        .outerjoin(ends, ends.c.sweep_id == t.sweeps.c.sweep_id)
        .order_by(t.sweeps.c.requested_utc.desc())
    )
    frame = fetch_frame(connection, statement)
    return frame.assign(
        end_reason=_with_none(frame["end_reason"]), max_minutes=_with_none(frame["max_minutes"])
    )


def latest_training_outcomes() -> sa.Subquery:
    """The latest outcome of each training, one row each with the columns of `training_outcomes`."""
    table = t.training_outcomes
    rank = sa.func.row_number().over(
        partition_by=table.c.run_id, order_by=[table.c.finished_utc.desc(), table.c.outcome_id.desc()]
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1).subquery("latest_training_outcome")


def _with_none(column: pd.Series) -> pd.Series:
    """A column of objects in which what is missing is None."""
    return column.astype(object).where(column.notna(), None)


def _require_analyst(scope: Scope) -> None:
    if not scope.may_label:
        raise NotFound("Data sets and trainings are for analysts.")
