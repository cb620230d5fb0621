"""Opening the database, and handing out connections that are safe among threads.

DuckDB lets one process at a time hold its file for writing. Within that process any number of
threads may read; writes are serialised by a lock, since concurrent updates of one table conflict.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from peachdash.errors import BadInput, DatabaseLocked
from peachdash.storage.failures import failure_words, place_of
from peachdash.storage.migrate import upgrade_schema

_MARK_AT_8 = b"DUCK"

log = logging.getLogger(__name__)

_WRITERS = 7_324_224
"""Number of the PostgreSQL advisory lock that lets one process write at a time."""


class Database:
    """An open database. Create it with `open_database`, close it with `close`."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._writing = threading.RLock()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection of its own for the calling thread, rolled back at the end."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction, committed at the end of the block; one at a time, in all processes."""
        with self._writing, self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(place: str | Path) -> Database:
    """Open the database at an SQLAlchemy URL or in a DuckDB file, creating and migrating it where needed.

    Raises:
        BadInput: the URL cannot be understood, or nothing can be stored there.
        DatabaseLocked: another process holds the file; the message says which and what to do.
        DatabaseTooNew: a later version of Peachdash wrote it.
    """
    engine = _make_engine(place)
    database = Database(engine)
    try:
        with database.write() as connection:
            upgrade_schema(connection)
    except BaseException as error:
        engine.dispose()
        if isinstance(error, (sa.exc.DBAPIError, OSError)):
            raise _explain(error, engine.url) from error
        raise
    return database


def _make_engine(place: str | Path) -> sa.Engine:
    try:
        parsed = sa.URL.create("duckdb", database=str(place)) if isinstance(place, Path) else make_url(place)
        if parsed.get_backend_name() == "duckdb":
            if not parsed.database or parsed.database == ":memory:":
                raise BadInput("PEACHDASH_DATABASE_URL: expected a file, since several processes use it.")
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            _refuse_another_kind(Path(parsed.database))
            engine = sa.create_engine(parsed, pool_size=16, max_overflow=48)
            sa.event.listen(engine, "connect", _be_quiet)
            return engine
        return sa.create_engine(parsed, pool_pre_ping=True)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise BadInput(
            f"PEACHDASH_DATABASE_URL: expected an SQLAlchemy URL such as duckdb:////srv/peachdash.duckdb, "
            f"got one that cannot be used ({error})."
        ) from error
    except OSError as error:
        raise BadInput(f"No folder for the database can be made: {error}.") from error


def _refuse_another_kind(path: Path) -> None:
    """Refuse a file that DuckDB did not write; of some kinds it would make a database in memory instead."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        start = file.read(len(_MARK_AT_8) + 8)
    if start and start[8:] != _MARK_AT_8:
        raise BadInput(f"The database {path} cannot be opened: it is no file of DuckDB's. Give another name.")


def _be_quiet(connection: Any, record: object) -> None:
    """No progress bar of DuckDB's: it would stand on standard output, which is for data."""
    connection.execute("SET enable_progress_bar = false")


def _explain(error: BaseException, url: sa.URL) -> Exception:
    """The user's version of a failure to open the file."""
    message = str(getattr(error, "orig", error))
    if "could not set lock" in message.lower():
        pid = re.search(r"PID (\d+)", message)
        holder = f"process {pid[1]}{_command_of(pid[1])}" if pid else "another process"
        return DatabaseLocked(
            f"{url.database} is held by {holder}. Wait until it ends, or stop it. While `peachdash serve` "
            "runs, commands hand their work to it; only evaluate, optimise and setup need it stopped."
        )
    return BadInput(f"The database {place_of(url)} cannot be opened: {failure_words(error)}")


def _command_of(pid: str) -> str:
    """`` (peachdash serve)`` where the system tells what a process is, else nothing."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    command = " ".join([Path(word).name if "/" in word else word for word in words if word][:4])
    return f" ({command})" if command else ""
