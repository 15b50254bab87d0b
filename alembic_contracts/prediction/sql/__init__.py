"""Room prediction/sql."""
