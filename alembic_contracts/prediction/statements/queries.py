"""Statements that read and write rows: SELECT, INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE."""

HANDLERS = {}
