"""Running `peachdash` as a user does: in a process of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL_LIBRARIES = ("torch", "transformers", "peft")


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


@pytest.fixture(scope="session")
def forge() -> Iterator[subprocess.Popen[str]]:
    """What forks a process for each command, with the libraries imported already."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forge.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
    )
    yield process
    process.communicate(timeout=30)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a command, with a home of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PEACHDASH_")}
    return inherited | {
        "PEACHDASH_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(REPOSITORY / "src"),
        "TOKENIZERS_PARALLELISM": "false",
        "COLUMNS": "100",
    }


@pytest.fixture
def peachdash(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, forge: subprocess.Popen[str], environment
) -> Callable[..., Outcome]:
    """Run a command in a forked process."""
    streams = tmp_path_factory.mktemp("streams")

    def run(*arguments: str | Path, **extra: str) -> Outcome:
        out, err = streams / "out", streams / "err"
        words = [str(argument) for argument in arguments]
        request = {
            "arguments": words,
            "environment": {**environment, **extra},
            "folder": str(tmp_path),
            "out": str(out),
            "err": str(err),
            "modules": MODEL_LIBRARIES if words[0] == "predict" and "lexicon" not in words else (),
        }
        print(json.dumps(request), file=forge.stdin, flush=True)
        status = int(forge.stdout.readline())
        return Outcome(status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    return run


@pytest.fixture
def fresh_peachdash(tmp_path: Path, environment) -> Callable[..., Outcome]:
    """Run a command in a fresh interpreter, which imports everything itself: slower by a second each."""

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
