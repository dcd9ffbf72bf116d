"""Run by Alembic: the connection is given by `mining.register.opening`, which holds the transaction."""

from __future__ import annotations

from alembic import context

from mining.register.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
