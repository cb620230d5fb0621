"""The sign-in providers that the secrets file names, checked before anybody is let near them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from peachdash.config import Settings, is_loopback
from peachdash.errors import BadInput

CALLBACK = "/oauth2callback"
COOKIE_SECRET_CHARACTERS = 32
_PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")
_HELP = "docs/deployment.md shows an example."


@dataclass(frozen=True)
class Providers:
    """Where people sign in.

    Attributes:
        names: as `st.login` takes them; None stands for the one provider that has no name.
        public_url: scheme, host and port at which browsers reach the dashboard.
    """

    names: tuple[str | None, ...]
    public_url: str

    @property
    def host(self) -> str:
        return urlsplit(self.public_url).hostname or ""


def read_providers(settings: Settings) -> Providers:
    """What the secrets file says, as far as it is no secret.

    Raises:
        BadInput: there is no such file, or something in it is missing, weak or unsafe.
    """
    section = _auth_section(settings.secrets)
    public_url = _public_url(str(section.get("redirect_uri", "")))
    if len(str(section.get("cookie_secret", ""))) < COOKIE_SECRET_CHARACTERS:
        raise BadInput(
            f"{settings.secrets}: [auth] cookie_secret should be at least {COOKIE_SECRET_CHARACTERS} random "
            f"characters. {_HELP}"
        )
    found: list[tuple[str | None, Mapping[str, Any]]] = [
        (name, part) for name, part in section.items() if isinstance(part, Mapping) and "_" not in name
    ] or [(None, section)]
    for name, part in found:
        missing = [key for key in _PROVIDER_KEYS if not part.get(key)]
        if missing:
            where = f"[auth.{name}]" if name else "[auth]"
            raise BadInput(f"{settings.secrets}: {where} lacks {', '.join(missing)}. {_HELP}")
        _require_https(str(part["server_metadata_url"]), "server_metadata_url")
    return Providers(tuple(name for name, _ in found), public_url)


def _auth_section(path: Path) -> Mapping[str, Any]:
    try:
        section = tomllib.loads(path.read_text(encoding="utf-8")).get("auth")
    except FileNotFoundError as error:
        raise BadInput(f"The server mode needs sign-in secrets in {path}. {_HELP}") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as TOML ({type(error).__name__}). {_HELP}") from error
    if not isinstance(section, Mapping):
        raise BadInput(f"{path} has no section [auth]. {_HELP}")
    return section


def _public_url(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.endswith(CALLBACK):
        raise BadInput(
            f"[auth] redirect_uri should be the public address with {CALLBACK} at its end, such as "
            f"https://reviews.example.com{CALLBACK}. {_HELP}"
        )
    _require_https(redirect_uri, "redirect_uri")
    return f"{parts.scheme}://{parts.netloc}"


def _require_https(url: str, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise BadInput(
            f"[auth] {name} should begin with https://: people's sign-ins pass through it. {_HELP}"
        )
