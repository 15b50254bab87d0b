"""Alembic refuses a migration that breaks a data contract."""
