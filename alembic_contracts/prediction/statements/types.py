"""Placeholder."""

HANDLERS = {}


def alter_composite(run, node): ...
