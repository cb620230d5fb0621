"""What a database says when it fails, in words for whoever ran into it; the details go to the log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from peachdash.errors import DatabaseFailed

log = logging.getLogger(__name__)

LOG_ONLY = {"log_only": True}
"""`extra` of what belongs in the log file and not on standard error; see `peachdash.logs`."""

_KNOWN = (
    (
        ("no space left on device", "disk quota exceeded"),
        "the disk is full. Free some space and do it again; what was stored before is kept.",
    ),
    (
        ("out of memory",),
        "the memory does not suffice. Close other programs, or let less be done at once, and do it again.",
    ),
    (
        ("corrupt", "checksum", "not a valid duckdb database file", "serialization error"),
        "the file is damaged. Put a backup of it in its place, or move it away and begin with a new one.",
    ),
)


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Turns what the database's driver raises into one line; statement and places go to the log.

    Parameters of statements may hold texts of reviews, so they are told nowhere.

    Raises:
        DatabaseFailed: instead of `sqlalchemy.exc.DBAPIError`.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("database error in: %s\n%s%s", error.statement, places, first_line(error), extra=LOG_ONLY)
        raise DatabaseFailed(f"The database {place_of(engine.url)}: {failure_words(error)}") from error


def place_of(url: sa.URL) -> str:
    """The file of a DuckDB database, else the address without its password."""
    if url.get_backend_name() == "duckdb" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)


def failure_words(error: BaseException) -> str:
    """A sentence for a full disk, for too little memory and for a damaged file, else the first line told.

    A rollback that fails too hides what failed before it, so all that led to the error is looked at.
    """
    told = " ".join(str(getattr(one, "orig", one)) for one in _led_to(error)).casefold()
    for signs, words in _KNOWN:
        if any(sign in told for sign in signs):
            return words
    line = first_line(error)
    return line if line.endswith((".", "!", "?")) else f"{line}."


def first_line(error: BaseException) -> str:
    """The first line of what the driver says."""
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _led_to(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
