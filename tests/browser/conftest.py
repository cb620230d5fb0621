"""One Chromium, one served dashboard over the filled database, and a tab that is used again and again.

What costs time is kept: a server takes seconds to start, and a browser without a cache a second to load
the dashboard. So tests share a server, and a tab whose cookies and traces go between them.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from peachdash.records import Role, Scope
from peachdash.storage.database import open_database
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.links import make_link

from ..pages.conftest import MODELS, fill
from .tab import WIDE, note_what_happens, start_afresh

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REPOSITORY = Path(__file__).resolve().parents[2]
PHRASE = "soggy cones"
REPORTED = (5, 6, 7)


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
def serving(home: Path, *, host: str = "127.0.0.1", port: int = 0, **environment: str) -> Iterator[str]:
    """The address of a dashboard over a home, while the block runs."""
    port = port or free_port()
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
        yield f"http://{host}:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urlopen(f"{address}/_stcore/health", timeout=1)
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{address} did not answer within 30 seconds")


@dataclass(frozen=True)
class Reported:
    """A served dashboard with open reports, and the tokens of two links to its first client.

    Attributes:
        address: of the dashboard.
        token: of a link without a pass phrase.
        locked: of a link with `PHRASE`.
    """

    address: str
    token: str
    locked: str


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    """The filled database, served, with an open report on each of `REPORTED` and two links."""
    home = tmp_path_factory.mktemp("browser")
    database = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    fill(database)
    client = Scope("ana@north.example", Role.CLIENT, frozenset({"creamery", "diner"}))
    for number in REPORTED:
        report_reading(database, client, MODELS, number, "spam", "not ours")
    house = Scope.everything("ada")
    tokens = [make_link(database, house, "north", pass_phrase=phrase) for phrase in ("", PHRASE)]
    database.close()
    with serving(home) as address:
        yield Reported(address, *tokens)


@pytest.fixture(scope="session")
def served(reported: Reported) -> str:
    """The address of that dashboard."""
    return reported.address


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def tab(browser) -> Iterator[object]:
    """The one tab, with a cache that stays warm."""
    context = browser.new_context(viewport=WIDE, accept_downloads=True)
    page = context.new_page()
    note_what_happens(page)
    yield page
    context.close()


@pytest.fixture
def page(tab) -> object:
    """The tab as a newcomer's: wide, light, without cookies, with nothing noted yet."""
    start_afresh(tab)
    return tab
