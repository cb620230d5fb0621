"""Logging, configured once a process: events, counts, durations and revisions, never review text."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from peachdash.config import Settings
from peachdash.errors import BadInput

_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"


def configure_logging(settings: Settings, process: str) -> None:
    """Log to `<home>/logs/<process>.log` (5 MB, three old files), and warnings to standard error.

    A record with `extra={"log_only": True}` goes to the file only.
    """
    root = logging.getLogger("peachdash")
    if root.handlers:
        return
    folder = settings.home / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{process}.log").open("a").close()
    except OSError as error:
        raise BadInput(
            f"PEACHDASH_HOME={settings.home}: nothing can be written there ({error.strerror})."
        ) from error
    file = RotatingFileHandler(folder / f"{process}.log", maxBytes=5_000_000, backupCount=3, encoding="utf-8")
    file.setFormatter(logging.Formatter(_FORMAT))
    console = logging.StreamHandler()
    console.setLevel(logging.WARNING)
    console.addFilter(lambda record: not getattr(record, "log_only", False))
    console.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root.setLevel(settings.log_level)
    root.handlers = [file, console]
    root.propagate = False
