"""Room contracts."""
