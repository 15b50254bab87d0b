"""Room support."""
