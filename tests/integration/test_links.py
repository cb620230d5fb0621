"""Shared links: what they open, and that nothing else does."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.queries.feedback import fetch_reports
from peachdash.queries.links import fetch_links
from peachdash.records import ReviewFilter, Role, Scope
from peachdash.storage import schema as t
from peachdash.storage.database import open_database
from peachdash.workflows import links
from peachdash.workflows.links import (
    LinkRefused,
    answer_through_link,
    make_link,
    open_link,
    revoke_link,
    unlock_link,
)
from tests.integration.conftest import CREAMERY_ONLY, EVERYTHING, MODELS

MANAGER = Scope("mia", Role.MANAGER, frozenset({"creamery", "diner"}))
STRANGER = Scope("sid", Role.MANAGER, frozenset({"boutique"}))
PHRASE = "ube and soggy cones"


@pytest.fixture
def number(filled):
    with filled.read() as connection:
        found = sa.select(t.reviews.c.review_id).where(t.reviews.c.text == "Lovely ube scoop")
        return int(connection.execute(found).scalar_one())


@pytest.fixture
def foreign(filled):
    with filled.read() as connection:
        found = sa.select(t.reviews.c.review_id).where(t.reviews.c.business_id == "boutique")
        return int(connection.execute(found).scalar_one())


def stored(database, table):
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def audit(database) -> list[tuple[str, str]]:
    return [(row["actor"], row["action"]) for row in stored(database, t.audit_log)]


def refusals(database) -> list[str]:
    rows = [row for row in stored(database, t.audit_log) if row["action"] == "link_refused"]
    return [row["details"]["because"] for row in rows]


def expire(database) -> None:
    with database.write() as connection:
        past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        connection.execute(sa.update(t.share_links).values(expires_utc=past))


def test_a_link_opens_one_client_and_nothing_else(filled):
    token = make_link(filled, EVERYTHING, "doravale", purpose="Ana, by text message")
    visit = open_link(filled, token, first=True)
    assert visit.scope == Scope(f"link:{token.split('.')[0]}", Role.CLIENT, frozenset({"creamery", "diner"}))
    assert (visit.client, visit.answers_left) == ("Doravale Foods", 100)
    assert not visit.scope.may_decide
    assert not visit.scope.may_share
    assert audit(filled) == [("ada", "make_link"), (visit.scope.viewer, "open_link")]


def test_the_secret_is_long_random_and_nowhere_stored(filled):
    tokens = {make_link(filled, MANAGER, "doravale", pass_phrase=PHRASE) for _ in range(3)}
    secrets = {token.split(".")[1] for token in tokens}
    assert len(secrets) == 3
    assert all(len(secret) == 43 for secret in secrets), "256 bits in base64"
    with filled.read() as connection:
        tables = t.metadata.sorted_tables
        everything = str([connection.execute(sa.select(table)).all() for table in tables])
    assert not any(secret in everything for secret in secrets)
    assert PHRASE not in everything
    assert len({row["phrase_salt"] for row in stored(filled, t.share_links)}) == 3


def test_the_secret_is_compared_in_constant_time():
    source = inspect.getsource(links._examine) + inspect.getsource(links._unlocks)
    assert source.count("hmac.compare_digest") == 2


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: "",
        lambda token: "x" * 10_000,
        lambda token: "000000000000." + "A" * 43,
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.swapcase(),
        lambda token: token + " ",
        lambda token: token.split(".")[0] + ".",
        lambda token: token.replace(".", "\u2024"),
        lambda token: token.split(".")[0] + "." + hashlib.sha256(token.split(".")[1].encode()).hexdigest(),
        lambda token: "' OR 1=1 --",
        lambda token: token.split(".")[0] + "." + "\0" * 43,
    ],
)
def test_a_forged_link_is_refused_and_logged(filled, forge):
    token = make_link(filled, MANAGER, "doravale")
    with pytest.raises(LinkRefused) as refused:
        open_link(filled, forge(token))
    assert str(refused.value) == links.REFUSED
    assert len(refusals(filled)) == 1
    assert open_link(filled, token).scope is not None


def test_expired_revoked_used_up_and_unknown_links_say_the_same(filled, number):
    def end_by_answers() -> str:
        token = make_link(filled, MANAGER, "doravale", answer_limit=1)
        answer_through_link(filled, MODELS, token, b"", number, "negative")
        return token

    revoked = make_link(filled, MANAGER, "doravale")
    revoke_link(filled, MANAGER, revoked.split(".")[0])
    used = end_by_answers()
    expired = make_link(filled, MANAGER, "doravale")
    words = set()
    for token in (revoked, used, "000000000000." + "A" * 43):
        with pytest.raises(LinkRefused) as refused:
            open_link(filled, token)
        words.add(str(refused.value))
    expire(filled)
    with pytest.raises(LinkRefused) as refused:
        open_link(filled, expired)
    assert words | {str(refused.value)} == {links.REFUSED}
    assert refusals(filled) == ["revoked", "used up", "unknown", "expired"]


@contextmanager
def work_noted(database, monkeypatch) -> Iterator[list[str]]:
    """Every statement, hash and comparison while the block runs, in order."""
    done: list[str] = []

    def noted(name: str, function):
        return lambda *given: (done.append(name), function(*given))[1]

    def statement(_connection, _cursor, words, *_) -> None:
        done.append(words)

    with monkeypatch.context() as patch:
        patch.setattr(links, "_fingerprint", noted("sha256", links._fingerprint))
        patch.setattr(links.hmac, "compare_digest", noted("compare", hmac.compare_digest))
        sa.event.listen(database.engine, "before_cursor_execute", statement)
        yield done
        sa.event.remove(database.engine, "before_cursor_execute", statement)


def test_the_work_of_a_refusal_is_the_same_whatever_the_reason(filled, number, monkeypatch):
    """So that its time tells nothing."""
    live, revoked, used = (make_link(filled, MANAGER, "doravale", answer_limit=1) for _ in range(3))
    revoke_link(filled, MANAGER, revoked.split(".")[0])
    answer_through_link(filled, MODELS, used, b"", number, "negative")
    kinds = ["", "no link", "000000000000." + "A" * 43, live[:-43] + "B" * 43, revoked, used]
    work = []
    for token in [*kinds, live]:
        if token == live:
            expire(filled)
        with work_noted(filled, monkeypatch) as done, pytest.raises(LinkRefused):
            open_link(filled, token)
        work.append(done)
    assert {"sha256", "compare"} <= set(work[0])
    assert any("INSERT INTO audit_log" in words for words in work[0])
    assert all(done == work[0] for done in work)
    assert len(set(refusals(filled))) == 5, "though the log tells them apart"


def test_a_revoked_link_ends_in_open_tabs_too(filled, number):
    token = make_link(filled, MANAGER, "doravale", pass_phrase=PHRASE)
    key = unlock_link(filled, token, PHRASE)
    assert open_link(filled, token, key).scope is not None
    revoke_link(filled, MANAGER, token.split(".")[0])
    with pytest.raises(LinkRefused):
        open_link(filled, token, key)
    with pytest.raises(LinkRefused):
        answer_through_link(filled, MODELS, token, key, number, "negative")
    assert stored(filled, t.reports) == []


def test_revoking_twice_writes_once(filled):
    token = make_link(filled, MANAGER, "doravale")
    for _ in range(2):
        revoke_link(filled, MANAGER, token.split(".")[0])
    assert len(stored(filled, t.share_link_revocations)) == 1


def test_a_replayed_answer_counts_once(filled, number):
    token = make_link(filled, MANAGER, "doravale")
    for _ in range(5):
        left = answer_through_link(filled, MODELS, token, b"", number, "negative", "sarcasm")
    assert left == 99
    assert len(stored(filled, t.reports)) == len(stored(filled, t.reading_checks)) == 1


def test_answers_at_once_never_pass_the_limit(filled):
    with filled.read() as connection:
        mine = t.reviews.c.business_id.in_(["creamery", "diner"])
        numbers = list(connection.execute(sa.select(t.reviews.c.review_id).where(mine)).scalars())
    token = make_link(filled, MANAGER, "doravale", answer_limit=3)
    refused: list[int] = []

    def answer(number: int) -> None:
        try:
            answer_through_link(filled, MODELS, token, b"", number, "spam")
        except LinkRefused:
            refused.append(number)

    threads = [threading.Thread(target=answer, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 5
    assert len(refused) == 2
    assert len(stored(filled, t.reports)) == 3
    assert refusals(filled) == ["used up", "used up"]


def test_another_clients_review_is_not_found(filled, foreign):
    token = make_link(filled, MANAGER, "doravale")
    with pytest.raises(NotFound):
        answer_through_link(filled, MODELS, token, b"", foreign, "spam")
    assert stored(filled, t.reports) == []


def test_a_correction_through_a_link_is_an_open_report_in_its_name(filled, number):
    token = make_link(filled, MANAGER, "doravale")
    assert answer_through_link(filled, MODELS, token, b"", number, "negative", "sarcasm") == 99
    (report,) = stored(filled, t.reports)
    assert report["reported_by"] == f"link:{token.split('.')[0]}"
    assert stored(filled, t.decisions) == []
    with filled.read() as connection:
        seen = fetch_reports(connection, open_link(filled, token).scope, ReviewFilter())
    assert seen["note"].tolist() == ["sarcasm"]


def test_without_its_pass_phrase_a_link_shows_nothing(filled, number):
    token = make_link(filled, MANAGER, "doravale", pass_phrase=PHRASE)
    visit = open_link(filled, token, first=True)
    assert (visit.scope, visit.client) == (None, "")
    for key in (b"", b"0" * 32, PHRASE.encode()):
        with pytest.raises(LinkRefused):
            answer_through_link(filled, MODELS, token, key, number, "negative")
    assert open_link(filled, token, unlock_link(filled, token, PHRASE)).client == "Doravale Foods"


def test_a_pass_phrase_tried_a_hundred_times(filled, home):
    token = make_link(filled, MANAGER, "doravale", pass_phrase=PHRASE)
    words = set()
    for number in range(100):
        with pytest.raises(BadInput) as refused:
            unlock_link(filled, token, f"guess number {number}")
        words.add(str(refused.value))
    with pytest.raises(BadInput) as refused:
        unlock_link(filled, token, PHRASE)
    assert words | {str(refused.value)} == {links.WRONG_PHRASE}, "even the right one, and it looks the same"
    assert len(stored(filled, t.share_link_attempts)) == links.TRIES_PER_LINK
    assert [action for _, action in audit(filled)].count("pass_phrase_refused") == 101
    filled.close()
    again = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    with pytest.raises(BadInput):
        unlock_link(again, token, PHRASE)
    with again.write() as connection:
        earlier = dt.datetime.now(dt.UTC) - links.WINDOW
        connection.execute(sa.update(t.share_link_attempts).values(attempted_utc=earlier))
    assert unlock_link(again, token, PHRASE)
    again.close()


def test_tries_at_many_links_are_limited_in_all(filled, monkeypatch):
    monkeypatch.setattr(links, "TRIES_IN_ALL", 4)
    tokens = [make_link(filled, MANAGER, "doravale", pass_phrase=PHRASE) for _ in range(3)]
    for token in tokens[:2] * 2:
        with pytest.raises(BadInput):
            unlock_link(filled, token, "a wrong one")
    with pytest.raises(BadInput):
        unlock_link(filled, tokens[2], PHRASE)


def test_tries_at_once_do_not_pass_the_limit(filled, monkeypatch):
    compared: list[str] = []
    stretch = links._stretch
    token = make_link(filled, MANAGER, "doravale", pass_phrase=PHRASE)
    monkeypatch.setattr(links, "_stretch", lambda phrase, salt: compared.append(phrase) or stretch("x", salt))

    def guess(number: int) -> None:
        with pytest.raises(BadInput):
            unlock_link(filled, token, f"guess {number}")

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compared) == links.TRIES_PER_LINK


def test_a_flood_of_forged_links_does_not_fill_the_log_nor_lock_clients_out(filled, monkeypatch):
    monkeypatch.setattr(links, "REFUSALS_LOGGED", 5)
    token = make_link(filled, MANAGER, "doravale")
    for _ in range(20):
        with pytest.raises(LinkRefused):
            open_link(filled, token[:-4] + "AAAA")
    assert len(refusals(filled)) == 5
    assert open_link(filled, token).scope is not None


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"days": 0}, "1 to 90 days"),
        ({"days": 91}, "1 to 90 days"),
        ({"answer_limit": 0}, "answers"),
        ({"answer_limit": 1001}, "answers"),
        ({"pass_phrase": "short"}, "8 to 200"),
        ({"purpose": "x" * 201}, "200 characters"),
    ],
)
def test_terms_have_bounds(filled, terms, words):
    with pytest.raises(BadInput, match=words):
        make_link(filled, MANAGER, "doravale", **terms)
    assert stored(filled, t.share_links) == []


def test_who_may_make_see_and_revoke_links(filled):
    token = make_link(filled, MANAGER, "doravale")
    half = Scope("hal", Role.MANAGER, frozenset({"creamery"}))
    analyst = Scope("ann", Role.ANALYST, None)
    for scope in (CREAMERY_ONLY, STRANGER, half, analyst):
        with pytest.raises(NotFound):
            make_link(filled, scope, "doravale")
        with pytest.raises(NotFound):
            revoke_link(filled, scope, token.split(".")[0])
    with pytest.raises(NotFound):
        make_link(filled, EVERYTHING, "nobody")
    with filled.read() as connection:
        for scope in (STRANGER, half):
            assert fetch_links(connection, scope).empty
        for scope in (CREAMERY_ONLY, analyst):
            with pytest.raises(NotFound):
                fetch_links(connection, scope)
        row = fetch_links(connection, MANAGER).iloc[0]
    assert (row["client"], row["answers"], row["protected"]) == ("Doravale Foods", 0, False)
    assert not set(row.index) & {"secret_sha256", "phrase_scrypt", "phrase_salt"}
    assert len(stored(filled, t.share_links)) == 1
