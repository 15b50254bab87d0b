"""The column's enum has the labels that the contract states, in this order."""

from collections.abc import Sequence
from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Rule,
    Subject,
    Unknown,
    breaking,
    known_type,
)


def _words(labels: Sequence[str]) -> str:
    return ", ".join(f"'{label}'" for label in labels)


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    type_ = known_type(subject)
    if isinstance(type_, Unknown):
        return type_
    expected = cast("tuple[str, ...]", fact.expected)
    actual = subject.dialect.enum_labels(type_, subject.types)
    if actual is None and fact.mode == "at least":
        return HOLDS  # what is stated are values, which a column of text can hold as well
    if actual is None:
        return Differs(f"no enum ({subject.dialect.format_type(type_)})")
    if actual == expected:
        return HOLDS
    if set(expected) <= set(actual):
        if tuple(label for label in actual if label in expected) == expected:
            if fact.mode == "at least":
                return HOLDS
            return Differs(_words(actual), breaking("cdc", warning=("reader",)))
        return Differs(_words(actual), breaking("reader", "cdc"))
    return Differs(_words(actual))


RULE = Rule(
    id="enum-labels",
    summary="The column's enum has the stated labels in the stated order.",
    description=(
        "Readers map labels to their own; a label that is renamed or gone fails them and every writer that uses it, "
        "one that is new may be unknown to them, and the order decides comparisons. Source: pg_enum.enumlabel by "
        "enumsortorder, for enums, arrays of them and domains over them."
    ),
    cause="{place} takes {actual} instead of {expected}.",
    consequence="Consumers meet labels that they do not know, or writers use some that are no longer there.",
    remedy=(
        "Keep the labels that are stated, in their order, and add none to them: the contract takes no others.\n"
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
    ),
    instead=(
        Instead(
            when=lambda situation: situation.fact.mode == "at least",
            what="further labels may be added",
            remedy=(
                "Add labels rather than renaming or dropping any, and keep the stated ones in their order.\n"
                "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
            ),
        ),
    ),
    fix=(
        "Give its type the stated labels in a migration: an enum by ALTER TYPE ... ADD VALUE; a column of another type "
        "needs an enum of its own first.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    expected=lambda fact, _dialect: _words(cast("tuple[str, ...]", fact.expected)),
    evaluate=_evaluate,
    column_alone=True,
    about_types=True,
)
