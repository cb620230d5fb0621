"""`peachdash serve`: Streamlit in this process, with the database and the supervisor beside it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from peachdash.config import REPOSITORY, Settings
from peachdash.errors import BadInput
from peachdash.jobs.service import get_service, stop_service

HOST = "127.0.0.1"


def serve_dashboard(settings: Settings, *, port: int | None = None, browser: bool = True) -> None:
    """Open the dashboard and block until it is stopped.

    Raises:
        BadInput: the port is taken, or the application file is missing.
        DatabaseLocked: another process holds the database.
    """
    chosen = port or settings.port
    page = REPOSITORY / "app.py"
    if not page.is_file():
        raise BadInput(f"{page} is missing: run `peachdash serve` from a checkout of the repository.")
    _require_free(chosen)
    os.environ["PEACHDASH_PORT"] = str(chosen)
    get_service()
    print(f"Peachdash: http://{HOST}:{chosen}  (Ctrl-C ends it)", file=sys.stderr, flush=True)
    try:
        _run_streamlit(page, chosen, browser)
    finally:
        stop_service()


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadInput(
                f"Port {port} on {HOST} is taken ({error.strerror}). Stop what uses it, or choose another: "
                f"`peachdash serve --port {port + 1}`."
            ) from error


def _run_streamlit(page: Path, port: int, browser: bool) -> None:
    from streamlit import config
    from streamlit.web import bootstrap

    os.chdir(page.parent)
    options = {
        "server.address": HOST,
        "server.port": port,
        "server.headless": not browser or not _has_display(),
        "browser.gatherUsageStats": False,
        "server.fileWatcherType": "none",
    }
    bootstrap.load_config_options({name.replace(".", "_"): value for name, value in options.items()})
    for name, value in options.items():
        config.set_option(name, value)
    bootstrap.run(str(page), False, [], {})


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
