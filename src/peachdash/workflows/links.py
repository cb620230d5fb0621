"""Links for clients without an account: made and revoked by managers, opened by whoever holds the secret.

A link is `<id>.<secret>`. The id is no secret; of the secret, 256 random bits, only the SHA-256 is stored.
An unknown, mistyped, expired, revoked or used-up link is refused after the same work and with the same
words. Nobody can lock a client out by guessing secrets: those cannot be guessed, and the right one opens
however many wrong ones came before. Pass phrases can be guessed, so tries at them are limited.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.records import ActiveModels, Role, Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.database import Database
from peachdash.storage.links import (
    append_attempt,
    append_revocation,
    count_attempts,
    insert_link,
    link_viewer,
    load_client_businesses,
    load_link,
)
from peachdash.workflows.checking import store_check, visible_client
from peachdash.workflows.feedback import clean_note

MOST_DAYS, MOST_ANSWERS = 90, 1000
SHORTEST_PHRASE, LONGEST_PHRASE, PURPOSE_LIMIT = 8, 200, 200
WINDOW = dt.timedelta(minutes=15)
TRIES_PER_LINK, TRIES_IN_ALL, REFUSALS_LOGGED = 10, 100, 200
"""Tries at pass phrases within `WINDOW`; refused addresses beyond the last are refused without a record."""

REFUSED = "This link does not work. It may be mistyped or have ended: ask whoever sent it for a new one."
WRONG_PHRASE = "That did not open the link. After several tries it rests for a quarter of an hour."

_TOKEN = re.compile(r"([0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
_NOTHING = "0" * 64


class LinkRefused(NotFound):
    """A link that does not open, whatever the reason; the message is always the same."""

    def __init__(self) -> None:
        super().__init__(REFUSED)


@dataclass(frozen=True)
class LinkVisit:
    """What a link opens.

    Attributes:
        link_id: the part of it that is no secret.
        scope: whose reviews are seen; None until the pass phrase was given.
        client: the client's name; empty until then.
        expires_utc: when it ends.
        answers_left: how many answers it still takes.
    """

    link_id: str
    scope: Scope | None
    client: str
    expires_utc: dt.datetime
    answers_left: int


def make_link(
    database: Database,
    scope: Scope,
    client_id: str,
    *,
    days: int = 14,
    answer_limit: int = 100,
    pass_phrase: str = "",
    purpose: str = "",
) -> str:
    """Make a link for one client; the token for its address, which can never be shown again.

    Raises:
        BadInput: a value is out of its bounds; the message says which.
        NotFound: the viewer has no such client, or may not share.
    """
    _check_terms(days, answer_limit, pass_phrase, purpose)
    if not scope.may_share:
        raise NotFound("Links are made by managers.")
    link_id, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_bytes(16)
    record = {
        "link_id": link_id,
        "client_id": client_id,
        "purpose": clean_note(purpose),
        "secret_sha256": _fingerprint(secret),
        "phrase_salt": salt.hex() if pass_phrase else None,
        "phrase_scrypt": _stretch(pass_phrase, salt).hex() if pass_phrase else None,
        "answer_limit": answer_limit,
        "expires_utc": dt.datetime.now(dt.UTC) + dt.timedelta(days=days),
        "made_by": scope.viewer,
    }
    with database.write() as connection:
        if not visible_client(connection, scope, client_id):
            raise NotFound("There is no such client, or it has no business yet.")
        insert_link(connection, record)
        told = {"client": client_id, "days": days, "limit": answer_limit, "pass_phrase": bool(pass_phrase)}
        append_audit(connection, scope.viewer, "make_link", "link", link_id, told)
    return f"{link_id}.{secret}"


def revoke_link(database: Database, scope: Scope, link_id: str) -> None:
    """End a link at once; a second time does nothing.

    Raises:
        NotFound: the viewer has no such link, or may not share.
    """
    with database.write() as connection:
        link = load_link(connection, link_id) if scope.may_share else None
        if link is None or not visible_client(connection, scope, link.client_id):
            raise NotFound("There is no such link.")
        if not link.revoked:
            append_revocation(connection, link_id, scope.viewer)
            append_audit(connection, scope.viewer, "revoke_link", "link", link_id, {"client": link.client_id})


def open_link(database: Database, token: str, key: bytes = b"", *, first: bool = False) -> LinkVisit:
    """What a link opens now. Call it at every run, so that a revoked link ends at once.

    Args:
        database: the open database.
        token: what the address holds.
        key: what `unlock_link` gave, where the link has a pass phrase.
        first: whether this is the visitor's first run, which the audit log tells of.

    Raises:
        LinkRefused: the link does not open.
    """
    with database.read() as connection:
        link, refusal = _examine(connection, token)
        unlocked = refusal == "" and _unlocks(link, key)
        businesses = load_client_businesses(connection, link.client_id) if unlocked else []
    if refusal:
        _log_refusal(database, link, refusal)
        raise LinkRefused
    if first and unlocked:
        with database.write() as connection:
            append_audit(connection, link_viewer(link.link_id), "open_link", "link", link.link_id)
    scope = Scope(link_viewer(link.link_id), Role.CLIENT, frozenset(businesses)) if unlocked else None
    left = int(link.answer_limit - link.answers)
    return LinkVisit(link.link_id, scope, link.client if unlocked else "", link.expires_utc, left)


def unlock_link(database: Database, token: str, pass_phrase: str) -> bytes:
    """The key that a right pass phrase gives for `open_link`.

    Every try counts, the right ones too, before it is looked at: however many come at once, no more than
    `TRIES_PER_LINK` are compared within `WINDOW`.

    Raises:
        LinkRefused: the link does not open.
        BadInput: the pass phrase is wrong, or there were too many tries; the message is the same.
    """
    visit = open_link(database, token)
    with database.write() as connection:
        link = load_link(connection, visit.link_id)
        tried = _tries(connection, visit.link_id)
        limited = tried[0] >= TRIES_PER_LINK or tried[1] >= TRIES_IN_ALL
        if not limited:
            append_attempt(connection, visit.link_id, "pass_phrase")
    if link is None or link.phrase_salt is None:
        return b""
    key = b"" if limited else _stretch(pass_phrase[:LONGEST_PHRASE], bytes.fromhex(link.phrase_salt))
    if not hmac.compare_digest(key.hex(), link.phrase_scrypt):
        with database.write() as connection:
            told = {"limited": limited}
            append_audit(
                connection, link_viewer(visit.link_id), "pass_phrase_refused", "link", visit.link_id, told
            )
        raise BadInput(WRONG_PHRASE)
    return key


def answer_through_link(
    database: Database,
    models: ActiveModels,
    token: str,
    key: bytes,
    review_id: int,
    answer: str,
    note: str = "",
    sampled_id: str | None = None,
) -> int:
    """Confirm or correct a reading through a link; how many answers it still takes.

    The link is examined within the same transaction, so that no answer passes its limit or its end.

    Raises:
        LinkRefused: the link does not open, or not without its pass phrase.
        BadInput: the answer is no verdict, or the note is too long.
        NotFound: the review is none of this client's, or was not sampled.
    """
    with database.write() as connection:
        link, refusal = _examine(connection, token)
        refusal = refusal or ("" if _unlocks(link, key) else "pass phrase")
        if not refusal:
            businesses = load_client_businesses(connection, link.client_id)
            scope = Scope(link_viewer(link.link_id), Role.CLIENT, frozenset(businesses))
            store_check(connection, scope, models, review_id, answer, note, sampled_id)
            after = load_link(connection, link.link_id)
            return int(after.answer_limit - after.answers) if after else 0
    _log_refusal(database, link, refusal)
    raise LinkRefused


def _check_terms(days: int, answer_limit: int, pass_phrase: str, purpose: str) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(f"A link ends after 1 to {MOST_DAYS} days, not {days}.")
    if not 1 <= answer_limit <= MOST_ANSWERS:
        raise BadInput(f"A link takes 1 to {MOST_ANSWERS:,} answers, not {answer_limit:,}.")
    if pass_phrase and not SHORTEST_PHRASE <= len(pass_phrase) <= LONGEST_PHRASE:
        raise BadInput(f"A pass phrase has {SHORTEST_PHRASE} to {LONGEST_PHRASE} characters.")
    if len(purpose) > PURPOSE_LIMIT:
        raise BadInput(f"What the link is for takes at most {PURPOSE_LIMIT} characters.")


def _examine(connection: sa.Connection, token: str) -> tuple[Any, str]:
    """The stored link (None where there is none) and why it does not open; empty where it does.

    All conditions are looked at, whichever fails, so that the time tells nothing.
    """
    match = _TOKEN.fullmatch(token)
    link_id, secret = match.groups() if match else ("", "")
    link = load_link(connection, link_id)
    stored = link.secret_sha256 if link else _NOTHING
    right = hmac.compare_digest(_fingerprint(secret), stored)
    conditions = {
        "unknown": link is not None,
        "wrong secret": right,
        "revoked": link is not None and not link.revoked,
        "expired": link is not None and link.expires_utc > dt.datetime.now(dt.UTC),
        "used up": link is not None and link.answers < link.answer_limit,
    }
    return link, next((why for why, met in conditions.items() if not met), "")


def _unlocks(link: Any, key: bytes) -> bool:
    return link.phrase_scrypt is None or hmac.compare_digest(key.hex(), link.phrase_scrypt)


def _tries(connection: sa.Connection, link_id: str) -> tuple[int, int]:
    since = dt.datetime.now(dt.UTC) - WINDOW
    return (
        count_attempts(connection, "pass_phrase", since, link_id),
        count_attempts(connection, "pass_phrase", since),
    )


def _log_refusal(database: Database, link: Any, why: str) -> None:
    """Record a refusal, up to a limit: a flood of forged addresses shall not fill the log."""
    link_id = link.link_id if link is not None else ""
    with database.write() as connection:
        if count_attempts(connection, "refused", dt.datetime.now(dt.UTC) - WINDOW) >= REFUSALS_LOGGED:
            return
        append_attempt(connection, link_id, "refused")
        actor = link_viewer(link_id) if link_id else "unknown link"
        append_audit(connection, actor, "link_refused", "link", link_id or "unknown", {"because": why})


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _stretch(pass_phrase: str, salt: bytes) -> bytes:
    """scrypt (RFC 7914) with 16 MB and five passes, as OWASP's password storage notes advise."""
    return hashlib.scrypt(pass_phrase.encode(), salt=salt, n=2**14, r=8, p=5, dklen=32)
