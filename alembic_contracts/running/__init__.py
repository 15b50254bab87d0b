"""Room running."""
