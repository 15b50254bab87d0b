"""Settings of the session, prepared statements, DISCARD."""

HANDLERS = {}
