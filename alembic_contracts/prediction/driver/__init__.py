"""Room prediction/driver."""
