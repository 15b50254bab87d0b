"""What scripts are refused while they are predicted, as errors."""

__all__ = ["OutsideReachedError", "RealDatabaseReachedError"]


class OutsideReachedError(PermissionError):
    """A script was about to change something outside of the process, which prediction does not allow."""


class RealDatabaseReachedError(Exception):
    """A script opened a connection of its own to a real database, which prediction does not allow."""
