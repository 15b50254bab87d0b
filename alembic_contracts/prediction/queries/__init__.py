"""Room prediction/queries."""
