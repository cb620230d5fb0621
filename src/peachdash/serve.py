"""`peachdash serve`: Streamlit in this process, with the database and the supervisor beside it."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Any

from peachdash.config import REPOSITORY, Settings, is_loopback
from peachdash.errors import BadInput
from peachdash.jobs.service import get_service, stop_service
from peachdash.ui.providers import read_providers


def serve_dashboard(
    settings: Settings, *, port: int | None = None, address: str | None = None, browser: bool = True
) -> None:
    """Open the dashboard and block until it is stopped.

    Raises:
        BadInput: the port is taken, the application file is missing, local mode is to listen on another
            address than this machine's own, or the server mode has no provider to sign in with.
        DatabaseLocked: another process holds the database.
    """
    chosen, host = port or settings.port, address or settings.address
    page = REPOSITORY / "app.py"
    if not page.is_file():
        raise BadInput(f"{page} is missing: run `peachdash serve` from a checkout of the repository.")
    options = streamlit_options(settings, host, chosen)
    _require_free(host, chosen)
    os.environ["PEACHDASH_PORT"] = str(chosen)
    get_service()
    shown = options.pop("shown")
    print(f"Peachdash: {shown}  (Ctrl-C ends it)", file=sys.stderr, flush=True)
    try:
        open_browser = browser and settings.mode == "local" and _has_display()
        _run_streamlit(page, {**options, "server.headless": not open_browser})
    finally:
        stop_service()


def streamlit_options(settings: Settings, host: str, port: int) -> dict[str, Any]:
    """Streamlit's options for a mode, and as `shown` the address that people open.

    Raises:
        BadInput: as `serve_dashboard`.
    """
    options: dict[str, Any] = {
        "server.address": host,
        "server.port": port,
        "browser.gatherUsageStats": False,
        "server.fileWatcherType": "none",
        "client.disableDataExport": True,
    }
    if settings.mode == "local":
        if not is_loopback(host):
            raise BadInput(
                f"Local mode knows no sign-in, so it listens on 127.0.0.1 only, not on {host}. "
                "For others set PEACHDASH_MODE=server; docs/deployment.md says how."
            )
        return {**options, "shown": f"http://{_in_url(host)}:{port}"}
    providers = read_providers(settings)
    public = {"browser.serverAddress": providers.host, "secrets.files": [str(settings.secrets)]}
    return {**options, **public, "server.enableXsrfProtection": True, "shown": providers.public_url}


def _in_url(host: str) -> str:
    return f"[{host.strip('[]')}]" if ":" in host else host


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise BadInput(f"{host} is no address of this machine ({error.strerror}).") from error
            raise BadInput(
                f"Port {port} on {host} is taken ({error.strerror}). Stop what uses it, or choose another: "
                f"`peachdash serve --port {port + 1}`."
            ) from error


def _run_streamlit(page: Path, options: dict[str, Any]) -> None:
    from streamlit import config
    from streamlit.web import bootstrap

    os.chdir(page.parent)
    bootstrap.load_config_options({name.replace(".", "_"): value for name, value in options.items()})
    for name, value in options.items():
        config.set_option(name, value)
    bootstrap.run(str(page), False, [], {})


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
