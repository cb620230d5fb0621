"""Alembic's entry: migrations run on the connection that the caller brings."""

from alembic import context

from peachdash.storage.migrate import record_step
from peachdash.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    on_version_apply=record_step,
    transactional_ddl=False,
)
context.run_migrations()
