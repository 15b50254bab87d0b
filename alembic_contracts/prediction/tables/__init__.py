"""Room prediction/tables."""
