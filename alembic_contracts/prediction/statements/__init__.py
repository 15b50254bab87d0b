"""One table of all kinds of statements: what applies it, why it is harmless, or why it is not understood."""

from __future__ import annotations

from collections.abc import Mapping

from alembic_contracts.prediction.run import Doubtful, Handler, Harmless

__all__ = ["STATEMENTS"]

STATEMENTS: Mapping[str, Handler | Harmless | Doubtful] = {}
