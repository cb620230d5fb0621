"""Who looks, at what, with which models: the session of one script run."""

from __future__ import annotations

from dataclasses import dataclass

from peachdash.jobs.service import Service, get_service
from peachdash.queries.version import fetch_data_version
from peachdash.records import ActiveModels, Scope
from peachdash.ui.frame import require_frame


@dataclass(frozen=True)
class Session:
    """What a page works with.

    Attributes:
        service: database, settings and supervisor of this process.
        scope: whose reviews the viewer may see.
        models: champion and generic revision.
        version: changes whenever stored data do; the key of cached reads.
    """

    service: Service
    scope: Scope
    models: ActiveModels
    version: str

    @property
    def cache_key(self) -> str:
        """Everything that an answer depends on beside the question."""
        seen = "all" if self.scope.business_ids is None else ",".join(sorted(self.scope.business_ids))
        return f"{self.service.settings.database}|{self.version}|{seen}|{self.models.revisions}"


def current_scope() -> Scope:
    """The scope of whoever uses this browser session. In local mode one person has all roles."""
    return Scope.everything()


def open_session() -> Session:
    """The session of a page, which must run inside the frame of the entry script.

    Raises:
        DatabaseLocked: another process holds the database.
        ModelUnavailable: the champion or the generic model is missing.
    """
    require_frame()
    return renew_session()


def renew_session() -> Session:
    """The session of a fragment, which runs again by itself.

    Raises:
        DatabaseLocked: another process holds the database.
        ModelUnavailable: the champion or the generic model is missing.
    """
    service, scope = get_service(), current_scope()
    with service.database.read() as connection:
        version = fetch_data_version(connection, scope)
    return Session(service, scope, service.active_models(), version)
