"""A way to run the scripts in one world in, what they lead to in each of the worlds out.

What rows tables have that others filled is not known. So there are two worlds: in one they are empty, in the other each
holds a row. Where a script raises on what it finds in one of them, the run is repeated with that revision in the other.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.schemas.steps import Prediction, World

__all__ = ["Played", "Turns", "in_worlds"]

_MOST_TURNED = 10
"""Revisions of one run that are played in the other world; each costs another run."""


class Turns(Struct, frozen=True):
    """In which world each revision is played."""

    world: World
    turned: frozenset[str] = frozenset()
    """Revisions that are played in the other world: in this one they raise."""
    may_turn: frozenset[str] | None = None
    """Those that may be (None: all): of the world with rows, those that ran to their end without."""

    def of(self, revision: str) -> World:
        """Return the world of a revision."""
        return self.world if revision not in self.turned else ("row" if self.world == "empty" else "empty")

    def may_go_on(self, revision: str) -> bool:
        """Whether it may be worth it to be able to go on from a revision: with rows some raise, without hardly any."""
        return self.world == "row" and self.can_turn(revision)

    def can_turn(self, revision: str) -> bool:
        """Whether a revision that raises can be played in the other world."""
        if revision in self.turned or len(self.turned) >= _MOST_TURNED:
            return False
        return self.may_turn is None or revision in self.may_turn


class Played(Struct, frozen=True, kw_only=True):
    """What came of a run of the scripts in one world."""

    prediction: Prediction
    last: str
    """The last revision that was run."""
    through: frozenset[str] = frozenset()
    """The revisions that ran to their end in this world."""
    read_unknown_rows: bool = False
    """Whether a script looked at rows of a table whose contents are not known."""
    asked_for_unread: bool = False
    """Whether a script needed more of the database than the baseline has."""


def in_worlds(play: Callable[[Turns], Played]) -> tuple[Prediction, ...]:
    """Return what the scripts lead to in the world without rows, and where they look at rows in that with them.

    Where a script raises in a world there is another prediction, in which that revision finds what it would in the
    other one; that which was cut off then has a ``cut``, and comes after those that go on.

    Args:
        play: runs the scripts once, each revision in its world.
    """
    worlds: list[World] = ["empty"]
    predictions: list[Prediction] = []
    without_rows: frozenset[str] | None = None
    for world in worlds:
        turns, goes_on = Turns(world, may_turn=without_rows), True
        while goes_on:
            played = play(turns)
            if played.read_unknown_rows and "row" not in worlds:
                worlds.append("row")
            predictions.append(played.prediction)
            goes_on = played.prediction.cut is not None
            turns = replace(turns, turned=turns.turned | {played.last})
        without_rows = played.through
    return tuple(sorted(predictions, key=lambda prediction: prediction.cut is not None))
