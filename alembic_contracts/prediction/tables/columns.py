"""A column as CREATE TABLE and ADD COLUMN write it in, its draft out (``transformColumnDefinition``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.dialects.postgresql.names import quote_name
from alembic_contracts.prediction.catalog import generated_names, type_names
from alembic_contracts.prediction.catalog.relations import change_column
from alembic_contracts.prediction.catalog.state import TEMPORARY
from alembic_contracts.prediction.sql import parser, sqlstate, system
from alembic_contracts.prediction.sql.spelling import spelled
from alembic_contracts.prediction.tables.defaults import stored_default
from alembic_contracts.schemas.remarks import Printed
from alembic_contracts.schemas.schema import Column, Name, Type
from alembic_contracts.schemas.surroundings import Sequence

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Table

__all__ = [
    "Draft",
    "KeyDraft",
    "add_sequence",
    "check_generated",
    "draft",
    "may_be_identity",
    "nextval",
]


class KeyDraft(Struct, frozen=True):
    """A constraint that still has to be added: written at a column (``column`` set) or at the table."""

    kind: str
    """The parser's name (``CONSTR_UNIQUE``)."""
    node: Node
    column: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    enforced: bool = True
    """False where NOT ENFORCED follows, behind a column's constraint."""

    @classmethod
    def of_table(cls, node: Node) -> KeyDraft:
        """Return one that is written at a table."""
        return cls(parser.enum_name(node, "contype"), node)

    @property
    def is_enforced(self) -> bool:
        """Whether rows are held to it at all."""
        return self.enforced and bool(self.node.is_enforced)

    @property
    def is_valid(self) -> bool:
        """Whether rows that are there are held to it."""
        return self.is_enforced and not self.node.skip_validation


class Draft(Struct, frozen=True):
    """A column that is about to be added, and what has to follow."""

    column: Column
    constraints: tuple[KeyDraft, ...] = ()
    not_null: KeyDraft | None = None
    """The NOT NULL that was written, for its name."""
    expression: Node | None = None
    """Of a generated column: to be checked once all columns are known."""
    local: bool = True


def draft(run: Execution, table: Name, node: Node, *, type_: Type | None = None) -> Draft:
    """Work out a column definition. Sequences of serial and identity columns are made at once, as the server does.

    Args:
        run: the statement.
        table: the table's name, there or not.
        node: a ColumnDef.
        type_: the type where the definition has none (partitions, typed tables).

    Raises:
        PostgresError: as the server would for the definition by itself.
    """
    if node.colname in system.SYSTEM_COLUMNS:
        raise sqlstate.PostgresError("42701", f'column name "{node.colname}" conflicts with a system column name')
    column = _typed(run, table, node) if node.HasField("type_name") else Column(name=node.colname, type=type_)
    if node.HasField("coll_clause"):
        column = replace(column, collation=".".join(parser.strings(node.coll_clause.collname)))
    return _with_constraints(run, table, node, Draft(column)) if node.constraints else Draft(column)


def _typed(run: Execution, table: Name, node: Node) -> Column:
    """Return a column of the type that is written."""
    type_ = type_names.own_type(node.type_name)
    serial = _serial(node) if type_ is None else None
    if serial is not None:
        default = nextval(add_sequence(run, table, node.colname))
        return Column(name=node.colname, type=type_names.builtin(serial), not_null=True, default=default)
    column = Column(name=node.colname, type=type_ or type_names.resolve(run, node.type_name))
    _refuse_pseudo_type(column)
    return column


def _serial(node: Node) -> str | None:
    if len(node.type_name.names) != 1:
        return None
    written = parser.strings(node.type_name.names)
    if not written or written[0] not in type_names.SERIAL:
        return None
    if len(node.type_name.array_bounds):
        raise sqlstate.feature_not_supported(f"array of {written[0]} is not implemented")
    return type_names.SERIAL[written[0]]


def _refuse_pseudo_type(column: Column) -> None:
    type_ = column.type
    if type_ is None or type_.name.schema != "pg_catalog" or type_.dimensions or type_.name.name == "unknown":
        return
    if system.categories().get(type_.name.name) == "P":
        raise sqlstate.invalid_table_definition(f'column "{column.name}" has pseudo-type {type_.name.name}')


def _with_constraints(run: Execution, table: Name, node: Node, current: Draft) -> Draft:
    nullable_said = False
    default_said = current.column.default is not None
    for constraint in _with_attributes(node):
        kind = constraint.kind
        if kind == "CONSTR_NULL":
            nullable_said = True
        elif kind == "CONSTR_NOTNULL":
            current = replace(current, column=replace(current.column, not_null=True), not_null=constraint)
        elif kind == "CONSTR_DEFAULT":
            if default_said:
                raise _syntax(f'multiple default values specified for column "{node.colname}"')
            default_said = True
            default = stored_default(run, current.column, constraint.node.raw_expr)
            current = replace(current, column=replace(current.column, default=default))
        elif kind == "CONSTR_IDENTITY":
            current = replace(current, column=_identity(run, table, current.column, constraint.node))
        elif kind == "CONSTR_GENERATED":
            current = _generated(current, constraint.node)
        else:
            current = replace(current, constraints=(*current.constraints, constraint))
    column = current.column
    keyed = run.state.server_version >= 180000 and any(c.kind == "CONSTR_PRIMARY" for c in current.constraints)
    if nullable_said and (column.not_null or keyed):
        raise _syntax(f'conflicting NULL/NOT NULL declarations for column "{column.name}"')
    _refuse_conflicts(column, default_said=default_said)
    return current


def check_generated(run: Execution, table: Table, drafted: Draft) -> None:
    """Refuse an expression that a generated column of a table cannot have, and work out how it is printed.

    Raises:
        PostgresError: 42703 no such column, 42P17 another generated column, 42804 it is of another type.
    """
    if drafted.expression is None:
        return
    from alembic_contracts.prediction.printing import texts
    from alembic_contracts.prediction.queries.constants import check_fits
    from alembic_contracts.prediction.queries.ddl_expressions import check_columns
    from alembic_contracts.prediction.queries.mutability import require_immutable

    for name in check_columns(run, drafted.expression, table):
        used = table.column(name)
        if used is not None and used.generated:
            raise sqlstate.invalid_definition(f'cannot use generated column "{name}" in column generation expression')
    check_fits(run, drafted.column, drafted.expression, table)
    require_immutable(run, table, drafted.expression, "generation expression is not immutable")
    node, name = drafted.expression, drafted.column.name

    def printed(column: Column) -> Column:
        text = texts.of_value(run.state, column.expression or "", node, column.type, table.columns)
        return replace(column, expression=text)

    change_column(run.state, table.name, name, printed)


def _refuse_conflicts(column: Column, *, default_said: bool) -> None:
    if column.identity and default_said:
        raise _syntax(f'both default and identity specified for column "{column.name}"')
    if column.generated and default_said:
        raise _syntax(f'both default and generation expression specified for column "{column.name}"')
    if column.generated and column.identity:
        raise _syntax(f'both identity and generation expression specified for column "{column.name}"')


def _syntax(message: str) -> sqlstate.PostgresError:
    return sqlstate.PostgresError("42601", message)


def _with_attributes(node: Node) -> list[KeyDraft]:
    """Return a column's constraints with the DEFERRABLE or NOT ENFORCED that follows each merged into it."""
    found: list[KeyDraft] = []
    for constraint in parser.children(node.constraints):
        kind = parser.enum_name(constraint, "contype")
        if not kind.startswith("CONSTR_ATTR"):
            found.append(KeyDraft(kind, constraint, node.colname))
            continue
        if not found or found[-1].kind not in _DEFERRABLE:
            if kind in {"CONSTR_ATTR_NOT_DEFERRABLE", "CONSTR_ATTR_IMMEDIATE", "CONSTR_ATTR_ENFORCED"} and found:
                continue
            raise _syntax("misplaced DEFERRABLE clause")
        if kind == "CONSTR_ATTR_DEFERRABLE":
            found[-1] = replace(found[-1], deferrable=True)
        elif kind == "CONSTR_ATTR_DEFERRED":
            found[-1] = replace(found[-1], deferrable=True, initially_deferred=True)
        elif kind == "CONSTR_ATTR_NOT_ENFORCED":
            if found[-1].kind not in {"CONSTR_FOREIGN", "CONSTR_CHECK"} or not found[-1].enforced:
                raise _syntax("misplaced NOT ENFORCED clause")
            found[-1] = replace(found[-1], enforced=False)
    return found


_DEFERRABLE = frozenset({"CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_EXCLUSION", "CONSTR_FOREIGN", "CONSTR_CHECK"})


def _identity(run: Execution, table: Name, column: Column, node: Node) -> Column:
    if column.identity:
        raise _syntax(f'multiple identity specifications for column "{column.name}"')
    if not may_be_identity(column.type):
        raise sqlstate.PostgresError("22023", "identity column type must be smallint, integer, or bigint")
    if column.default is not None:
        raise _syntax(f'both default and identity specified for column "{column.name}"')
    add_sequence(run, table, column.name, node, internal=True)
    return replace(column, identity="always" if node.generated_when == "a" else "by default", not_null=True)


def may_be_identity(type_: Type | None) -> bool:
    """Whether a column of this type can be an identity column, also where the type is not known."""
    return type_ is None or (type_.name.name in {"int2", "int4", "int8"} and not type_.dimensions)


def _generated(current: Draft, node: Node) -> Draft:
    if current.column.generated:
        raise _syntax(f'multiple generation clauses specified for column "{current.column.name}"')
    kind: Literal["virtual", "stored"] = "virtual" if node.generated_kind == "v" else "stored"
    text = parser.deparse_expression(node.raw_expr)
    return replace(
        current,
        column=replace(current.column, generated=kind, expression=text),
        expression=node.raw_expr,
    )


def add_sequence(run: Execution, table: Name, column: str, node: Node | None = None, *, internal: bool = False) -> Name:
    """Make the sequence of a serial or identity column and return its name."""
    state = run.state
    wanted = None
    for option in parser.children(node.options) if node is not None else ():
        if option.defname == "sequence_name":
            wanted = parser.strings(parser.unwrap(option.arg).items)
    if wanted:
        name = Name(wanted[-2] if len(wanted) > 1 else table.schema, wanted[-1])
        if state.relation_kind(name) is not None:
            raise sqlstate.duplicate_table(name.name)
    else:
        name = Name(table.schema, generated_names.relation_name(state, table.schema, table.name, [column], "seq"))
    state.sequences.put(name, Sequence(name, (table, column), internal))
    return name


def nextval(sequence: Name) -> str:
    """Return the default of a serial column."""
    written = quote_name(sequence).replace("'", "''")
    printed = None if sequence.schema == TEMPORARY else f"nextval({spelled(sequence, 'regclass')}::regclass)"
    return Printed(f"nextval('{written}'::regclass)", printed)
