"""Who looks, at what, with which models: the session of one script run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from peachdash.jobs.service import Service, get_service
from peachdash.queries.version import fetch_data_version
from peachdash.records import ActiveModels, Scope
from peachdash.ui.frame import require_frame
from peachdash.ui.signed_in import current_identity, require_fresh, require_loopback, signed_in_scope
from peachdash.ui.view_as import viewed_scope
from peachdash.workflows.sign_in import load_scope


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
        return f"{self.service.settings.database}|{self.version}|{self.scope.key}|{self.models.revisions}"


def current_scope() -> Scope:
    """The scope of whoever uses this browser session; there is no way to data but through it.

    In local mode one person has all roles, and may look at things as another.

    Raises:
        SignInRefused: in server mode, whoever is not signed in, unknown, deactivated or signed out.
        BadInput: local mode listens on an address that others can reach.
    """
    service = get_service()
    if service.settings.mode == "server":
        return signed_in_scope(service)
    require_loopback()
    return viewed_scope(service.database, Scope.everything())


def open_session() -> Session:
    """The session of a page, which must run inside the frame of the entry script.

    Raises:
        SignInRefused: nobody who may come in is signed in.
        DatabaseLocked: another process holds the database.
        ModelUnavailable: the champion or the generic model is missing.
    """
    require_frame()
    return renew_session()


def renew_session() -> Session:
    """The session of a fragment, which runs again by itself; rights are looked up anew.

    Raises:
        SignInRefused: nobody who may come in is signed in.
        DatabaseLocked: another process holds the database.
        ModelUnavailable: the champion or the generic model is missing.
    """
    scope, service = current_scope(), get_service()
    with service.database.read() as connection:
        version = fetch_data_version(connection, scope)
    return Session(service, scope, service.active_models(), version)


def later_session(session: Session) -> Callable[[], Session]:
    """What gives the session again after the script run, for a download; rights are looked up anew then.

    Raises (when it is called):
        SignInRefused: the viewer may no longer come in.
    """
    service = session.service
    if service.settings.mode == "local":
        return lambda: session
    identity = current_identity(service.settings)

    def look_again() -> Session:
        require_fresh(identity, service.settings)
        return replace(session, scope=load_scope(service.database, identity))

    return look_again
