"""Alembic's environment: migrations run on the engine that the caller gives."""

from alembic import context

import services.charts.tables
import services.runtime.tables  # noqa: F401  # both fill the shared metadata
from services.runtime.database import metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
