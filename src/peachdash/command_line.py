"""What all commands share: settings and logging, the database, who runs them, a line for the terminal."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from peachdash.config import Settings, load_settings
from peachdash.errors import BadInput, DatabaseLocked
from peachdash.records import ActiveModels, Scope

if TYPE_CHECKING:
    from peachdash.sentiment.registry import ModelReference

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]


def start(process: str) -> Settings:
    """The settings, with logging set up for a command."""
    from peachdash.logs import configure_logging

    settings = load_settings()
    configure_logging(settings, process)
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[Any]:
    """The database for the time of a command."""
    from peachdash.storage.database import open_database
    from peachdash.storage.failures import explained
    from peachdash.workflows.models import settle_champion

    database = open_database(settings.database)
    try:
        with explained(database.engine):
            settle_champion(database, viewer(), settings)
            yield database
    finally:
        database.close()


def require_no_serve(settings: Settings, command: str) -> None:
    """For commands that need the database for themselves.

    Raises:
        DatabaseLocked: `serve` runs; the message says where its dashboard is.
    """
    from peachdash.jobs.serving import find_serve

    running = find_serve(settings)
    if running is None:
        return
    host = f"[{settings.address.strip('[]')}]" if ":" in settings.address else settings.address
    shown = f" (dashboard: http://{host}:{running.port})" if settings.mode == "local" else ""
    raise DatabaseLocked(
        f"`peachdash serve` runs{shown}; the database is held by its process {running.pid}. "
        f"`peachdash {command}` works only while it is stopped: stop it and do this again."
    )


def viewer() -> Scope:
    """Whoever runs the command sees everything: the files are theirs."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "command"
    return Scope.everything(name)


def say(words: str) -> None:
    """A line for the person at the terminal, on standard error, so that standard output stays data."""
    print(words, file=sys.stderr, flush=True)


def active(models: Sequence[ModelReference]) -> ActiveModels:
    """The revisions of champion and generic model."""
    champion, generic = models
    return ActiveModels(champion.revision, generic.revision)


def read_file(path: Path) -> bytes:
    """The content of an input file.

    Raises:
        BadInput: there is none, it is a folder or a device, or it is too large.
    """
    from peachdash.ingest.guards import check_file_size

    if path.is_dir():
        raise BadInput(f"{path} is a folder: expected a file.")
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is no regular file.")
        check_file_size(path.stat().st_size, str(path))
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
