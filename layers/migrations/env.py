"""Runs the migrations on the connection that `layers.engine.upgrade_schema` gives; there is no other way in."""

from alembic import context

from layers.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transaction_per_migration=False
)
context.run_migrations()
