"""The one open database and supervisor of a serving process, shared by all its sessions."""

from __future__ import annotations

import atexit
import threading
from dataclasses import dataclass

from peachdash.config import Settings, load_settings
from peachdash.errors import DatabaseLocked
from peachdash.jobs.serving import ServeLock, find_serve
from peachdash.jobs.supervisor import Supervisor
from peachdash.logs import configure_logging
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.active import find_active
from peachdash.storage.database import Database, open_database
from peachdash.workflows.models import settle_champion


@dataclass(frozen=True)
class Service:
    """What a page needs: settings, the database and the supervisor of the work behind it."""

    settings: Settings
    database: Database
    supervisor: Supervisor
    lock: ServeLock | None = None

    def active_models(self) -> ActiveModels:
        """The champion and generic revisions now; a promotion shows at the next call."""
        return find_active(self.settings)


_starting = threading.Lock()
_service: Service | None = None


def get_service() -> Service:
    """The service of this process, started at the first call.

    Raises:
        DatabaseLocked: another process holds the database.
        BadInput: a setting cannot be used.
    """
    global _service
    with _starting:
        if _service is None:
            _service = _start(load_settings())
        return _service


def stop_service() -> None:
    """End supervisor, worker and database; the next `get_service` starts anew."""
    global _service
    with _starting:
        if _service is not None:
            _service.supervisor.stop()
            _service.database.close()
            if _service.lock is not None:
                _service.lock.release()
            _service = None


def _start(settings: Settings) -> Service:
    configure_logging(settings, "serve")
    lock = ServeLock(settings)
    if not lock.acquire():
        other = find_serve(settings)
        where = f": process {other.pid}, http://127.0.0.1:{other.port}" if other else ""
        raise DatabaseLocked(f"A dashboard is running for {settings.home} already{where}.")
    try:
        database = open_database(settings.database)
    except BaseException:
        lock.release()
        raise
    settle_champion(database, Scope.everything("peachdash"), settings)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(database, settings)
    supervisor.start()
    atexit.register(stop_service)
    return Service(settings, database, supervisor, lock)
