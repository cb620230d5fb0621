"""Runs the dashboard over PEACHDASH_HOME with two fixed revisions, and no worker: `python … PORT`."""

from __future__ import annotations

import sys

import peachdash.sentiment.active as active
from peachdash.config import load_settings
from peachdash.jobs.supervisor import Supervisor
from peachdash.records import ActiveModels

MODELS = ActiveModels(champion="small-champion0001", generic="small-generic00001")


def main(port: int) -> None:
    """Serve until killed, in the mode that the environment sets."""
    active.find_active = lambda settings: MODELS
    Supervisor.start = lambda self: None
    Supervisor.stop = lambda self: None
    from peachdash.serve import serve_dashboard  # it takes the revisions as they are now

    serve_dashboard(load_settings(), port=port, browser=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
