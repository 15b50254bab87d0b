"""What rules about a size that follows from a column's type share: precisions, scales and lengths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, Unknown, known_type
from alembic_contracts.judging.rules._ways import (
    NOT_BY_ITSELF,
    RETYPED,
    RETYPED_ANYWHERE,
    beside,
    computed_beside,
    in_a_view,
)
from alembic_contracts.schemas.schema import Name, Type, TypeDefinition
from alembic_contracts.schemas.uses import EVERYBODY, Breaks

__all__ = ["bounded", "size_rule"]

Size = Callable[[Type, Mapping[Name, TypeDefinition]], int | None]
"""Of a type, with the user's own types; None where it has none."""


def size_rule(
    *,
    id: str,  # noqa: A002  the word of ``Rule``
    size: Callable[[Dialect], Size],
    cause: str,
    keep: str,
    fix: str,
    unlimited: str,
    breaks_by_size: Callable[[int, int | None], Breaks] | None = None,
    **more: Any,
) -> Rule:
    """Return a rule that compares the stated size with that of the column's type.

    Args:
        id: the rule's.
        size: which of a dialect's functions gives the size.
        cause: what the size is called where the message says which there is.
        keep: how the remedy begins, up to "until consumers have moved".
        fix: what to do where the fact never held, without the last line.
        unlimited: what a type without the size is said to have.
        breaks_by_size: whom the difference of a stated and an actual size (None: none at all) breaks; None: whom the
            rule's own ``breaks`` names.
        more: other fields of ``Rule``.
    """

    def evaluate(fact: Fact, subject: Subject) -> Outcome:
        type_ = known_type(subject)
        if isinstance(type_, Unknown):
            return type_
        actual = size(subject.dialect)(type_, subject.types)
        if actual == fact.expected:
            return HOLDS
        shown = f"{unlimited if actual is None else actual} ({subject.dialect.format_type(type_)})"
        return Differs(shown, breaks_by_size and breaks_by_size(cast("int", fact.expected), actual))

    intro, outro = (
        f"{keep} until consumers have moved.",
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
    )
    if_wrong = "If the contract is wrong, ask {owner} to correct {contract_place}."
    return Rule(
        id=id,
        cause=f"{{place}} has the {cause} {{actual}} instead of {{expected}}.",
        remedy=beside(intro, outro),
        fix=f"{fix}\n{RETYPED}{if_wrong}",
        instead=(in_a_view(f"a value with the {cause} {{expected}}"), *NOT_BY_ITSELF),
        portable=Portable(
            remedy=computed_beside(intro, outro),
            fix=f"Give it the stated {cause} in a migration:\n{RETYPED_ANYWHERE}{if_wrong}",
        ),
        expected=lambda fact, _dialect: str(fact.expected),
        evaluate=evaluate,
        column_alone=True,
        about_types=True,
        **more,
    )


def bounded(expected: int, actual: int | None) -> Breaks:
    """Return whom it breaks that a size (None: none at all) is not the one that the contract states."""
    if actual is None:
        return MappingProxyType({"reader": "error", "cdc": "error"})
    return MappingProxyType({"reader": "warning", "cdc": "error"}) if actual > expected else EVERYBODY
