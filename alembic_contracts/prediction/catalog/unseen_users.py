"""What is dropped in, a doubt out where objects that the catalog does not hold may depend on it.

Of an observed database functions, operators, rules and the like are not read; and what functions with a body of SQL
(``BEGIN ATOMIC``) and rules use is followed nowhere. RESTRICT is refused for them, and CASCADE takes along what in turn
uses them: views, defaults, constraints.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.dependencies import Object
from alembic_contracts.prediction.catalog.object_names import described
from alembic_contracts.prediction.catalog.traits import HANGING, HIDDEN, IN_SCHEMA, SQL_BODY
from alembic_contracts.prediction.sql.mentions import texts_of

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.schemas.schema import Table

__all__ = ["beware", "doubt_printing"]

_HELD = frozenset({"table", "column", "constraint", "index", "sequence", "type", "field", "function"})
_USED_BY_ROUTINES = frozenset({"type", "field", "function", "namespace", "extension"})


def beware(run: Execution, targets: Collection[Object], *, cascade: bool) -> None:
    """Leave a doubt where what is dropped may be used by what is not known here.

    Args:
        run: the statement that drops.
        targets: what it names.
        cascade: whether all that depends on it goes as well.
    """
    state, kinds = run.state, {target.kind for target in targets}
    has_bodies, has_hidden = not state.holds_all(SQL_BODY), not state.holds_all(HIDDEN)
    hangs = not state.holds_all(HANGING) or any(kind == "rule" for kind, _, _ in state.attachments)
    if kinds & _HELD and (has_bodies or has_hidden or hangs):
        state.uncertain.note_refusal()  # the server may refuse it
    schemas = {target.name.schema for target in targets if target.kind == "namespace"}
    if cascade and (
        (has_bodies and kinds & _HELD)
        or (has_hidden and kinds & _USED_BY_ROUTINES)
        or any((IN_SCHEMA, schema) in state.traits for schema in schemas)
    ):
        run.doubt(f"what goes along with {described(state, next(iter(targets)))} is not all known here")


def doubt_printing(run: Execution, users: Iterable[Table], names: Callable[[str], bool], what: str) -> None:
    """Leave a doubt where expressions name what is called otherwise from here on: PostgreSQL prints its new name.

    Args:
        run: the statement that renames.
        users: tables that may have such expressions.
        names: whether an expression's text has the old name.
        what: the old name, for people.
    """
    found = [table.name for table in users if any(names(text) for _, _, text in texts_of(table))]
    if found:
        run.doubt(f"how expressions with {what} are printed from here on is not followed", found)
