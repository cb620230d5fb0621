"""Labels out to files and in from them, for pages, the command and a running `serve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from peachdash.errors import BadInput, NotFound
from peachdash.labelling.exchange import long_frame
from peachdash.queries.label_exports import (
    fetch_label_items,
    fetch_label_readings,
    fetch_label_rows,
    fetch_shipped_rows,
)
from peachdash.queries.labelling import fetch_tasks
from peachdash.records import ActiveModels, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.workflows.label_import import import_labels

_NO_READINGS = pd.DataFrame(columns=["review_id", "model_version", "label", "score"])


@dataclass(frozen=True)
class ExportedLabels:
    """What is exported; see `labelling.label_studio.to_tasks`."""

    items: pd.DataFrame
    rows: pd.DataFrame
    readings: pd.DataFrame


def export_labels(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    *,
    task_id: str | None = None,
    shipped: bool = False,
    readings: bool = False,
) -> ExportedLabels:
    """Labels, adjudications and the reviews that they are of; the export is put on record.

    Labels of reviews that one annotator has still to label are left out, and so are readings of them.

    Args:
        database: the open database.
        scope: who exports.
        models: whose champion's readings are given.
        task_id: one task; None means all, and second looks at settled labels too.
        shipped: add what the annotators of the shipped corpus said.
        readings: add the champion's readings.

    Raises:
        NotFound: the viewer may not label, or there is no such task.
    """
    with database.write() as connection:
        if task_id is not None and task_id not in set(fetch_tasks(connection, scope)["task_id"]):
            raise NotFound("There is no such labelling task for you.")
        items, rows = (
            fetch_label_items(connection, scope, task_id),
            fetch_label_rows(connection, scope, task_id),
        )
        read = fetch_label_readings(connection, scope, models.champion, task_id) if readings else _NO_READINGS
        if shipped:
            rows = pd.concat([rows, fetch_shipped_rows(connection, scope)], ignore_index=True)
        missing = rows[~rows["review_id"].isin(items["review_id"])].drop_duplicates("review_id")
        items = pd.concat([items, missing[["review_id", "task", "title", "text"]]], ignore_index=True)
        append_audit(connection, scope.viewer, "export", "file", "labels", {"rows": len(rows)})
    return ExportedLabels(items, rows, read)


def find_task(database: Database, scope: Scope, name: str) -> str:
    """The id of a task by its id or name, in any case; the newest of several.

    Raises:
        NotFound: there is none; the message names those that are there.
    """
    with database.read() as connection:
        tasks = fetch_tasks(connection, scope)
    wanted = name.strip().casefold()
    match = tasks[(tasks["task_id"] == name) | (tasks["name"].str.casefold() == wanted)]
    if match.empty:
        known = ", ".join(sorted(set(tasks["name"]))) or "none"
        raise NotFound(f"There is no labelling task {name!r}. Known: {known}.")
    return str(match["task_id"].iloc[0])


def perform_label_request(
    database: Database,
    scope: Scope,
    models: ActiveModels,
    action: str,
    arguments: Mapping[str, Any],
    data: bytes = b"",
) -> dict[str, Any]:
    """Do what `peachdash labels` asks for, in plain values, for the command itself and for `serve`.

    Args:
        action: export or import.
        arguments: of export: task (name or id), shipped, readings; of import: file_name, name.
        data: of import: the file.

    Returns:
        Of export: items, rows and readings as lists of objects (see `from_plain`); of import the result of
        `import_labels`.

    Raises:
        NotFound: there is no such task, or the viewer may not label.
        BadInput: the file cannot be used, or the action is neither of the two.
    """
    if action == "import":
        name = str(arguments.get("file_name") or "labels")
        return import_labels(database, scope, data, name, str(arguments.get("name") or ""))
    if action != "export":
        raise BadInput(f"Unknown request {action!r}; is `serve` of the same version?")
    wanted = arguments.get("task")
    found = export_labels(
        database, scope, models,
        task_id=None if wanted is None else find_task(database, scope, str(wanted)),
        shipped=bool(arguments.get("shipped")),
        readings=bool(arguments.get("readings")),
    )  # fmt: skip
    return to_plain(found)


def to_plain(found: ExportedLabels) -> dict[str, Any]:
    """An export as lists of objects that JSON can hold."""
    moments = [None if pd.isna(stamp) else stamp.isoformat() for stamp in found.rows["at_utc"]]
    rows = found.rows.assign(at_utc=moments).astype(object)
    return {
        "items": found.items.to_dict("records"),
        "rows": rows.where(rows.notna(), None).to_dict("records"),
        "readings": found.readings.to_dict("records"),
    }


def from_plain(answer: Mapping[str, Any]) -> ExportedLabels:
    """What `to_plain` was made of."""
    return ExportedLabels(
        pd.DataFrame(answer["items"], columns=["review_id", "task", "title", "text"]),
        long_frame(answer["rows"]),
        pd.DataFrame(answer["readings"], columns=_NO_READINGS.columns),
    )
