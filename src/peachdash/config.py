"""Settings, read from the environment: every name starts with PEACHDASH_."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from peachdash.errors import BadInput

REPOSITORY = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.lower() == "localhost"


class Settings(BaseSettings):
    """Where things lie and what a scoring run may use.

    Attributes:
        home: folder of everything that a running Peachdash writes (database, jobs, inbox, logs).
        database_url: SQLAlchemy URL; empty means a DuckDB file in `home`.
        models: folder with one sub-folder for each shipped model.
        data: folder with the demo businesses, reviews and labels.
        encoders: folder in which encoders that pip does not install are unpacked.
        real_sets: folder with published review sets in `reviews/`; without it nothing is measured on them.
        general_text: folder of the two packages whose general text a training replays.
        device: where models compute; `auto` takes CUDA where there is one.
        batch_tokens: token budget of one batch; 0 lets the device decide.
        threads: CPU threads of a scoring worker; 0 means all cores.
        port: port of the dashboard.
        mode: `local` is for one person on this machine, without sign-in; `server` signs people in.
        address: where the dashboard listens; any but the machine's own takes the server mode.
        secrets: TOML file that names the OpenID Connect provider; see docs/deployment.md.
        session_hours: how long a sign-in lasts.
        trust_email: take the provider's e-mail for verified where it does not say (Microsoft Entra).
        minimum_n: below this many reviews a rate is "too few reviews".
        log_level: level of the log file and of standard error.
    """

    model_config = SettingsConfigDict(env_prefix="PEACHDASH_", extra="ignore")

    home: Path = Field(default_factory=lambda: Path.home() / ".peachdash")
    database_url: str = ""
    models: Path = REPOSITORY / "models"
    data: Path = REPOSITORY / "data"
    encoders: Path = REPOSITORY / ".cache" / "encoders"
    real_sets: Path = REPOSITORY.parent / "shared" / "data"
    general_text: Path = REPOSITORY / ".cache" / "general-text"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    batch_tokens: int = Field(default=0, ge=0, le=1_000_000)
    threads: int = Field(default=0, ge=0, le=1024)
    port: int = Field(default=8501, ge=1, le=65535)
    mode: Literal["local", "server"] = "local"
    address: str = Field(default=LOOPBACK, min_length=1)
    secrets: Path = REPOSITORY / ".streamlit" / "secrets.toml"
    session_hours: float = Field(default=12, gt=0, le=24 * 30)
    trust_email: bool = False
    minimum_n: int = Field(default=10, ge=1)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator(
        "home", "models", "data", "encoders", "secrets", "general_text", "real_sets", mode="before"
    )
    @classmethod
    def _absolute(cls, value: Path | str) -> Path:
        """Paths do not move when a process changes its own; `~` is the user's home."""
        if not str(value).strip():
            raise ValueError("expected a path, got nothing")
        return Path(value).expanduser().absolute()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        """Levels may be written in any case."""
        return value.strip().upper() if isinstance(value, str) else value

    @property
    def database(self) -> str | Path:
        """What `open_database` takes: the URL that was set, else the DuckDB file in `home`."""
        return self.database_url or self.home / "peachdash.duckdb"

    @property
    def jobs(self) -> Path:
        return self.home / "jobs"

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def trained(self) -> Path:
        """Folder of the models that were trained here, one sub-folder for each, named by its revision."""
        return self.home / "models"

    @property
    def trainings(self) -> Path:
        """Folder of the trainings, one run folder for each, with what they left."""
        return self.home / "trainings"


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        BadInput: a variable has a value that its setting cannot take; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "PEACHDASH_" + "_".join(str(part) for part in first["loc"]).upper()
        told = first["msg"].removeprefix("Value error, ")
        raise BadInput(f"{name}={first['input']!r} cannot be used: {told[:1].lower()}{told[1:]}.") from error
