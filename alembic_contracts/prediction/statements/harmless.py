"""Statements that cannot change the shape of a table, and those whose effect is not known."""

HANDLERS = {}
