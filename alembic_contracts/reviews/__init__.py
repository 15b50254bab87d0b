"""Room reviews."""
