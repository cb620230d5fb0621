"""Giving work to the running `serve`, from a command that cannot open the database meanwhile."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from typing import Any

from peachdash import errors
from peachdash.config import Settings
from peachdash.errors import JobFailed, PeachdashError
from peachdash.jobs.runs import read_json, write_json
from peachdash.jobs.serving import find_serve

REQUESTS = ".requests"
PATIENCE_SECONDS = 600.0


def hand_over(
    settings: Settings,
    request: dict[str, Any],
    data: bytes = b"",
    *,
    on_wait: Callable[[], None] | None = None,
    poll_seconds: float = 0.1,
) -> dict[str, Any]:
    """Give a request to the running `serve` and wait for its answer.

    Raises:
        PeachdashError: of the class that the request would raise here.
        JobFailed: `serve` ended before it answered, does not answer, or failed.
    """
    folder = settings.inbox / REQUESTS / f"{time.time_ns():020d}-{secrets.token_hex(3)}"
    building = folder.with_name(f".{folder.name}")
    building.mkdir(parents=True)
    (building / "data").write_bytes(data)
    write_json(building / "request.json", request)
    building.rename(folder)
    started = time.monotonic()
    try:
        while not (folder / "answer.json").exists():
            if find_serve(settings) is None:
                raise JobFailed(
                    "`peachdash serve` ended before it answered; what was asked may be done. "
                    "Asking again does no harm."
                )
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise JobFailed("`peachdash serve` does not answer; see its log, and restart it.")
            if on_wait is not None:
                on_wait()
            time.sleep(poll_seconds)
        return _unpack(read_json(folder / "answer.json"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def score_by_serve(
    settings: Settings, viewer: str, on_wait: Callable[[], None], poll_seconds: float = 1.0
) -> int:
    """Have `serve` read all that waits; how many texts it read.

    Raises:
        JobFailed: the scoring failed; the message says why.
    """
    waiting = _most_waiting(hand_over(settings, {"kind": "score", "viewer": viewer}))
    left = waiting
    while left:
        on_wait()
        time.sleep(poll_seconds)
        answer = hand_over(settings, {"kind": "status", "viewer": viewer})
        left = _most_waiting(answer)
        scoring = answer.get("scoring") or {}
        if left and scoring.get("state") == "failed":
            raise JobFailed(f"The scoring failed: {scoring.get('error') or 'see the log of `serve`'}.")
    return waiting


def _most_waiting(status: dict[str, Any]) -> int:
    return max(map(int, status["waiting"].values()), default=0)


def _unpack(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer.get("error")
    if error is None:
        result: dict[str, Any] = answer["result"]
        return result
    kind = getattr(errors, str(answer.get("kind")), JobFailed)
    known = isinstance(kind, type) and issubclass(kind, PeachdashError)
    raise (kind if known else JobFailed)(error)
