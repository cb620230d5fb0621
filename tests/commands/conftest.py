"""Running `peachdash` as a user does: in a process of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    def assert_refused(self, *words: str) -> None:
        """Exit status 2, one clear line on standard error, no traceback, nothing on standard output."""
        assert self.status == 2, self.err
        assert self.out == ""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("peachdash: ")
        for word in words:
            assert word in lines[0]


@pytest.fixture
def peachdash(tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PEACHDASH_")}
    environment |= {
        "PEACHDASH_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(REPOSITORY / "src"),
        "TOKENIZERS_PARALLELISM": "false",
        "COLUMNS": "100",
    }

    def run(*arguments: str | Path, **extra: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "peachdash.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**environment, **extra},
            cwd=tmp_path,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
