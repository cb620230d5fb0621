"""`peachdash dataset`, `train` and `sweep`: from labels to trained models on the command line."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from peachdash.command_line import Json, opened, say, start, viewer
from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed
from peachdash.usage import PlainCommand, given_path

POLL_SECONDS = 0.5
data_sets = typer.Typer(
    short_help="Data sets: freeze labels, list versions, show one.",
    help="Data sets: freeze the labels of the moment, list versions, show one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
DataSet = Annotated[
    int | None, typer.Option("--data-set", min=1, help="Number of the data set.  [default: the newest]")
]
Start = Annotated[
    str,
    typer.Option(
        "--start",
        help="generic-small, champion-small, generic-base, champion-base, a revision, or encoder-small and "
        "encoder-base for the bare encoder, or hub:OWNER/NAME[@REVISION] for an encoder of the hub.",
    ),
]


@data_sets.command("freeze", short_help="Freeze the labels of the moment as the next version.")
def freeze(
    note: Annotated[str, typer.Option(help="What is to be remembered of it.")] = "",
    train_share: Annotated[
        float, typer.Option(help="Share of newly labelled reviews that goes to train.")
    ] = 0.7,
    validation_share: Annotated[
        float, typer.Option(help="Share that goes to validation; the rest is test.")
    ] = 0.15,
    check: Annotated[
        bool, typer.Option("--check", help="Say what it would hold, and freeze nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Freeze the labels of the moment as the next version, which never changes."""
    from peachdash.terminal_trainings import print_data_set

    arguments = {"note": note, "train": train_share, "validation": validation_share, "check": check}
    print_data_set(_ask(start("dataset"), "freeze", arguments), as_json=as_json)


@data_sets.command("list")
def list_data_sets(as_json: Json = False) -> None:
    """List all versions, the newest first."""
    from peachdash.terminal_trainings import print_data_sets

    print_data_sets(_ask(start("dataset"), "data_sets", {})["data_sets"], as_json=as_json)


@data_sets.command("show", cls=PlainCommand)
def show_data_set(
    number: Annotated[
        int | None, typer.Argument(min=1, metavar="NUMBER", help="Version.  [default: the newest]")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="OUT.csv", parser=given_path, help="Write its reviews to a file as well."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a version holds and what is odd about it."""
    from peachdash.terminal_trainings import print_data_set, write_rows

    found = _ask(start("dataset"), "data_set", {"number": number, "rows": csv is not None})
    if csv is not None:
        say(f"{write_rows(found.pop('rows'), csv):,} reviews: {csv}")
    print_data_set(found, as_json=as_json)


def train(
    data_set: DataSet = None,
    start_from: Start = "generic-small",
    learning_rate: Annotated[float | None, typer.Option(help="Peak rate, at most 0.1.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Reviews a step.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the train reviews.")] = None,
    lora_rank: Annotated[int | None, typer.Option(help="Rank of the added matrices.")] = None,
    replay_share: Annotated[
        float | None, typer.Option(help="Share of general text in every epoch; 0 replays none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of every shuffle and dropout, 0 to 2**31 - 1.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Epochs without a better macro-F1 after which it stops; 0 never.")
    ] = None,
    note: Annotated[str, typer.Option(help="What is to be remembered of it.")] = "",
    resume: Annotated[
        str | None, typer.Option(metavar="ID", help="Go on with a cancelled or failed training.")
    ] = None,
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="Stop a training.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List all trainings instead.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model on a data set. Settings that are left out are those of the shipped champion.

    While `serve` runs it trains there; else here, and after Ctrl-C the same command goes on where it was.
    """
    from peachdash.terminal_trainings import print_training, print_trainings

    settings = start("train")
    if list_all:
        print_trainings(_ask(settings, "trainings", {})["trainings"], as_json=as_json)
        return
    if cancel is not None:
        _ask(settings, "cancel", {"run_id": cancel})
        say(f"training {cancel} stops after its next steps")
        return
    if resume is not None:
        run_id = str(_ask(settings, "resume", {"run_id": resume})["run_id"])
    else:
        given = {
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "epochs": epochs,
            "lora_rank": lora_rank,
            "replay_share": replay_share,
            "seed": seed,
            "patience": patience,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        request = {"data_set": data_set, "start": start_from, "changes": changes, "note": note}
        run_id = _begin(settings, request)
    print_training(_finish(settings, run_id), as_json=as_json)


def sweep(
    data_set: DataSet = None,
    start_from: Start = "generic-small",
    axes: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="SETTING=VALUES",
            help="learning_rate=5e-4,1e-3 or, for tpe, learning_rate=1e-4:2e-3:log; several times for "
            "several of learning_rate, batch_size, epochs, lora_rank, replay_share.",
        ),
    ] = None,
    sampler: Annotated[
        Literal["grid", "tpe"], typer.Option(help="Every combination, or Optuna's TPE.")
    ] = "grid",
    runs: Annotated[int, typer.Option(min=1, max=200, help="At most so many trainings.")] = 12,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="No further training begins after so many minutes.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Of each training, unless swept.")] = None,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a sweep.")] = None,
    as_json: Json = False,
) -> None:
    """Try several settings one after the other, and print which read validation best."""
    from peachdash.sentiment.sweep_space import SweepSpace, parse_axis
    from peachdash.terminal_trainings import print_sweep

    settings = start("sweep")
    if resume is None:
        parsed = {}
        for words in axes or []:
            name, sign, values = words.partition("=")
            if not sign:
                raise BadInput(f"--over expects SETTING=VALUES such as epochs=4,8, got {words!r}.")
            parsed[name.strip()] = parse_axis(values)
        space = SweepSpace(parsed, sampler, runs, minutes)
        changes = {} if epochs is None else {"epochs": epochs}
        request = {"data_set": data_set, "start": start_from, "changes": changes}
        told = {"axes": space.to_dict(), "sampler": sampler, "max_runs": runs, "max_minutes": minutes}
        resume = str(_ask(settings, "sweep", {"request": request, "space": told})["sweep_id"])
        say(f"sweep {resume}; `peachdash sweep --resume {resume}` goes on with it")
    print_sweep(_follow_sweep(settings, resume), as_json=as_json)


def _begin(settings: Settings, request: dict[str, Any]) -> str:
    from peachdash.terminal_trainings import begin_words

    answer = _ask(settings, "train", request)
    say(begin_words(answer))
    return str(answer["run_id"])


def _finish(settings: Settings, run_id: str) -> dict[str, Any]:
    """The training at its end: done by the running `serve`, else here."""
    from peachdash.jobs.serving import find_serve

    if find_serve(settings) is not None:
        return _wait_for_serve(settings, run_id)
    with opened(settings) as database:
        _train_here(database, settings, run_id)
    return _state_of(settings, run_id)


def _train_here(database: Any, settings: Settings, run_id: str) -> None:
    from peachdash.jobs import training
    from peachdash.jobs.trainer import take_training
    from peachdash.terminal_trainings import training_progress

    training.hand_out(database, viewer(), settings)
    run = training.open_run(settings, run_id)
    if run is None or run.state == "stored":
        return
    with training.trainer_lock(settings) as ours, training_progress() as show, _stoppable() as check:
        if not ours:
            raise JobFailed("Another process trains for this home; it was queued behind that.")
        try:
            take_training(run, settings, check, show)
        except KeyboardInterrupt:
            say("stopped; the same command goes on from the checkpoint")
            raise
    training.take_finished(database, viewer(), settings)


def _wait_for_serve(settings: Settings, run_id: str) -> dict[str, Any]:
    """Shows how far `serve` is; Ctrl-C ends the looking on, not the training."""
    from peachdash.jobs.serving import find_serve
    from peachdash.jobs.training import open_run
    from peachdash.terminal_trainings import training_progress

    say("`serve` trains it; Ctrl-C here does not stop it")
    seen = 0
    with training_progress() as show:
        while (run := open_run(settings, run_id)) is None or run.state != "stored":
            if find_serve(settings) is None:
                raise JobFailed("`peachdash serve` ended; it goes on when it is started again.")
            events = run.events() if run is not None else []
            for event in events[seen:]:
                show(event)
            seen = len(events)
            time.sleep(POLL_SECONDS)
    return _state_of(settings, run_id)


def _state_of(settings: Settings, run_id: str) -> dict[str, Any]:
    found = _ask(settings, "trainings", {})["trainings"]
    state: dict[str, Any] = next(row for row in found if row["run_id"] == run_id)
    if state["state"] in ("failed", "diverged"):
        raise JobFailed(f"The training {state['state']}: {state['words']}")
    return state


def _follow_sweep(settings: Settings, sweep_id: str) -> dict[str, Any]:
    """Every training of a sweep, one after the other, until it is over."""
    from peachdash.jobs.serving import find_serve
    from peachdash.workflows.sweeps import advance_sweep

    while True:
        state = _ask(settings, "sweep_state", {"sweep_id": sweep_id})
        if state["over"]:
            return state
        if find_serve(settings) is not None:
            time.sleep(4 * POLL_SECONDS)
            continue
        with opened(settings) as database:
            waiting = [row["run_id"] for row in state["members"] if row["state"] in _UNFINISHED]
            run_id = waiting[0] if waiting else advance_sweep(database, viewer(), settings, sweep_id)
            if run_id is None:
                return state
            _train_here(database, settings, run_id)


_UNFINISHED = ("waiting", "running", "interrupted")


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """What raises KeyboardInterrupt between two steps after Ctrl-C; a second Ctrl-C stops at once."""
    asked = threading.Event()

    def remember(number: int, frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("stopping after the next steps; Ctrl-C again stops at once")

    def check() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def _ask(settings: Settings, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request, given here or by the running `serve`."""
    from peachdash.jobs.handover import hand_over
    from peachdash.jobs.serving import find_serve
    from peachdash.jobs.training_requests import perform_training_request

    if find_serve(settings) is not None:
        request = {"kind": "training", "action": action, "arguments": arguments}
        return hand_over(settings, {**request, "viewer": viewer().viewer})
    with opened(settings) as database:
        return perform_training_request(database, viewer(), settings, action, arguments)
