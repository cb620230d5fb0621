"""The training process of `serve`: it takes one training after the other, at the lowest priority.

`python -m peachdash.jobs.trainer` is started by the supervisor and ends when no training waits, or with its
parent. A training whose process was killed goes on from its checkpoint.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from peachdash.config import Settings, load_settings
from peachdash.errors import PeachdashError, TrainingCancelled, TrainingDiverged
from peachdash.jobs.runs import ADOPTED, RunFolder, write_json
from peachdash.jobs.training import (
    CANCEL,
    CHECKPOINT,
    HOLDER_FILE,
    MODEL,
    RESULT,
    TRIAL,
    end,
    trainer_lock,
    training_runs,
    trial_runs,
)
from peachdash.jobs.training_speed import measure_training_speed, remember_training
from peachdash.logs import configure_logging
from peachdash.sentiment.active import find_model
from peachdash.sentiment.encoders import ENCODERS, HUB_SIZE, EncoderSpec, hub_encoder_spec
from peachdash.sentiment.hub_encoder_install import install_hub_encoder
from peachdash.sentiment.hub_encoders import HubEncoder
from peachdash.sentiment.training_settings import TrainingSettings

if TYPE_CHECKING:
    from peachdash.sentiment.builder import BuildData

log = logging.getLogger(__name__)
NICE = 15
STARTS_IN_VAIN = 3
Check = Callable[[], None]
Tell = Callable[[dict[str, Any]], None]


def main() -> int:
    """Train until nothing waits or the parent process is gone."""
    settings = load_settings()
    configure_logging(settings, "trainer")
    os.nice(NICE)
    parent = os.getppid()

    def check() -> None:
        if os.getppid() != parent:
            raise SystemExit

    with trainer_lock(settings) as ours:
        while ours and os.getppid() == parent and (run := next_training(settings)) is not None:
            take = take_trial if run.request["kind"] == TRIAL else take_training
            take(run, settings, check)
    return 0


def next_training(settings: Settings) -> RunFolder | None:
    """A trial of speed, else the training that was interrupted, else the one that waits longest."""
    trials = trial_runs(settings)
    if trials:
        return trials[0]
    runs = training_runs(settings)
    interrupted = [run for run in runs if run.state == "running"]
    return next(iter([*interrupted, *(run for run in runs if run.state == "queued")]), None)


def take_training(
    run: RunFolder, settings: Settings, check: Check = lambda: None, tell: Tell = lambda event: None
) -> None:
    """Execute one training and leave its result; the caller holds the trainer's lock.

    Args:
        check: called every few steps; what it raises ends the process, and the training goes on later.
        tell: gets every event as it is written.
    """
    if starts_in_vain(run) >= STARTS_IN_VAIN:
        end(run, "failed", f"Its process died {STARTS_IN_VAIN} times without getting any further.")
        return
    write_json(settings.trainings / HOLDER_FILE, {"run_id": run.run_id, "pid": os.getpid()})
    run.set_state("running")
    note = _Notes(run, tell)
    note(event="started", pid=os.getpid())
    try:
        _execute(run, settings, check, note)
    except TrainingCancelled as error:
        end(run, "cancelled", str(error))
    except TrainingDiverged as error:
        end(run, "diverged", str(error))
    except PeachdashError as error:
        end(run, "failed", str(error))
        log.warning("training %s failed: %s", run.run_id, error)
    except Exception as error:
        end(run, "failed", f"{type(error).__name__}; see the log")
        log.exception("training %s failed", run.run_id)


def take_trial(run: RunFolder, settings: Settings, check: Check = lambda: None) -> None:
    """Measure the speed that a trial asks for; it leaves nothing but that."""
    run.set_state("running")
    try:
        chosen = TrainingSettings.from_dict(run.request["settings"])
        encoder = ready_encoder(run, settings)
        measure_training_speed(settings, encoder, run.input.to_pandas(), chosen)
    except Exception as error:
        log.exception("the trial of speed %s failed", run.run_id)
        run.set_state("failed", str(error) if isinstance(error, PeachdashError) else type(error).__name__)
    else:
        shutil.rmtree(run.path, ignore_errors=True)


def starts_in_vain(run: RunFolder) -> int:
    """How often a process began the run since it last got any further."""
    count = 0
    for event in run.events():
        kind = event.get("event")
        if kind == "started":
            count += 1
        elif kind in ("step", "epoch", "resumed", ADOPTED):
            count = 0
    return count


class _Notes:
    """Writes the events of a run, and tells them to whoever looks on."""

    def __init__(self, run: RunFolder, tell: Tell) -> None:
        self.run, self.tell = run, tell

    def __call__(self, **event: Any) -> None:
        self.run.append_event(**event)
        self.tell(event)

    def stage(self, words: str) -> None:
        self(event="stage", words=words)
        require_wanted(self.run)


def _execute(run: RunFolder, settings: Settings, check: Check, note: _Notes) -> None:
    from peachdash.sentiment.adapter import short_revision
    from peachdash.sentiment.builder import build_model
    from peachdash.sentiment.training_loop import Watch

    def look(event: dict[str, Any]) -> None:
        note(event="step", **_rounded(event))
        require_wanted(run)
        check()

    request = run.request
    encoder = ready_encoder(run, settings, note.stage)
    data = gather(run, settings, note.stage)
    note.stage("training")
    manifest, trained = build_model(
        "champion",
        encoder.size,
        data,
        TrainingSettings.from_dict(request["settings"]),
        run.path / MODEL,
        encoders_dir=settings.encoders,
        encoder=encoder,
        device=settings.device,
        command=f"peachdash train --resume {run.run_id}",
        watch=Watch(
            on_event=lambda event: note(event="epoch", **_rounded(event)),
            on_step=look,
            checkpoint=run.path / CHECKPOINT,
        ),
        replace=True,
    )
    revision = short_revision(manifest)
    _move_model(run.path / MODEL, settings.trained / revision)
    remember_training(settings, encoder, trained, run.run_id)
    result = {
        "state": "done",
        "revision": revision,
        "history": [_rounded(event) for event in trained.history],
        "figures": {
            **manifest.figures,
            "best_epoch": trained.best_epoch,
            "tokens": trained.tokens,
            "precision": trained.precision,
        },
        "seconds": trained.seconds,
        "message": "",
    }
    write_json(run.path / RESULT, result)
    run.set_state("done")


def ready_encoder(
    run: RunFolder, settings: Settings, stage: Callable[[str], None] = lambda words: None
) -> EncoderSpec:
    """The encoder of a run; one of the hub is fetched where it is not here yet.

    Raises:
        ModelUnavailable: it cannot be fetched, or is not what it should be.
        ModelRefused: its files do not fit each other.
    """
    request = run.request
    if request["size"] != HUB_SIZE:
        return ENCODERS[str(request["size"])]
    if request["hub"] is None:
        return hub_encoder_spec(*request["encoder"])
    hub = HubEncoder(**request["hub"])

    def tell(done: int, total: int) -> None:
        stage(f"fetching the encoder, {done / 1e6:,.0f} of {total / 1e6:,.0f} MB")

    stage("looking for the encoder")
    return install_hub_encoder(hub, settings.encoders, tell).spec


def gather(
    run: RunFolder, settings: Settings, stage: Callable[[str], None] = lambda words: None
) -> BuildData:
    """What a run trains on: its reviews, and general text as its start model reads it."""
    from peachdash.sentiment.builder import BuildData

    rows = run.input.to_pandas()
    rows["slices"] = [list(names) for names in rows["slices"]]
    train, validation = (
        rows[rows["split"] == split].drop(columns="split").reset_index(drop=True)
        for split in ("train", "validation")
    )
    name = run.request["start"]
    start = find_model(str(name), settings) if name else None
    number = run.request["data_set"]
    names = {"training": f"data set {number}, train", "validation": f"data set {number}, validation"}
    if not run.request["settings"]["replay_share"]:
        return BuildData(train, validation, start=start, names=names)
    replay, general = _general_text(settings, start, stage)
    names["replay"] = "general text, " + ("as its start model reads it" if start else "by its labels")
    return BuildData(train, validation, replay, None, start, general, names)


def _general_text(
    settings: Settings, start: Any, stage: Callable[[str], None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from peachdash.sentiment.general_text import download_general_text
    from peachdash.sentiment.replay import has_general_text, load_split_general_text, read_replay

    if not has_general_text(settings.general_text):
        stage("fetching general text")
        download_general_text(settings.general_text)
    stage("reading general text")
    replayed, general = load_split_general_text(settings.general_text)
    cache = settings.home / "cache"
    return read_replay(replayed, start, cache, settings.encoders, settings.device), general


def require_wanted(run: RunFolder) -> None:
    """Raises TrainingCancelled where somebody asked the run to stop."""
    try:
        who = (run.path / CANCEL).read_text(encoding="utf-8")
    except OSError:
        return
    raise TrainingCancelled(f"Cancelled by {who or 'somebody'}; it can be resumed from its checkpoint.")


def _move_model(built: Path, place: Path) -> None:
    """Puts a model folder in its place; one that is there has the same content."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.rmtree(built)
        return
    built.rename(place)


def _rounded(event: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in event.items()}


if __name__ == "__main__":
    sys.exit(main())
