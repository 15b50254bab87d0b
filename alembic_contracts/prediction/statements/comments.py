"""COMMENT ON every kind of object."""

HANDLERS = {}
