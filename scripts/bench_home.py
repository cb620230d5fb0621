"""A copy of the demo home, so that a benchmark can write into it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


@contextmanager
def copied_demo_home() -> Iterator[Path]:
    """A home with the database of PEACHDASH_HOME, else of `.home`. It goes at the end, and what is beside it.

    Ends the program with one line where there is no database.
    """
    home = Path(os.environ.get("PEACHDASH_HOME", REPOSITORY / ".home"))
    if not (home / "peachdash.duckdb").is_file():
        sys.exit("There is no demo database yet: run `make setup` first.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        copy.mkdir()
        shutil.copy2(home / "peachdash.duckdb", copy)
        yield copy
