"""CREATE and ALTER DOMAIN applied to the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts.prediction.catalog import generated_names
from alembic_contracts.prediction.catalog.type_names import resolve
from alembic_contracts.prediction.catalog.user_types import new_type_name, require_type
from alembic_contracts.prediction.printing.texts import of_domain_check, of_value
from alembic_contracts.prediction.queries.ddl_expressions import check_default, check_functions
from alembic_contracts.prediction.sql import parser, sqlstate
from alembic_contracts.schemas.schema import Constraint, TypeDefinition

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.execution import Execution
    from alembic_contracts.prediction.sql.parser import Node
    from alembic_contracts.schemas.schema import Type

__all__ = ["HANDLERS"]


def create_domain(run: Execution, node: Node) -> None:
    """Apply CREATE DOMAIN."""
    name = new_type_name(run, parser.strings(node.domainname))
    base = resolve(run, node.type_name)
    definition = TypeDefinition(name=name, kind="domain", base=base, default=_default_of_base(run, base))
    nullable = False
    for constraint in parser.children(node.constraints):
        kind = parser.enum_name(constraint, "contype")
        if kind == "CONSTR_NOTNULL":
            definition = replace(definition, not_null=True)
        elif kind == "CONSTR_NULL":
            nullable = True
        elif kind == "CONSTR_DEFAULT":
            default = _default(run, definition, constraint.raw_expr)
            definition = replace(definition, default=None if default == "NULL" else default)
        elif kind == "CONSTR_CHECK":
            definition = _with_check(run, definition, constraint)
        else:
            raise sqlstate.PostgresError("42601", f"{kind} constraints not possible for domains")
    if nullable and definition.not_null:
        raise sqlstate.PostgresError("42601", "conflicting NULL/NOT NULL constraints")
    run.state.types.put(name, definition)


def _default_of_base(run: Execution, base: Type | None) -> str | None:
    """Return the default that a domain takes over from another one that it is based on (``DefineDomain``)."""
    below = None if base is None or base.dimensions else run.state.types.get(base.name)
    return None if below is None or below.kind != "domain" else below.default


def _default(run: Execution, definition: TypeDefinition, node: Node) -> str:
    return of_value(run.state, check_default(run, node), node, definition.base)


def _with_check(run: Execution, definition: TypeDefinition, node: Node) -> TypeDefinition:
    check_functions(run, node.raw_expr)
    taken = [check.name for check in definition.checks]
    if node.conname in taken:
        message = f'constraint "{node.conname}" for domain "{definition.name.name}" already exists'
        raise sqlstate.PostgresError("42710", message)
    schema, name = definition.name
    chosen = node.conname or generated_names.constraint_name(run.state, schema, name, [], "check", others=taken)
    check = Constraint(
        name=chosen,
        kind="check",
        expression=of_domain_check(run.state, parser.deparse_expression(node.raw_expr), node.raw_expr, definition.base),
        valid=not node.skip_validation,
    )
    return replace(definition, checks=(*definition.checks, check))


def alter_domain(run: Execution, node: Node) -> None:
    """Apply ALTER DOMAIN; ``subtype`` is a letter as in ``AlterDomainStmt``.

    Raises:
        PostgresError: 42704 the domain or its constraint does not exist.
    """
    definition = require_type(run, parser.strings(node.type_name), "domain")
    if definition is None:
        return
    run.state.types.put(definition.name, _altered(run, definition, node))


def _altered(run: Execution, definition: TypeDefinition, node: Node) -> TypeDefinition:
    if node.subtype == "T":
        default = _default(run, definition, getattr(node, "def")) if node.HasField("def") else None
        return replace(definition, default=None if default == "NULL" else default)
    if node.subtype in {"N", "O"}:
        if node.subtype == "O":
            _refuse_contained(run, definition)
        return replace(definition, not_null=node.subtype == "O")
    if node.subtype == "C":
        constraint = parser.unwrap(getattr(node, "def"))
        named = parser.enum_name(constraint, "contype") == "CONSTR_NOTNULL"
        changed = replace(definition, not_null=True) if named else _with_check(run, definition, constraint)
        if not constraint.skip_validation:
            _refuse_contained(run, definition)
        return changed
    if node.subtype == "X":
        return _without(run, definition, node)
    if node.subtype == "V":
        if all(check.name != node.name for check in definition.checks):
            raise _missing(definition, node.name)
        _refuse_contained(run, definition)
        checks = tuple(replace(c, valid=True) if c.name == node.name else c for c in definition.checks)
        return replace(definition, checks=checks)
    return definition


def _refuse_contained(run: Execution, definition: TypeDefinition) -> None:
    """The server cannot look into arrays and rows for values that break a new rule.

    Raises:
        PostgresError: 0A000.
    """
    for user in run.state.mentioned_by(definition.name):
        for column in user.columns:
            if column.type is not None and column.type.name == definition.name and column.type.dimensions:
                message = f'cannot alter type "{definition.name.name}" because column "{column.name}" uses it'
                raise sqlstate.feature_not_supported(message)


def _without(run: Execution, definition: TypeDefinition, node: Node) -> TypeDefinition:
    kept = tuple(check for check in definition.checks if check.name != node.name)
    if len(kept) < len(definition.checks):
        return replace(definition, checks=kept)
    if definition.not_null and node.name == f"{definition.name.name}_not_null":
        return replace(definition, not_null=False)
    if definition.not_null:
        run.doubt(f"whether {node.name} is the name of the domain's NOT NULL is not known")
        return definition
    if not node.missing_ok:
        raise _missing(definition, node.name)
    return definition


def _missing(definition: TypeDefinition, name: str) -> sqlstate.PostgresError:
    message = f'constraint "{name}" of domain "{definition.name.name}" does not exist'
    return sqlstate.PostgresError("42704", message)


HANDLERS = {"create_domain_stmt": create_domain, "alter_domain_stmt": alter_domain}
