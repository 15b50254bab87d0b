"""Contracts in, SQLAlchemy metadata out, so that autogenerate writes the migration that a new contract needs.

What a contract leaves unset is nobody's business: tables and columns that no contract names stay, and where
nullability, type or default is not stated, autogenerate proposes no change of it. ``prune`` sees to that.

On another kind of database than the contracts', the tables are made for that one (``suit``): with types that are for
the same, and without what is not held there.

Everything is imported when there is something to make: the guard loads this module with every env.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alembic_contracts.running.stated_tables import ELSEWHERE, INFO, Maker, stated_of
from alembic_contracts.schemas.schema import Name

if TYPE_CHECKING:
    from alembic.operations import ops
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import MetaData, Table

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.dialects.families import Family

__all__ = ["made_for", "metadata", "prune", "suit", "table_of"]

_AGAIN = "alembic_contracts.again"
"""Key of what makes the tables once more, for a kind of database."""
_KINDS = "alembic_contracts.kinds"
"""Key of the kinds of databases that the contracts are about."""
_NAMES = "alembic_contracts.names"
"""Key of the tables' keys by the names that contracts have for them."""


def metadata(
    paths: str | Path | Iterable[str | Path],
    *,
    beside: MetaData | Iterable[MetaData] = (),
    naming_convention: Mapping[str, Any] | None = None,
    default_schema: str | None = "public",
) -> MetaData:
    """Return the tables that contracts state.

    Args:
        paths: contract files and folders.
        beside: metadata of models; tables that are in it are left out here.
        naming_convention: as for ``sqlalchemy.MetaData``.
        default_schema: tables of this schema get none, as Alembic compares them.

    Raises:
        alembic.util.CommandError: a contract cannot be read, or there are none.
    """
    from alembic.util import CommandError
    from sqlalchemy import MetaData

    from alembic_contracts.contracts import formats
    from alembic_contracts.errors import CannotCheck

    listed = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    others = [beside] if isinstance(beside, MetaData) else list(beside)
    modelled = {key for other in others for key in other.tables}
    try:
        contracts = formats.load(tuple(path.absolute() for path in listed), root=Path.cwd())
    except CannotCheck as error:  # env.py asks for it, and Alembic shows no traceback of errors of its own kind
        raise CommandError(str(error)) from error

    def make(dialect: Dialect | None) -> MetaData:
        made = MetaData(naming_convention=cast("Any", naming_convention))
        made.info[_AGAIN], made.info[_NAMES] = make, {}
        made.info[_KINDS] = {contract.kind for contract in contracts}
        for stated in stated_of(contracts, default_schema):
            if stated.key not in modelled:
                Maker(stated, dialect).table(made)
                made.info[_NAMES] |= dict.fromkeys(stated.names, stated.key)
        return made

    return make(None)


def made_for(made: MetaData, dialect: Dialect) -> MetaData:
    """Return tables of contracts as a kind of database has them, the same where they are all about that kind.

    Args:
        made: from ``metadata``; what else is in it, env.py has added.
        dialect: of the database.
    """
    from alembic_contracts.judging.shape import is_same

    if all(is_same(kind, dialect.KIND) for kind in made.info[_KINDS]):
        return made
    found: MetaData = made.info[_AGAIN](dialect)
    for key, table in made.tables.items():
        if key not in found.tables:
            table.to_metadata(found)
    return found


def table_of(made: MetaData, name: Name) -> Table | None:
    """Return a table by the name that contracts have for it."""
    key = made.info[_NAMES].get(name)
    return None if key is None else made.tables[key]


# -- what autogenerate may propose ------------------------------------------------------------------------------------


def suit(migration: MigrationContext) -> None:
    """Have tables of contracts made for the database that is migrated, where some are about another kind.

    Args:
        migration: after ``context.configure()``.
    """
    from alembic_contracts import dialects

    target = migration.opts.get("target_metadata")
    dialect = dialects.load(migration.dialect.name)
    suited = [made_for(each, dialect) if _AGAIN in each.info else each for each in _targets(target)]
    migration.opts["target_metadata"] = suited if isinstance(target, list | tuple) else suited[0]


def prune(migration: MigrationContext, directives: Sequence[ops.MigrationScript]) -> None:
    """Take out what autogenerate proposes about things of which no contract says anything.

    Only tables that come from ``metadata`` are looked at; with nothing but such metadata, other tables stay as well.
    """
    targets = _targets(migration.opts.get("target_metadata"))
    tables = {name: rules for target in targets for name, rules in target.info.get(INFO, {}).items()}
    if not tables:
        return
    families = {name: known for target in targets for name, known in target.info.get(ELSEWHERE, {}).items()}
    alone = len(tables) == sum(len(target.tables) for target in targets)
    for script in directives:
        for upgrade, downgrade in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
            if upgrade.upgrade_token == migration.opts.get("upgrade_token"):
                upgrade.ops[:] = [each for each in upgrade.ops if _is_stated(each, tables, families, alone)]
                upgrade.reverse_into(downgrade)


Known = Mapping[tuple[str | None, str], Mapping[str | None, Collection[str]]]
Families = Mapping[tuple[str | None, str], "Mapping[str | None, Family | None]"]


def _targets(target: Any) -> list[MetaData]:
    if target is None:
        return []
    return list(target) if isinstance(target, list | tuple) else [target]


def _is_stated(operation: Any, tables: Known, families: Families, alone: bool) -> bool:
    """Whether a contract asks for an operation; containers lose those that none asks for."""
    from alembic.operations import ops

    if isinstance(operation, ops.ModifyTableOps):
        place = operation.schema, operation.table_name
        if place in tables:
            there = {_leads(each.reverse()) for each in operation.ops if _is_drop_of_foreign_key(each)}
            operation.ops[:] = [
                each
                for each in operation.ops
                if _in_table(each, tables[place], families.get(place, {})) and _leads(each) not in there - {None}
            ]
        return bool(operation.ops)
    place = getattr(operation, "schema", None), getattr(operation, "table_name", "")
    table = tables.get(place)
    if isinstance(operation, ops.DropTableOp):
        return not alone or table is not None
    return table is None or _in_table(operation, table, families.get(place, {}))


def _is_drop_of_foreign_key(operation: Any) -> bool:
    from alembic.operations import ops

    return isinstance(operation, ops.DropConstraintOp) and operation.constraint_type == "foreignkey"


def _leads(operation: Any) -> tuple[object, ...] | None:
    """Return where a foreign key leads that is added: what happens on update and delete no contract says."""
    from alembic.operations import ops

    if not isinstance(operation, ops.CreateForeignKeyOp):
        return None
    place = operation.kw.get("referent_schema"), operation.referent_table
    return place, frozenset(zip(operation.local_cols, operation.remote_cols, strict=True))


def _in_table(
    operation: Any, stated: Mapping[str | None, Collection[str]], families: Mapping[str | None, Family | None]
) -> bool:
    from alembic.operations import ops

    comments = (ops.CreateTableCommentOp, ops.DropTableCommentOp)
    if isinstance(operation, ops.DropColumnOp):
        return operation.column_name in stated or "extra-column" in stated[None]
    if isinstance(operation, (ops.DropConstraintOp, ops.DropIndexOp, *comments)):
        return False
    if isinstance(operation, ops.AlterColumnOp):
        if _fits(operation, families):
            operation.modify_type = None
        return _keep_stated(operation, stated.get(operation.column_name, ()))
    return True


def _fits(operation: ops.AlterColumnOp, families: Mapping[str | None, Family | None]) -> bool:
    """Whether a column has a type for what another kind of database has the stated one for."""
    from alembic_contracts.dialects.families import family_of, fits

    if operation.column_name not in families or operation.existing_type is None:
        return False
    wanted, found = families[operation.column_name], family_of(operation.existing_type)
    return wanted in (None, "array") or found is None or fits(wanted, found)


def _keep_stated(operation: ops.AlterColumnOp, rules: Collection[str]) -> bool:
    """Take out of an alteration what is not stated; returns whether anything is left."""
    if not {"column-nullable", "primary-key"} & set(rules):
        operation.modify_nullable = None
    if not {"column-type", "array-element-type"} & set(rules):
        operation.modify_type = None
    if "column-default" not in rules:
        operation.modify_server_default = False
    operation.modify_comment = False
    return operation.has_changes()
