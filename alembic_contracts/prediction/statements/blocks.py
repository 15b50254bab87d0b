"""DO blocks and CALL."""

HANDLERS = {}
