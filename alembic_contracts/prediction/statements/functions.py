"""Functions, procedures and aggregates: what is remembered of their bodies."""

HANDLERS = {}
