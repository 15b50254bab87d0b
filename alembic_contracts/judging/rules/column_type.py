"""The column has the type that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Portable,
    Rule,
    Situation,
    Subject,
    Unknown,
    breaking,
    known_type,
    meant_type,
)
from alembic_contracts.judging.rules._ways import (
    MISSPELT_TYPE,
    NOT_BY_ITSELF,
    RETYPED,
    RETYPED_ANYWHERE,
    beside,
    computed_beside,
    in_a_view,
    of_a_kind,
)
from alembic_contracts.schemas.schema import Name, Type


def _expected(fact: Fact, dialect: Dialect) -> str:
    return fact.expected if isinstance(fact.expected, str) else dialect.format_type(cast("Type", fact.expected))


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    actual = known_type(subject)
    if isinstance(actual, Unknown):
        return actual
    if isinstance(fact.expected, str):
        # ARRAY and USER-DEFINED: the words by which information_schema names whole families of types.
        if subject.dialect.data_type(actual, subject.types) == fact.expected:
            return _of_attributes(actual, subject)
        return Differs(subject.dialect.format_type(actual))
    expected = cast("Type", fact.expected)
    if subject.dialect.same_type(expected, actual, subject.types):
        return _of_attributes(actual, subject)
    if _is_computed(expected, actual, subject):
        return HOLDS
    return Differs(subject.dialect.format_type(actual), subject.dialect.breaks(expected, actual, subject.types))


def _is_computed(expected: Type, actual: Type, subject: Subject) -> bool:
    """Whether a view's column can be the same expression as on the kind of database that a contract is about."""
    is_view = subject.table is not None and subject.table.kind == "view"
    shape = subject.shape if is_view else None
    return shape is not None and shape.computes(expected, actual, subject.types)


def _of_attributes(type_: Type, subject: Subject) -> Outcome:
    """Return whether composite types in it have the attributes that they had: no contract states them.

    Those that they had on the way to a table that was not there are nobody's loss.
    """
    if subject.is_new or type_.name not in subject.reference_types:  # nearly all types are the server's own
        return HOLDS
    from alembic_contracts.judging.rules._rows import parts_of

    then = {each.name: each.fields for each in parts_of(type_.name, subject.reference_types)}
    now = {each.name: each.fields for each in parts_of(type_.name, subject.types)}
    for name, fields in then.items():
        left = now.get(name, fields)
        if left == fields:
            continue
        shown = subject.dialect.format_type(Type(name))
        if lost := [attribute for attribute, kind in fields if (attribute, kind) not in left]:
            return Differs(f"{shown} without the attribute {lost[0]} that it had")
        if added := [attribute for attribute, _ in left if attribute not in dict(fields)]:
            # Rows that are written as text or by ROW(...) have one attribute too few.
            return Differs(f"{shown} with a new attribute {added[0]}", breaking("writer", "cdc", warning=("reader",)))
        return Differs(f"{shown} with its attributes in another order")
    return HOLDS


def _has_other_attributes(situation: Situation) -> bool:
    """Whether the column has the very type that is stated, so that what differs is in it."""
    column, stated = situation.column, situation.fact.expected
    if not situation.held or column is None or column.type is None or not isinstance(stated, Type):
        return False
    name = Name(stated.name.schema or column.type.name.schema, stated.name.name)
    return column.type == Type(name, stated.modifiers, stated.dimensions)


RULE = Rule(
    id="column-type",
    summary="The column has the stated type.",
    description=(
        "Readers bind a column to a type of their own language, replication and warehouses to a type of theirs. "
        "A modifier such as varchar(50) counts only where the contract states one, but for writers it may not become "
        "less than it was, which the rule new-constraint tells; a column of a domain also has the type that the domain "
        "is based on, and a composite type has the attributes that it had before. "
        "Source: pg_attribute.atttypid and atttypmod, as format_type prints them, also of composite types; "
        "ARRAY and USER-DEFINED mean what they mean in information_schema.columns.data_type."
    ),
    cause="{place} has the type {actual} instead of {expected}.",
    meant=meant_type,
    slip="{database} has no type {expected} of its own; did you mean {meant}? {place} has the type {actual}.",
    consequence="Consumers that read or write it as {expected} get errors or other values.",
    remedy=beside(
        "Keep the type, and have the new one beside it until consumers have moved. Where PostgreSQL has no such cast,\n"
        "write your own expression in place of it.",
        "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
    ),
    fix=(
        "Give it the stated type in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} ALTER COLUMN {sql_column} TYPE {expected} "\n'
        '               "USING {sql_column}::{expected}")\n'
        f"{RETYPED}"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        MISSPELT_TYPE,
        in_a_view("a value of the type {expected}"),
        of_a_kind("such a type"),
        Instead(
            when=lambda situation: situation.type_renamed,
            what="its type got another name",
            remedy=(
                "Keep the type under its name.\n"
                "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
            ),
        ),
        Instead(
            when=_has_other_attributes,
            what="its composite type has other attributes than it had",
            remedy=(
                "Keep the attributes of the type, and give new ones to a type of their own.\n"
                "Agree on it with {owner}: nothing that {contract_place} could state allows it."
            ),
        ),
        *NOT_BY_ITSELF,
    ),
    portable=Portable(
        remedy=computed_beside(
            "Keep the type, and have the new one beside it until consumers have moved.",
            "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
        ),
        fix=(
            "Give it the stated type in a migration:\n"
            f"{RETYPED_ANYWHERE}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    ),
    expected=_expected,
    evaluate=_evaluate,
    column_alone=True,
    about_types=True,
)
