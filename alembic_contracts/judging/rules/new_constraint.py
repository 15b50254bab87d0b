"""Rows meet no constraint that the table did not have and the contract does not state."""

from typing import Self, cast

from msgspec import Struct

from alembic_contracts.contracts.contract import Fact, ForeignKey
from alembic_contracts.dialects import Dialect
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Outcome,
    Portable,
    Rule,
    Subject,
    Types,
    Unknown,
    breaking,
)
from alembic_contracts.judging.rules._looser_checks import is_looser_than_all, lets_pass
from alembic_contracts.judging.rules._new_constraint_ways import WAYS
from alembic_contracts.judging.rules._rows import (
    KEYS,
    STRICT,
    is_as_stated,
    is_dangling,
    limits,
    may_take_none,
    no_more_taken,
    passed_on,
)
from alembic_contracts.schemas.schema import Column, Constraint, Table


def _content(constraint: Constraint) -> tuple[object, ...]:
    """Return what it demands, an expression apart: its name does not count."""
    columns: frozenset[object] = frozenset(constraint.columns)
    if len(constraint.referenced_columns) == len(constraint.columns):
        columns = frozenset(zip(constraint.columns, constraint.referenced_columns, strict=True))
    return constraint.kind, columns, constraint.references, bool(constraint.referenced_columns), constraint.period


def _is_same(one: Constraint, other: Constraint, dialect: Dialect) -> bool:
    """Return whether two constraints refuse the same rows, as far as their texts tell."""
    if one.expression is None or other.expression is None:
        return one.expression is other.expression and _content(one) == _content(other)
    return _content(one) == _content(other) and bool(dialect.same_expression(one.expression, other.expression))


def _is_looser(one: Constraint, other: Constraint, subject: Subject) -> bool:
    """Whether a check refuses no more than another one did."""
    if one.kind != "check" or one.expression is None or other.expression is None or _content(one) != _content(other):
        return False
    return lets_pass(one.expression, other.expression, subject)


class _Before(Struct, frozen=True):
    """What refused rows before the run."""

    limits: tuple[Constraint, ...] = ()
    keys: tuple[Constraint, ...] = ()
    """Where an index alone is one on SQLite alone: elsewhere its collation or operators may be others."""
    filled: frozenset[str] = frozenset()
    """Columns that are never NULL."""

    @classmethod
    def of(cls, table: Table | None, types: Types, dialect: Dialect) -> Self:
        """Return what a table had then; None: there was none."""
        if table is None:
            return cls()
        found = tuple(limits(table, types, dialect))
        # SQLite tells of an index by what it compares: where that is not as the columns do, it has an expression.
        keys = (each for each in (found if dialect.KIND == "sqlite" else table.constraints) if _is_key(each))
        filled = (column.name for column in table.columns if column.not_null)
        return cls(found, tuple(keys), frozenset(filled))


def _is_implied(constraint: Constraint, before: _Before, subject: Subject) -> bool:
    """Whether all that a constraint refuses was refused: by the same one, a key of some of its columns, or more."""
    if constraint.kind == "foreign key" and any(
        is_dangling(each) and each.columns == constraint.columns for each in before.limits
    ):
        return True
    if constraint.kind == "not null" and before.filled.issuperset(constraint.columns):
        return True
    if is_looser_than_all(constraint, subject):
        return True
    same = [
        each
        for each in before.limits
        if _is_same(each, constraint, subject.dialect) or _is_looser(each, constraint, subject)
    ]
    narrower = tuple(key for key in before.keys if constraint.kind in KEYS and _is_part(key, constraint))
    return any(
        (_takes_as_few_nulls(each, constraint) or before.filled.issuperset(each.columns))
        and _moment(each) <= _moment(constraint)
        for each in (*same, *narrower)
    )


def _is_part(key: Constraint, constraint: Constraint) -> bool:
    """Whether what is the same to a key was so to one that was there, be it that its ranges may not even overlap."""
    if constraint.period and not key.period:  # distinct ranges can overlap
        return set(key.columns) <= set(constraint.columns[:-1])
    same_range = not constraint.period or key.columns[-1:] == constraint.columns[-1:]
    return same_range and set(key.columns) <= set(constraint.columns)


def _takes_as_few_nulls(before: Constraint, now: Constraint) -> bool:
    """Whether a constraint refused before what it refuses now for NULL in some columns."""
    is_full = now.match_full and len(now.columns) > 1
    return (before.nulls_not_distinct or not now.nulls_not_distinct) and (before.match_full or not is_full)


def _is_key(constraint: Constraint) -> bool:
    """Return whether no two rows are the same by its columns, all rows being looked at."""
    return constraint.kind in KEYS and constraint.expression is None


def _moment(constraint: Constraint) -> tuple[bool, bool, bool]:
    """Return when it is checked, later ones being greater: they let more pass, as do those that refuse no row."""
    return constraint.deferrable, constraint.initially_deferred, bool(constraint.on_conflict)


def _is_coarser(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    if constraint.kind not in KEYS or subject.dialect.KIND != "sqlite":
        return False
    from alembic_contracts.judging.rules._on_sqlite import is_coarser

    return is_coarser(constraint, fact, subject)


def _is_stated(constraint: Constraint, fact: Fact, subject: Subject) -> bool:
    if constraint.expression == STRICT:
        from alembic_contracts.judging.rules._on_sqlite import is_stated

        return is_stated(fact, subject)
    return any(stated.table == fact.table and _states(stated, constraint, subject) for stated in subject.contract.facts)


def _states(stated: Fact, constraint: Constraint, subject: Subject) -> bool:
    """Whether a fact about the same table is that there is such a constraint."""
    match stated.rule, stated.expected:
        case (("unique" | "primary-key"), tuple(columns)):
            return constraint.kind in KEYS and not constraint.expression and set(columns) == set(constraint.columns)
        case "check", str(expression):
            there = constraint.expression or ""
            return constraint.kind == "check" and bool(subject.dialect.same_expression(expression, there))
        case "column-nullable", False:
            return (constraint.kind, constraint.name) == ("not null", stated.column)
        case "foreign-key", ForeignKey() as key:
            return not is_dangling(constraint) and is_as_stated(constraint, key)
    return False


def _may_be_known(constraint: Constraint, before: _Before, fact: Fact, subject: Subject) -> bool:
    """Whether it is not known if an expression is one that was there before, or is stated."""
    if constraint.expression is None:
        return False
    texts = [each.expression for each in before.limits if each.expression and _content(each) == _content(constraint)]
    if constraint.kind == "check":
        checks = (each for each in subject.contract.facts if each.table == fact.table and each.rule == "check")
        texts += [cast("str", each.expected) for each in checks]
    return any(subject.dialect.same_expression(text, constraint.expression) is None for text in texts)


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    tables = (cast("Table", subject.table), subject.reference)
    held = all(table is not None and table.check_option == "cascaded" for table in tables)
    told = [_told(fact, subject), *(_told(fact, each, of=_place(each), held=held) for each in passed_on(subject))]
    names = frozenset[str]().union(*(each for each in told if not isinstance(each, Unknown)))
    unknown = next((each for each in told if isinstance(each, Unknown)), None) or may_take_none(subject)
    return Differs(", ".join(sorted(names)), items=names) if names else unknown or HOLDS


def _told(fact: Fact, subject: Subject, of: str = "", *, held: bool = False) -> frozenset[str] | Unknown:
    """Return what rows meet that they did not, or that it cannot be told."""
    before = _Before.of(subject.reference, subject.reference_types, subject.dialect)
    new = [
        limit
        for limit in limits(cast("Table", subject.table), subject.types, subject.dialect)
        if (_is_coarser(limit, fact, subject) or not _is_known(limit, before, fact, subject))
        and not _is_spared(limit, fact, subject)
    ]
    unclear = [limit for limit in new if _may_be_known(limit, before, fact, subject)]
    if of:
        from alembic_contracts.judging.rules._renamed_columns import is_renamed, may_be_renamed

        new = [limit for limit in new if not is_renamed(limit, before.limits, subject)]
        doubtful = [limit for limit in new if may_be_renamed(limit, before.limits, subject)]
        unclear = [limit for limit in new if limit in unclear or limit in doubtful]
    shown = _shows_less(subject, held=held)
    others = no_more_taken(subject) | (frozenset() if of else _limited(fact, subject))
    if shown is True:
        others |= {f"a condition for WITH CHECK OPTION that lets less pass{of}"}
    if len(unclear) < len(new) or others:
        return frozenset(f"{_called(limit, before)}{of}" for limit in new if limit not in unclear) | others
    if unclear:
        place = cast("Table", subject.table).name
        return Unknown(f"whether the {unclear[0].kind} {unclear[0].name} of {place} is new could not be worked out")
    return shown if isinstance(shown, Unknown) else frozenset()


def _is_spared(limit: Constraint, fact: Fact, subject: Subject) -> bool:
    from alembic_contracts.judging.rules._unknowing_rows import spares_unknowing

    return spares_unknowing(limit, fact, subject)


def _shows_less(subject: Subject, *, held: bool) -> bool | Unknown:
    if cast("Table", subject.table).kind != "view":
        return False
    from alembic_contracts.judging.rules._shown_rows import no_more_shown

    return no_more_shown(subject, held=held)


def _limited(fact: Fact, subject: Subject) -> frozenset[str]:
    """Return columns with a limit that is new; most are as they were, of a type that is none of users."""
    then = {} if subject.reference is None else {column.name: column for column in subject.reference.columns}
    both = ((then.get(column.name), column) for column in cast("Table", subject.table).columns)
    if all(was is None or _is_as_before(was, now, subject.reference_types) for was, now in both):
        return frozenset()
    from alembic_contracts.judging.rules._type_limits import tightened

    return tightened(fact, subject)


def _is_as_before(was: Column, now: Column, users: Types) -> bool:
    same_type = was.type == now.type and now.type is not None and now.type.name not in users
    return same_type and not was.on_null and (was.generated, was.identity) == (now.generated, now.identity)


def _is_known(limit: Constraint, before: _Before, fact: Fact, subject: Subject) -> bool:
    """Whether it refuses nothing new: it follows from what was there, or is stated and was not there, in a looser way.

    No contract states when a constraint is checked, or whether one NULL is like another.
    """
    if _is_implied(limit, before, subject):
        return True
    was_looser = any(_is_same(each, limit, subject.dialect) for each in before.limits)
    return _is_stated(limit, fact, subject) and not was_looser


def _called(limit: Constraint, before: _Before) -> str:
    """Return what a constraint is, for people; on SQLite most have no name."""
    columns = f"({', '.join(limit.columns)})"
    what = limit.name or (f"({limit.expression})" if limit.kind == "check" else columns)
    forgiving = next(
        (each for each in before.limits if each.on_conflict and _content(each)[1:] == _content(limit)[1:]), None
    )
    if forgiving is not None:
        return f"a {limit.kind} {what} without ON CONFLICT {forgiving.on_conflict.upper()}"
    if is_dangling(limit):
        return f"a foreign key {columns} that finds no key in {limit.references}"
    if limit.kind == "not null":
        return f"a new generated column {limit.name} that is NOT NULL, from {columns}"
    return f"a new {limit.kind} {what}"


def _place(subject: Subject) -> str:
    return f" of {cast('Table', subject.table).name}"


RULE = Rule(
    id="new-constraint",
    summary="Rows meet no new key, unique, check, foreign key or exclusion constraint.",
    description=(
        "A new constraint refuses rows that writers could store before (SQLSTATE 23505, 23514, 23503, 23P01), "
        "be it the table's own or a column's by its domain; so do a type of a column that the contract names without "
        "a limit, which gets one or a smaller one (22001, 22003), a column that it names and that is computed by now "
        "(428C9), a new generated column that is NOT NULL, computed "
        "from one that may be NULL by operators or functions that make NULL of it, the bounds of a partition (23514), "
        "WITH CHECK OPTION of a view, or a condition for it that lets less pass (44000), and the loss of partitions, "
        "or none for some of the rows of a table that gets partitioned (23514). On SQLite and MySQL, so does a foreign "
        "key that finds no key any more, and on SQLite a key that compares by a coarser collation, a key or NOT NULL "
        "that has lost its ON CONFLICT, and a table that becomes STRICT with columns whose type the contract does not "
        "state. A view that takes no INSERT or UPDATE any more, in the place of a table or of a query that let rows "
        "through, or without the INSTEAD OF trigger or rule that took them, counts as well. "
        "Contracts of writers rely on there being none; what the contract states, and what was there, does not count, "
        "nor what follows from a key that was there, as UNIQUE (id, code) does from PRIMARY KEY (id), "
        "nor a CHECK that lets more pass than the old one did, "
        "nor what is about new columns that are NULL in the rows of all who do not know them, or give themselves a "
        "value that it lets pass, as an identity does; nor what is NOT ENFORCED. "
        "What partitions of the table refuse, and what is under a view that can be written to, counts as well; that is "
        "told from the scripts alone, as a look at the commit is one at contracted tables. "
        "What triggers do with rows is not looked at. "
        "Source: pg_constraint contype p, u, c, f, x, of the table and of domains, pg_index.indisunique, "
        "pg_class.relpartbound and reloptions, pg_inherits."
    ),
    cause="{table} has {actual}.",
    consequence="Rows of writers that do not know it are refused.",
    remedy=(
        "Let {owner} state it in {contract_place} once every writer keeps to it.\n"
        "Until then, look for rows that it would refuse, without refusing any."
    ),
    fix="If the writers keep to it, ask {owner} to state it in {contract_place}; else drop it in a migration.",
    instead=WAYS,
    portable=Portable(),
    expected=lambda _fact, _dialect: "no new constraint",
    evaluate=_evaluate,
    reads=frozenset(("indexes",)),
    breaks=breaking("writer"),
    implied_by=frozenset(("writer",)),
)
