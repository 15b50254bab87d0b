"""Room prediction/catalog."""
