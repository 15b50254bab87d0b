"""The schemas that a run of revisions goes through, as immutable values: one after every operation it carries out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.schemas.schema import Name, Schema

__all__ = [
    "FAILS_BY_ROWS",
    "GOES_BY_CHANCE",
    "GOES_BY_FILE",
    "GOES_BY_ROWS",
    "MAY_REFUSE",
    "REFUSED",
    "Location",
    "Operation",
    "Prediction",
    "Step",
    "Unproven",
    "World",
    "refusal",
    "refused_by",
]


World = Literal["empty", "row"]
"""What tables hold whose rows are not known: nothing, or one row that is made up."""


class Location(Struct, frozen=True):
    """Where in a version script something happens."""

    revision: str
    file: str
    """Relative to the working directory where possible, with forward slashes."""
    line: int
    source: str = ""
    """The line itself, stripped, for people to recognise it."""


_REFUSES = " would refuse this migration: "


def refused_by(database: str) -> str:
    """Return what the reason of an ``Unproven`` begins with where the real run fails as well.

    Args:
        database: what it is called: ``SQLite``.
    """
    return f"{database}{_REFUSES}"


def refusal(reason: str) -> str | None:
    """Return what the database would say, by the reason of an ``Unproven``; None where it is none of these."""
    database, _, message = reason.partition(_REFUSES)
    return message if message and " " not in database else None


REFUSED = refused_by("PostgreSQL")

MAY_REFUSE = "depending on what is unproven before, PostgreSQL may refuse this migration: "
"""The same where that is not certain."""

GOES_BY_ROWS = "the script may go by what is in the rows that it reads, which only the database knows"
FAILS_BY_ROWS = "it depends on rows whether this fails, and the script goes on where it does"
"""Reasons that only a database with its rows could take away."""

GOES_BY_CHANCE = "the script may go by chance or by the time of day, which are others in the real run"
GOES_BY_FILE = "the script may go by what SQLite says of the file or the connection, which only the database knows"
"""One that only the database itself could."""


class Unproven(Struct, frozen=True):
    """Something whose effect on a contracted table could not be worked out."""

    reason: str
    location: Location | None
    tables: frozenset[Name] | None = None
    """The tables that it can be about; None: it could be any."""
    is_final: bool = False
    """Whether the script is not to be run anywhere to find out more: it ended its process, or had to be ended."""
    is_hidden: bool = False
    """Whether a look before the commit does not see it either."""


class Operation(Struct, frozen=True):
    """One statement of a version script and the schema after it."""

    location: Location | None
    label: str
    """What it does, short: the statement's first line or the Alembic operation."""
    after: Schema
    """Only the watched tables; the same object as before where none of them changed."""
    commits: bool = False
    """Whether everything up to here is committed at this point (``autocommit_block``, an explicit COMMIT)."""


class Step(Struct, frozen=True):
    """One revision being applied."""

    revision: str
    operations: tuple[Operation, ...]
    fingerprint: str = ""
    """Of the whole schema at its end, where that is known: a database that has it is exactly as predicted."""
    changes: int | None = None
    """How often the schema has been changed by its end since the first one began, where the database counts that."""
    marks: bytes | None = None
    """What the statements of its script are known again by (``prediction.scripts.traces``), where all of them are."""
    may_go_on: bool = False
    """Whether it ends where the script may go on after all, so that the rest of it was not seen: at a statement that
    PostgreSQL may execute, at an exception that may be raised under prediction alone."""


class Prediction(Struct, frozen=True, kw_only=True):
    """One way in which the pending revisions can go; where scripts read data there is one per possible world."""

    before: Schema
    steps: tuple[Step, ...]
    unproven: tuple[Unproven, ...] = ()
    """What could not be worked out and may concern a watched table."""
    cut: Unproven | None = None
    """Where it ends because a script raised on a row that was made up; None: it goes on to the end of the run.

    Another prediction then shows how the run goes on where that script finds no such row.
    """
    found_out_before: bool = False
    """Whether it is what an earlier run has found out, of the same scripts: they may go by more than is known."""

    def since(self, count: int) -> Prediction:
        """Return it with its first steps made part of what was there before."""
        past = replace(self, steps=self.steps[:count])
        return replace(self, before=past.after, steps=self.steps[count:])

    @property
    def schemas(self) -> Iterator[Schema]:
        """All schemas that it goes through."""
        yield self.before
        yield from (operation.after for step in self.steps for operation in step.operations)

    @property
    def doubts(self) -> tuple[Unproven, ...]:
        """All that could not be worked out, what it ends at included."""
        return (*self.unproven, *(() if self.cut is None else (self.cut,)))

    @property
    def after(self) -> Schema:
        """The schema at the end."""
        return next((op.after for step in reversed(self.steps) for op in reversed(step.operations)), self.before)
