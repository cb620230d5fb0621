"""Twenty sessions report and decide at once: what was acknowledged is stored exactly once, no error shows.

Twelve visitors answer through shared links of their own, eight decide on the queue. They speak Streamlit's
wire protocol to a served dashboard, as browsers do.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from peachdash.errors import NotFound
from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.storage.database import open_database
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.links import make_link

from ..pages.conftest import MODELS, fill
from .conftest import serving
from .wire import Shown, WireSession

pytestmark = pytest.mark.browser
REPORTERS, DECIDERS = 12, 8


@dataclass
class Book:
    """What the sessions were told, and what went wrong."""

    answered: list[tuple[str, int, str]] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def crowd(tmp_path: Path) -> tuple[Path, list[str]]:
    """A home with a filled database, and a link for each reporter."""
    database = open_database(f"duckdb:///{tmp_path / 'peachdash.duckdb'}")
    fill(database)
    house = Scope.everything("ada")
    tokens = [make_link(database, house, "north", answer_limit=1000) for _ in range(REPORTERS)]
    regular = Scope("a regular", Role.CLIENT, frozenset({"creamery", "diner"}))
    for number in range(1, 41):
        with suppress(NotFound):  # the review of the other client
            report_reading(database, regular, MODELS, number, "spam")
    database.close()
    return tmp_path, tokens


def act(address: str, tokens: list[str], seconds: float, deciders: int = DECIDERS) -> Book:
    """Let everybody act until the time is up, at least once each; nobody stops in the middle of a click."""
    book, until = Book(), time.monotonic() + seconds
    work = [(report, token, number) for number, token in enumerate(tokens)]
    work += [(decide, "", REPORTERS + number) for number in range(deciders)]

    def run(what, token: str, number: int) -> None:
        try:
            what(address, token, random.Random(number), until, book)
        except Exception as error:
            book.errors.append(f"{what.__name__} {number}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return book


def report(address: str, token: str, dice: random.Random, until: float, book: Book) -> None:
    """Answer reviews on a link's page: wrong, then what it is."""
    session = WireSession(address, "client_link", f"link={token}")
    shown = noted(session.open(), book)
    while True:
        ways = [key for key in shown.buttons if key.startswith(("wrong_", "change_"))]
        number = dice.choice(ways).split("_")[1]
        way = "wrong" if f"wrong_{number}" in ways else "change"
        shown = noted(session.click(shown, f"{way}_{number}"), book)
        choices = [key for key in shown.buttons if key.startswith(f"say_{number}_")]
        said = dice.choice(choices).removeprefix(f"say_{number}_")
        shown = noted(session.click(shown, f"say_{number}_{said}"), book)
        if f"change_{number}" not in shown.buttons:
            book.errors.append(f"no word of thanks for {said} on {number}")
        book.answered.append((token.split(".")[0], int(number), said))
        if time.monotonic() > until:
            return session.close()


def decide(address: str, _token: str, dice: random.Random, until: float, book: Book) -> None:
    """Accept what is suggested for a review of the queue, or send it to labelling."""
    session = WireSession(address, "feedback", "")
    shown = noted(session.open(), book)
    while True:
        if dice.random() < 0.5 and "queue_next" in shown.buttons:  # not all on the same review
            shown = noted(session.click(shown, "queue_next"), book)
        ways = [key for key in shown.buttons if key.startswith(("accept_", "labelling_"))]
        if not ways:
            if time.monotonic() > until:
                return session.close()
            time.sleep(0.1)
            shown = noted(session.open(), book)
            continue
        key = dice.choice(ways)
        shown = noted(session.click(shown, key), book)
        done = [words for words in ("now counts as", "sent to labelling") if words in shown.words]
        meanwhile = "Somebody else decided" in shown.words
        if not done and not meanwhile:
            book.errors.append(f"nothing was said of {key}")
        if done and not meanwhile:
            book.decided.append(done[0])
        if time.monotonic() > until:
            return session.close()


def noted(shown: Shown, book: Book) -> Shown:
    book.errors.extend(shown.errors)
    return shown


def assert_everything_is_there_once(book: Book, file: Path) -> None:
    assert book.errors == []
    database = open_database(f"duckdb:///{file}")
    with database.read() as connection:
        checks, reports, outcomes, decisions = (
            [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in (t.reading_checks, t.reports, t.report_outcomes, t.decisions)
        )
    database.close()
    link_answers = [row for row in checks if row["checked_by"].startswith("link:")]
    stored = Counter((row["checked_by"][5:], row["review_id"], row["answer"]) for row in link_answers)
    acknowledged = Counter(book.answered)
    assert set(stored) == set(acknowledged)
    repeated = {key for key, n in acknowledged.items() if n > 1}
    assert all(stored[key] == 1 for key in acknowledged if key not in repeated)
    assert all(stored[key] <= acknowledged[key] for key in repeated), "the same answer again adds nothing"
    linked = [row for row in reports if row["reported_by"].startswith("link:")]
    reported = Counter((row["reported_by"][5:], row["review_id"], row["suggestion"]) for row in linked)
    assert all(reported[key] <= stored[key] for key in reported)
    assert linked
    assert max(Counter(row["report_id"] for row in outcomes).values()) == 1, "no report is decided on twice"
    assert len({row["report_id"] for row in reports}) == len(reports)
    accepted = [row for row in decisions if row["origin"] == "report"]
    assert len(accepted) == book.decided.count("now counts as")
    assert book.decided


def test_eight_sessions_at_once(crowd):
    """Everybody opens their page and acts at least once, all at the same time; twenty do so for longer."""
    home, tokens = crowd
    with serving(home) as address:
        book = act(address, tokens[:5], 2, deciders=3)
    assert_everything_is_there_once(book, home / "peachdash.duckdb")


@pytest.mark.slow
def test_two_minutes_of_twenty_sessions(crowd):
    home, tokens = crowd
    with serving(home) as address:
        book = act(address, tokens, 120)
    assert_everything_is_there_once(book, home / "peachdash.duckdb")
    assert len(book.answered) >= 2 * REPORTERS
