"""Alembic refuses a migration that breaks a data contract.

``guard`` is the one line for env.py::

    with context.begin_transaction(), alembic_contracts.guard(context):
        context.run_migrations()
"""

from alembic_contracts.guard import guard

__all__ = ["guard"]
