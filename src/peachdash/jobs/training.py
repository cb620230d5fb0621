"""A training as a run folder: made from what is on record, worked on by the trainer, its outcome stored.

    <home>/trainings/<id>/request.json            what is trained, from what, on which data set
    <home>/trainings/<id>/input.parquet           its train and validation reviews
    <home>/trainings/<id>/events.jsonl            started, stage, step, epoch: the curves
    <home>/trainings/<id>/checkpoint.safetensors  from which it goes on
    <home>/trainings/<id>/cancel                  is there when somebody asks it to stop
    <home>/trainings/<id>/result.json             what came of it

The folder is made by whoever runs trainings (the supervisor of `serve`, or the command), from the row in the
database; so a kill between the two loses nothing.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from peachdash.config import Settings
from peachdash.errors import BadInput, ModelRefused, NotFound, PeachdashError
from peachdash.jobs.runs import UNFINISHED, RunFolder, create_run, list_runs, read_json, write_json
from peachdash.queries.data_sets import fetch_training_runs
from peachdash.records import Scope
from peachdash.sentiment.registry import load_reference
from peachdash.storage.database import Database
from peachdash.workflows.trainings import TrainingPlan, plan_again, store_outcome

KIND, TRIAL = "train", "trial"
LOCK_FILE, HOLDER_FILE = "trainer.lock", "trainer.json"
CHECKPOINT, CANCEL, RESULT, MODEL = "checkpoint.safetensors", "cancel", "result.json", "model"


def training_runs(settings: Settings) -> list[RunFolder]:
    """The run folders of all trainings, oldest first."""
    return [run for run in list_runs(settings.trainings) if run.request.get("kind") == KIND]


def trial_runs(settings: Settings) -> list[RunFolder]:
    """Trials of speed that wait or run."""
    runs = [run for run in list_runs(settings.trainings) if run.request.get("kind") == TRIAL]
    return [run for run in runs if run.state in UNFINISHED]


def ask_trial(settings: Settings, plan: TrainingPlan) -> RunFolder:
    """Has the trainer measure how fast this machine trains, unless it is about to."""
    waiting = trial_runs(settings)
    if waiting:
        return waiting[0]
    request = {**_encoder_values(plan), "settings": plan.settings.to_dict()}
    table = pa.Table.from_pandas(plan.rows[["text", "label", "split"]], preserve_index=False)
    return create_run(settings.trainings, TRIAL, request, table)


def failed_trial(settings: Settings, plan: TrainingPlan) -> str:
    """Why the last trial of speed with the encoder of a plan came to nothing; '' where none did."""
    runs = [run for run in list_runs(settings.trainings) if run.request.get("kind") == TRIAL]
    same = [run for run in runs if run.request["encoder"] == [plan.encoder.name, plan.encoder.sha256]]
    return same[-1].error if same and same[-1].state == "failed" else ""


def open_run(settings: Settings, run_id: str) -> RunFolder | None:
    """The folder of a training; None where there is none (yet)."""
    path = settings.trainings / run_id
    return RunFolder(path) if (path / "request.json").is_file() else None


def hand_out(database: Database, scope: Scope, settings: Settings) -> list[RunFolder]:
    """Makes the folder of each training on record that has neither folder nor outcome."""
    with database.read() as connection:
        runs = fetch_training_runs(connection, scope)
    waiting = runs[runs["state"].isna()].sort_values("run_id")
    made = []
    for row in waiting.to_dict("records"):
        if open_run(settings, row["run_id"]) is not None:
            continue
        try:
            plan = plan_again(database, scope, settings, row["run_id"])
        except PeachdashError as error:
            store_outcome(database, scope, row["run_id"], 0, failed_outcome("failed", str(error)))
        else:
            made.append(make_folder(settings, row["run_id"], plan))
    return made


def make_folder(settings: Settings, run_id: str, plan: TrainingPlan) -> RunFolder:
    """The queued run folder of a training."""
    request = {
        **_encoder_values(plan),
        "start": plan.start.lookup if plan.start else None,
        "settings": plan.settings.to_dict(),
        "data_set": plan.data_set["number"],
        "reviews": len(plan.rows),
    }
    columns = ["text", "label", "slices", "split"]
    table = pa.Table.from_pandas(plan.rows[columns], preserve_index=False)
    return create_run(settings.trainings, KIND, request, table, run_id=run_id)


def _encoder_values(plan: TrainingPlan) -> dict[str, Any]:
    """What the trainer needs to find the encoder, and to fetch one of the hub."""
    hub = plan.hub.to_dict() if plan.hub is not None else None
    return {"size": plan.size, "hub": hub, "encoder": [plan.encoder.name, plan.encoder.sha256]}


def take_finished(database: Database, scope: Scope, settings: Settings) -> list[RunFolder]:
    """Stores the outcome of every training that ended; repeating it does no harm."""
    taken = []
    for run in training_runs(settings):
        if run.state == "done":
            take_outcome(database, scope, settings, run)
            taken.append(run)
    return taken


def take_outcome(database: Database, scope: Scope, settings: Settings, run: RunFolder) -> dict[str, Any]:
    """Stores what came of one training; what a resume needs stays unless there is nothing to resume."""
    result = read_json(run.path / RESULT)
    if "state" not in result:
        result = failed_outcome("failed", "It left no result that can be read.")
    model = None
    if result["revision"]:
        try:
            model = load_reference(settings.trained / str(result["revision"]))
        except ModelRefused as error:
            result = {**result, "state": "failed", "revision": None, "message": str(error)}
    store_outcome(database, scope, run.run_id, attempts(run), result, model)
    run.set_state("stored", str(result.get("message", "")))
    if result["state"] == "done":
        run.discard_payload()
        (run.path / CHECKPOINT).unlink(missing_ok=True)
        shutil.rmtree(run.path / MODEL, ignore_errors=True)
    return result


def attempts(run: RunFolder) -> int:
    """How often a run was begun or queued again: a number that each outcome of it has for its own."""
    return sum(event.get("event") in ("started", "resumed") for event in run.events())


def failed_outcome(state: str, message: str, **more: Any) -> dict[str, Any]:
    """An outcome without a model, as `store_outcome` takes it."""
    blank: dict[str, Any] = {"revision": None, "history": [], "figures": {}, "seconds": 0.0}
    return {**blank, **more, "state": state, "message": message}


def cancel(database: Database, scope: Scope, settings: Settings, run_id: str) -> None:
    """Asks a training to stop; one that waits stops at once, one that runs after its next steps.

    Raises:
        NotFound: the viewer may not train, or it neither waits nor runs.
    """
    _require_known(database, scope, run_id)
    run = open_run(settings, run_id)
    if run is not None and run.state in UNFINISHED:
        (run.path / CANCEL).write_text(scope.viewer, encoding="utf-8")
        if running_id(settings) != run_id:
            end(run, "cancelled", f"Cancelled by {scope.viewer} before it began.")
    elif run is None:
        outcome = failed_outcome("cancelled", f"Cancelled by {scope.viewer} before it began.")
        store_outcome(database, scope, run_id, 0, outcome)
    else:
        raise NotFound("This training has ended already.")


def resume(database: Database, scope: Scope, settings: Settings, run_id: str) -> None:
    """Queues a cancelled or failed training again; it goes on from its checkpoint.

    Raises:
        NotFound: the viewer may not train, or there is no such training.
        BadInput: it waits, runs, is done, or nothing of it is left.
    """
    _require_known(database, scope, run_id)
    run = open_run(settings, run_id)
    if run is None or not (run.path / "input.parquet").is_file():
        raise BadInput("Nothing is left of this training to go on from: ask for a new one.")
    if run.state in (*UNFINISHED, "done"):
        raise BadInput("This training waits or runs already.")
    (run.path / CANCEL).unlink(missing_ok=True)
    (run.path / RESULT).unlink(missing_ok=True)
    run.append_event(event="resumed", by=scope.viewer)
    run.set_state("queued")


def end(run: RunFolder, state: str, message: str, **more: Any) -> None:
    """Writes what came of a run without a model, for whoever stores it."""
    history = epoch_events(run.events())
    seconds = float(history[-1]["seconds"]) if history else 0.0
    outcome = failed_outcome(state, message, **{"history": history, "seconds": seconds, **more})
    write_json(run.path / RESULT, outcome)
    run.set_state("done", message)


def epoch_events(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One event an epoch; of one that was done twice, since its process died in between, the last."""
    by_epoch = {event["epoch"]: event for event in events if event.get("event") == "epoch"}
    hidden = ("event", "at_seconds")
    return [
        {name: value for name, value in by_epoch[number].items() if name not in hidden}
        for number in sorted(by_epoch)
    ]


@contextmanager
def trainer_lock(settings: Settings) -> Iterator[bool]:
    """Hold the lock that lets one process train for a home; whether it could be had.

    The system releases it with the process, however that ends, so it tells for certain what runs.
    """
    settings.trainings.mkdir(parents=True, exist_ok=True)
    with (settings.trainings / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            (settings.trainings / HOLDER_FILE).unlink(missing_ok=True)


def running_id(settings: Settings) -> str | None:
    """The id of the training that a living process works on; None where there is none.

    What the files say is believed only while a process holds the lock.
    """
    path = settings.trainings / LOCK_FILE
    if not path.is_file():
        return None
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found = read_json(settings.trainings / HOLDER_FILE).get("run_id")
            return str(found) if found else None
    return None


def _require_known(database: Database, scope: Scope, run_id: str) -> None:
    with database.read() as connection:
        if run_id not in set(fetch_training_runs(connection, scope)["run_id"]):
            raise NotFound("There is no such training.")
