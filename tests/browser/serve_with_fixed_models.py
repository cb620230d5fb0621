"""Runs the dashboard over PEACHDASH_HOME with two fixed revisions, and no worker: `python … PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

import peachdash.sentiment.active as active
from peachdash.jobs.supervisor import Supervisor
from peachdash.records import ActiveModels

MODELS = ActiveModels(champion="small-champion0001", generic="small-generic00001")
APP = Path(__file__).resolve().parents[2] / "app.py"


def main(port: int) -> None:
    """Serve until killed."""
    active.find_active = lambda settings: MODELS
    Supervisor.start = lambda self: None
    Supervisor.stop = lambda self: None
    from streamlit.web import bootstrap

    options = {"server_port": port, "server_headless": True, "server_address": "127.0.0.1"}
    bootstrap.load_config_options(options)
    bootstrap.run(str(APP), False, [], options)


if __name__ == "__main__":
    main(int(sys.argv[1]))
