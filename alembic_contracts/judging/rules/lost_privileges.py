"""Roles that could read or write a table still can."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import cast

from alembic_contracts.contracts.contract import Fact, Privileges
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Rule,
    Situation,
    Subject,
    Unknown,
    breaking,
)
from alembic_contracts.judging.rules._access import SHUT, lacks
from alembic_contracts.schemas.schema import Table

_USED_BY = {"reader": ("SELECT",), "writer": ("INSERT", "UPDATE", "DELETE"), "cdc": ()}


Held = tuple[str, str, str | None]
"""A role, a privilege, and the column that it is for (None: all)."""


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    table, before = cast("Table", subject.table), subject.reference
    if before is None:
        return HOLDS
    used = {privilege for side in subject.contract.sides(fact.table) for privilege in _USED_BY[side]}
    stated = _stated(fact, subject)
    if stated:
        return _beyond(stated, used, subject, before)
    granted: set[Held] = {(g.grantee, g.privilege, g.column) for g in before.grants if g.privilege in used}
    lost = {
        (role, privilege)
        for role, privilege, column in granted
        if (column is None or table.column(column) is not None)
        and lacks(subject.access, table, role, privilege, column) == privilege
    }
    locked_out = set(_locked_out(granted, subject, before))
    shut = set(_shut(granted, table, before)) | set(_left(used, subject, before)) | locked_out
    unknown = _unknown(granted, subject)
    if not lost and not shut:
        return HOLDS if unknown is None else Unknown(unknown)
    # Which role the contract's readers have is not stated: certain is only that they have lost it if all have.
    left = {(role, privilege) for role, privilege, _ in granted} - lost - shut
    everybody = all(_is_deserted(role, subject) for role, _ in left)
    everybody = everybody and not any(role == "PUBLIC" and _lets_some_in(subject) for role, _ in locked_out)
    shown = frozenset(f"{privilege} to {role}" for role, privilege in lost)
    closed = frozenset(f"{privilege} by {role}" for role, privilege in shut - lost)
    said = [f"no longer grants {', '.join(sorted(shown))}"] if shown else []
    said += [f"no longer allows {', '.join(sorted(closed))}"] if closed else []
    sides = tuple(side for side in subject.contract.sides(fact.table) if used & set(_USED_BY[side]))
    return Differs(" and ".join(said), breaking(*sides) if everybody else breaking(warning=sides), shown | closed)


def _stated(fact: Fact, subject: Subject) -> frozenset[tuple[str, str]]:
    """Return roles with the privileges that the contract itself says they have: what the roles have is judged there."""
    expected = [each.expected for each in subject.contract.facts if each.table == fact.table]
    roles = (each for each in expected if isinstance(each, Privileges))
    return frozenset((each.role, privilege) for each in roles for privilege in each.privileges)


def _beyond(stated: AbstractSet[tuple[str, str]], used: AbstractSet[str], subject: Subject, before: Table) -> Outcome:
    """Return what is not stated and went: what roles that the contract names could do with columns, and members all."""
    lost = frozenset(_columns_lost(stated, used, subject, before))
    if lost and not subject.is_new:
        return Differs(f"no longer grants {', '.join(sorted(lost))}", None, lost)
    return _members(stated, subject, before)


def _columns_lost(
    stated: AbstractSet[tuple[str, str]], used: AbstractSet[str], subject: Subject, before: Table
) -> Iterator[str]:
    """Yield grants on its columns that went, of roles that the contract names: what it states is of whole tables."""
    table, names = cast("Table", subject.table), {role for role, _ in stated}
    named = {column for column in subject.contract.columns(before.name) if table.column(column) is not None}
    for role, privilege, column in before.grants:
        if column not in named or role not in names or privilege not in used or (role, privilege) in stated:
            continue
        if subject.access.knows(role) and lacks(subject.access, table, role, privilege, column) == privilege:
            yield f"{privilege} ({column}) to {role}"


def _members(stated: AbstractSet[tuple[str, str]], subject: Subject, before: Table) -> Outcome:
    """Return whether those who are members of roles that the contract names can still do what these can."""
    then = subject.reference_access
    names = {role for role, _ in stated}
    left = {
        (role, privilege)
        for role, privilege in _left({privilege for _, privilege in stated}, subject, before)
        if role not in names and any((group, privilege) in stated for group in then.inherited(role))
    }
    if not left:
        return HOLDS
    closed = frozenset(f"{privilege} by {role}" for role, privilege in left)
    sides = tuple(subject.contract.sides(before.name))
    everybody = all(_is_deserted(role, subject) for role in names)
    breaks = breaking(*sides) if everybody else breaking(warning=sides)
    return Differs(f"no longer allows {', '.join(sorted(closed))}", breaks, closed)


def _is_deserted(role: str, subject: Subject) -> bool:
    """Whether a role had members, and nobody has its privileges any more."""
    then, now = subject.reference_access.memberships, subject.access.memberships
    return any(group == role for _, group in then) and all(group != role for _, group in now)


def _unknown(granted: Collection[Held], subject: Subject) -> str | None:
    """Return why it is not known who may still do what, if that is so."""
    table, before = cast("Table", subject.table), cast("Table", subject.reference)
    unknown = sorted({role for role, _, _ in granted if not subject.access.knows(role)})
    if unknown:
        return f"what the role {unknown[0]} may still do with {table.name} is not known"
    if granted and table.unusable is None and before.unusable is not None:
        return f"whether what {table.name} uses is open to those who may use it is not known without the database"
    return None


def _shut(granted: Collection[Held], table: Table, before: Table) -> Iterator[tuple[str, str]]:
    """Yield roles with a privilege that is of no use any more, as what a view or a default uses is closed to them."""
    unusable = (table.unusable or frozenset()) - (before.unusable or frozenset())
    for each in unusable:
        if any(role == each.grantee and privilege == each.privilege for role, privilege, _ in granted):
            yield each.grantee, each.privilege


def _locked_out(granted: Collection[Held], subject: Subject, before: Table) -> Iterator[tuple[str, str]]:
    """Yield roles with a privilege that is of no use any more, as the table's schema is open to PUBLIC no longer."""
    table, now, then = cast("Table", subject.table), subject.access, subject.reference_access
    if "PUBLIC" not in _shut_out(subject):
        return
    for role, privilege, column in granted:
        if not (then.knows(role) and now.knows(role)) or lacks(then, before, role, privilege, column) is not None:
            continue
        if lacks(now, table, role, privilege, column) not in {None, privilege}:
            yield role, privilege


def _lets_some_in(subject: Subject) -> bool:
    """Whether there are roles with USAGE on the schema that are not everybody, nor those who may do all."""
    table, now = cast("Table", subject.table), subject.access
    inside = {role for schema, role in now.schema_usage if schema == table.name.schema}
    inside -= {"PUBLIC", table.owner} | now.superusers
    return any(not role.startswith("pg_") for role in inside)  # pg_database_owner has the schema public


def _shut_out(subject: Subject) -> frozenset[str]:
    """Return the roles that had USAGE on the table's schema by a grant of their own, and have not any more."""
    lost = subject.reference_access.schema_usage - subject.access.schema_usage
    return frozenset(role for schema, role in lost if schema == cast("Table", subject.table).name.schema)


def _left(used: Collection[str], subject: Subject, before: Table) -> Iterator[tuple[str, str]]:
    """Yield roles that could do something as owner, superuser, member or by USAGE of theirs, and cannot any more."""
    table, now, then = cast("Table", subject.table), subject.access, subject.reference_access
    gone = then.memberships - now.memberships
    moved = {before.owner} if before.owner != table.owner else set[str | None]()
    concerned = {member for member, _ in gone} | moved | (then.superusers - now.superusers)
    concerned |= _shut_out(subject) - {"PUBLIC"}
    if not concerned:
        return
    for role in sorted(then.roles & now.roles):
        if concerned.isdisjoint(then.inherited(role)) or not (then.knows(role) and now.knows(role)):
            continue
        for privilege in used:
            could = lacks(then, before, role, privilege) is None
            if could and lacks(now, table, role, privilege) is not None:
                yield role, privilege


def _has_all_grants(situation: Situation) -> bool:
    before, after = situation.before, situation.after
    return before is None or after is None or before.grants <= after.grants


RULE = Rule(
    id="lost-privileges",
    summary="Roles that could read or write the table still can.",
    description=(
        "A table that is dropped and made again, or swapped for another one, has lost every grant: they belong to the "
        "old one. So it is with a role that leaves the one that has the grant, an owner that another one follows, a "
        "view that asks for its users' own privileges (security_invoker) or whose owner may not read what it reads, "
        "a default whose sequence is closed to who inserts, and a schema without USAGE. Contracts of readers and "
        "writers rely on them; with some roles left it is a warning, as which of them the contract's are is not "
        "stated: state `privileges` to say so. "
        "Source: pg_class.relacl, relowner and reloptions, pg_attribute.attacl, pg_auth_members, pg_namespace.nspacl."
    ),
    cause="{table} {actual}.",
    consequence="Their statements fail with `permission denied` (SQLSTATE 42501).",
    remedy=(
        "Grant again in the same revision what was granted before:\n"
        '    op.execute("{grants}")\n'
        "Price: none; nothing is locked or rewritten.\n"
        "Ask {owner} to state the role as `privileges` in {contract_place}."
    ),
    fix="Grant it again, and ask {owner} to state the role as `privileges` in {contract_place}.",
    instead=(
        SHUT,
        Instead(
            when=_has_all_grants,
            what="all is granted that was",
            remedy=(
                "Let those who could use {table} go on doing so: by USAGE on its schema, and by the membership, the\n"
                "owner or the setting by which they could, or by GRANT ON {table}.\n"
                "Ask {owner} to state the role as `privileges` in {contract_place}."
            ),
        ),
    ),
    expected=lambda _fact, _dialect: "the same privileges as before",
    evaluate=_evaluate,
    reads=frozenset(("grants", "publications")),
    breaks=breaking("reader", "writer"),
    implied_by=frozenset(("reader", "writer")),
)
