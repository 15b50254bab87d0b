"""Real public Alembic histories, to measure prediction against a real PostgreSQL or SQLite.

``python -m benchmarks.histories run`` downloads pinned packages from PyPI into a cache outside of the repository,
applies their migrations to a scratch database, predicts the same migrations without it, and compares the two fact by
fact.
``python -m benchmarks.histories mutate`` plants breaks in copies of their scripts and asks whether they are found.
"""
