"""Roles that could read or write a table still can."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, Unknown, breaking
from alembic_contracts.judging.rules._access import lacks
from alembic_contracts.schemas.schema import Table

_USED_BY = {"reader": ("SELECT",), "writer": ("INSERT", "UPDATE", "DELETE"), "cdc": ()}


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    table, before = cast("Table", subject.table), subject.reference
    states_it = any(each.rule == "privileges" and each.table == fact.table for each in subject.contract.facts)
    if before is None or states_it:
        return HOLDS
    used = {privilege for side in subject.contract.sides(fact.table) for privilege in _USED_BY[side]}
    had = {(g.grantee, g.privilege, g.column) for g in before.grants if g.privilege in used}
    lost = {
        (role, privilege)
        for role, privilege, column in had
        if (column is None or table.column(column) is not None)
        and lacks(subject.access, table, role, privilege, column) == privilege
    }
    unknown = sorted({role for role, _, _ in had if not subject.access.knows(role)})
    if not lost and unknown:
        return Unknown(f"what the role {unknown[0]} may still do with {table.name} is not known")
    if not lost:
        return HOLDS
    # Which role the contract's readers have is not stated: certain is only that they have lost it if all have.
    everybody = lost == {(role, privilege) for role, privilege, _ in had}
    shown = frozenset(f"{privilege} to {role}" for role, privilege in lost)
    sides = tuple(side for side in subject.contract.sides(fact.table) if used & set(_USED_BY[side]))
    breaks = breaking(*sides) if everybody else breaking(warning=sides)
    return Differs(f"no longer grants {', '.join(sorted(shown))}", breaks, shown)


RULE = Rule(
    id="lost-privileges",
    summary="Roles that could read or write the table still can.",
    description=(
        "A table that is dropped and made again, or swapped for another one, has lost every grant: they belong to the "
        "old one. Contracts of readers and writers rely on them; with some roles left it is a warning, as which of "
        "them the contract's are is not stated: state `privileges` to say so. "
        "Source: pg_class.relacl, pg_attribute.attacl."
    ),
    cause="{table} {actual}.",
    consequence="Their statements fail with `permission denied` (SQLSTATE 42501).",
    remedy=(
        "Grant again in the same revision what the old table had granted, with GRANT ON {table}.\n"
        "Ask {owner} to state the role as `privileges` in {contract_place}."
    ),
    fix="Grant it again, and ask {owner} to state the role as `privileges` in {contract_place}.",
    expected=lambda _fact, _dialect: "the same privileges as before",
    evaluate=_evaluate,
    reads=frozenset(("grants", "publications")),
    breaks=breaking("reader", "writer"),
    implied_by=frozenset(("reader", "writer")),
)
