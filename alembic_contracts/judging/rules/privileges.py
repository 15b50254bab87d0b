"""The role has the privileges that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact, Privileges
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, breaking
from alembic_contracts.judging.rules._access import SHUT, is_shut, lacks
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    expected, table = cast("Privileges", fact.expected), cast("Table", subject.table)
    if not subject.access.knows(expected.role):
        return Unknown(
            f"what the role {expected.role} may do with {table.name} is not known without the database: no script says"
        )
    if subject.access.complete and expected.role not in {*subject.access.roles, "PUBLIC"}:
        return Differs(f"no role {expected.role}")
    missing = [lacks(subject.access, table, expected.role, each, fact.column) for each in expected.privileges]
    names = frozenset(each for each in missing if each is not None)
    if not names:
        return _used(expected, fact, subject)
    return Differs(f"no {', '.join(sorted(names))} for {expected.role}", items=names)


def _used(expected: Privileges, fact: Fact, subject: Subject) -> Outcome:
    """Return whether privileges that a role has are of any use."""
    table = cast("Table", subject.table)
    shut = {each: is_shut(subject.access, table, expected.role, each, fact.column) for each in expected.privileges}
    names = frozenset(each for each, of_no_use in shut.items() if of_no_use)
    if names:
        what = f"of no use: what {table.name.name} uses is closed to that role or its owner"
        return Differs(f"{', '.join(sorted(names))} for {expected.role}, {what}", items=names)
    if None in shut.values():
        return Unknown(f"whether what {table.name} uses is open to {expected.role} is not known without the database")
    return HOLDS


def _expected(fact: Fact, dialect: object) -> str:
    del dialect
    stated = cast("Privileges", fact.expected)
    return f"{', '.join(stated.privileges)} for {stated.role}"


RULE = Rule(
    id="privileges",
    summary="The role has the stated privileges on the table or column.",
    description=(
        "A table that is dropped and made again, or swapped for another one, has lost all grants: they belong to the "
        "old one. Privileges that a role has by membership, as an owner, by PUBLIC or by default count as well; so "
        "does USAGE on the schema. One that is of no use, as what a view reads is closed to who uses it "
        "(security_invoker) or to its owner, or the sequence of a default, does not. "
        "Source: pg_class.relacl, pg_attribute.attacl, pg_namespace.nspacl, pg_auth_members, "
        "pg_default_acl."
    ),
    cause="{place} has {actual}.",
    consequence="Its statements fail with `permission denied` (SQLSTATE 42501).",
    remedy=(
        "Grant again what the role had, in the same revision:\n"
        '    op.execute("{grants}")\n'
        "Price: none; nothing is locked or rewritten.\n"
        "If it shall lose the privilege, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Grant it in a migration; a role that does not exist has to be created before:\n"
        '    op.execute("{grants}")\n'
        "Price: none; nothing is locked or rewritten.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(SHUT,),
    expected=_expected,
    evaluate=_evaluate,
    reads=frozenset(("grants", "publications")),
    breaks=breaking("reader", "writer", "cdc"),
)
