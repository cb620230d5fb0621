"""How the last scoring of a home went: for `peachdash status`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from peachdash.jobs.runs import read_json, write_json

FILE = "last_scoring.json"


def remember_speed(jobs: Path, device: str, precision: str, texts: int, seconds: float) -> None:
    """Keep what a finished run was.

    Args:
        device: cpu or cuda.
        precision: that the models computed in.
        texts: distinct ones that were read.
        seconds: loading left out.
    """
    jobs.mkdir(parents=True, exist_ok=True)
    content = {
        "device": device,
        "precision": precision,
        "texts": texts,
        "texts_per_second": round(texts / max(seconds, 1e-9), 1),
        "ended_utc": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    write_json(jobs / FILE, content)


def find_speed(jobs: Path) -> dict[str, Any] | None:
    """What `remember_speed` kept: device, precision, texts, texts_per_second, ended_utc; None before any."""
    return read_json(jobs / FILE) or None
