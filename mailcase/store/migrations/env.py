"""What Alembic runs: the steps, inside the transaction that `migrate.upgrade` has opened."""

from alembic import context

from mailcase.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
