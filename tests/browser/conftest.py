"""A served dashboard over the filled database of the page tests, and a page of a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from peachdash.storage.database import open_database

from ..pages.conftest import fill

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REPOSITORY = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip where there is no browser to drive."""
    if not CHROMIUM.exists():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """The address of a dashboard over a home, while the block runs."""
    port = free_port()
    known = {"PEACHDASH_HOME": str(home), "PYTHONPATH": str(REPOSITORY / "src")}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("serve_with_fixed_models.py")), str(port)],
        cwd=REPOSITORY,
        env={**os.environ, **known, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over the filled database."""
    home = tmp_path_factory.mktemp("browser")
    database = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    fill(database)
    database.close()
    with serving(home) as address:
        yield address


def wait_for(address: str) -> None:
    for _ in range(150):
        try:
            urlopen(f"{address}/_stcore/health", timeout=1)
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"{address} did not answer within 30 seconds")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()
