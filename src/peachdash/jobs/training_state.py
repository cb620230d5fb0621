"""How a training stands: from its row, its folder, and whether a process really works on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from peachdash.config import Settings
from peachdash.jobs.runs import UNFINISHED, RunFolder
from peachdash.jobs.training import epoch_events, open_run, running_id
from peachdash.sentiment.loss_guard import describe_course

WAITING, RUNNING, INTERRUPTED = "waiting", "running", "interrupted"
ACTIVE = (WAITING, RUNNING, INTERRUPTED)


@dataclass(frozen=True)
class TrainingState:
    """A training as people see it.

    Attributes:
        state: waiting, running (a living process works on it), interrupted (it goes on by itself), done,
            failed, cancelled or diverged.
        stage: what a running one does before its first step, in words.
        step, steps: how far it is; 0 where nothing is known.
        seconds: of work so far, or in all.
        seconds_left: at its own speed; None where it cannot be told.
        history: one event an epoch.
        curve: (step, training loss) as it was told, a point every two seconds at most.
        words: how it goes, or why it ended.
        resumable: whether it ended, but can go on from its checkpoint.
    """

    run_id: str
    sweep_id: str | None
    data_set: int
    size: str
    start_revision: str | None
    settings: dict[str, Any]
    code_version: str
    note: str
    requested_by: str
    state: str
    stage: str = ""
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    revision: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    words: str = ""
    resumable: bool = False

    @property
    def is_active(self) -> bool:
        """Whether it waits, runs or will go on."""
        return self.state in ACTIVE

    @property
    def best_macro_f1(self) -> float | None:
        """The best macro-F1 on validation so far; None before the first epoch."""
        return max((float(event["macro_f1"]) for event in self.history), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "best_macro_f1": self.best_macro_f1}


def describe_training(settings: Settings, row: dict[Any, Any]) -> TrainingState:
    """How a training stands.

    Args:
        row: of `queries.data_sets.fetch_training_runs`.
    """
    run = open_run(settings, str(row["run_id"]))
    told = {
        "run_id": str(row["run_id"]),
        "sweep_id": row["sweep_id"],
        "data_set": int(row["data_set_number"]),
        "size": str(row["size"]),
        "start_revision": row["start_revision"],
        "settings": dict(row["settings"]),
        "code_version": str(row["code_version"]),
        "note": str(row["note"]),
        "requested_by": str(row["requested_by"]),
    }
    if run is not None and run.state in (*UNFINISHED, "done"):
        return _under_way(settings, run, told)
    if row["state"] is None:
        return TrainingState(**told, state=WAITING)
    return _ended(run, row, told)


def _under_way(settings: Settings, run: RunFolder, told: dict[str, Any]) -> TrainingState:
    alive = running_id(settings) == run.run_id
    state = RUNNING if alive or run.state == "done" else INTERRUPTED if run.state == "running" else WAITING
    events = run.events()
    history = epoch_events(events)
    steps = [event for event in events if event["event"] in ("step", "epoch")]
    last = steps[-1] if steps else {}
    stages = [event["words"] for event in events if event["event"] == "stage"]
    begun = bool(steps) and events[-1]["event"] in ("step", "epoch")
    done, seconds = int(last.get("step", 0)), float(last.get("seconds", 0.0))
    left = seconds / done * (int(last["steps"]) - done) if done and state == RUNNING else None
    return TrainingState(
        **told,
        state=state,
        stage="" if begun or not stages or state != RUNNING else str(stages[-1]),
        step=done,
        steps=int(last.get("steps", 0)),
        seconds=seconds,
        seconds_left=left,
        history=history,
        curve=_curve(events),
        words=describe_course(history),
    )


def _ended(run: RunFolder | None, row: dict[Any, Any], told: dict[str, Any]) -> TrainingState:
    history, state = list(row["history"]), str(row["state"])
    resumable = state != "done" and run is not None and (run.path / "input.parquet").is_file()
    return TrainingState(
        **told,
        state=state,
        step=int(history[-1]["step"]) if history else 0,
        steps=int(history[-1]["steps"]) if history else 0,
        seconds=float(row["seconds"]),
        revision=row["revision"],
        figures=dict(row["figures"]),
        history=history,
        curve=_curve(run.events()) if run is not None else [],
        words=str(row["message"]) or describe_course(history),
        resumable=resumable,
    )


def _curve(events: list[dict[str, Any]]) -> list[tuple[int, float]]:
    found = {event["step"]: event["training_loss"] for event in events if event["event"] == "step"}
    return [(int(step), float(found[step])) for step in sorted(found)]
