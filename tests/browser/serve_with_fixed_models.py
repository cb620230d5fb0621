"""Runs the dashboard over PEACHDASH_HOME with two fixed revisions, and no worker: `python … PORT`.

A file `clock-ahead-hours` in the home puts the clock ahead by which the age of a sign-in is told.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from types import SimpleNamespace

import peachdash.sentiment.active as active
from peachdash.config import load_settings
from peachdash.jobs.supervisor import Supervisor
from peachdash.records import ActiveModels

MODELS = ActiveModels(champion="small-champion0001", generic="small-generic00001")


def clock_of(home: Path) -> type[dt.datetime]:
    """A datetime whose `now` is ahead by what the file says, if there is one."""

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            file = home / "clock-ahead-hours"
            hours = float(file.read_text() or 0) if file.exists() else 0.0
            return dt.datetime.now(tz) + dt.timedelta(hours=hours)

    return Clock


def main(port: int) -> None:
    """Serve until killed, in the mode that the environment sets."""
    active.find_active = lambda settings: MODELS
    Supervisor.start = lambda self: None
    Supervisor.stop = lambda self: None
    import peachdash.ui.signed_in as signed_in

    settings = load_settings()
    signed_in.dt = SimpleNamespace(datetime=clock_of(settings.home), UTC=dt.UTC)
    from peachdash.serve import serve_dashboard  # it takes the revisions as they are now

    serve_dashboard(settings, port=port, browser=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
