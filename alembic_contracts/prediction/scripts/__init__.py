"""Room prediction/scripts."""
