"""Room schemas."""
