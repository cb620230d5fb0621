"""Bringing a database to the current schema, with Alembic; each step is recorded with its time."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from peachdash.errors import DatabaseTooNew

log = logging.getLogger(__name__)

_history = sa.Table(
    "schema_history",
    sa.MetaData(),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("applied_utc", sa.DateTime(timezone=True), nullable=False),
)


def schema_version(connection: sa.Connection) -> str | None:
    """The version that the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade_schema(connection: sa.Connection) -> None:
    """Apply the migrations that the database lacks, within the caller's transaction.

    Raises:
        DatabaseTooNew: the database is at a version that this program does not know.
    """
    config = _config(connection)
    scripts = ScriptDirectory.from_config(config)
    current = schema_version(connection)
    if current == scripts.get_current_head():
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        raise DatabaseTooNew(
            f"The database is at schema version {current}, which a later Peachdash wrote; this one knows "
            f"{scripts.get_current_head()}. Install that version, or set PEACHDASH_HOME to another folder."
        )
    command.upgrade(config, "head")


def record_step(ctx: MigrationContext, step: Any, heads: Any, run_args: Any) -> None:
    """Write one line of history for each migration (Alembic's `on_version_apply`)."""
    connection = ctx.connection
    if connection is None:
        return
    _history.create(connection, checkfirst=True)
    version = step.up_revision_id
    connection.execute(sa.insert(_history).values(version=version, applied_utc=dt.datetime.now(dt.UTC)))
    log.info("schema version %s applied", version)


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
