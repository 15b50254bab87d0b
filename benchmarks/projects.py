"""A size in, a project of that size out: revisions that make tables and add columns, and contracts about them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["OWN_CACHE", "REVISION", "Size", "add_revision", "forget_runs", "write"]

_ENV = """\
import contextlib, os
from alembic import context
from sqlalchemy import NullPool, create_engine

if os.environ.get("GUARD") == "off":
    guard = lambda context: contextlib.nullcontext()
else:
    from alembic_contracts import guard

url = os.environ["DATABASE_URL"]
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction(), guard(context):
        context.run_migrations()
else:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction(), guard(context):
            context.run_migrations()
"""

REVISION = """\
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""


OWN_CACHE = {"XDG_CACHE_HOME": str(Path(tempfile.gettempdir(), "alembic-contracts-benchmarks"))}
"""For the environment of what runs: what runs leave for others where Python writes no bytecode, see ``forget_runs``."""


def forget_runs(folder: Path) -> None:
    """Delete what runs of a project have left for others: the next one is the first with its scripts."""
    for kept in (folder / "migrations" / "__pycache__", Path(OWN_CACHE["XDG_CACHE_HOME"], "alembic-contracts")):
        for file in kept.glob("alembic_contracts.*"):
            file.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a project is."""

    tables: int = 1
    columns: int = 5
    """Of each table, its key included."""
    revisions: int = 1
    """The tables are made in the first ones, as evenly as may be; each of the rest does ``operations``."""
    operations: int = 1
    """That each revision after the tables does: columns added to one table after the other."""
    contracts: int = 1
    """About the first tables, one each, with everything that can be stated of their columns."""
    suffix: str = ".json"
    """Of the contracts' files: ``.json``, or ``.odcs.yaml``."""


def write(folder: Path, size: Size) -> None:
    """Write a project's files to an empty folder; env.py takes ``DATABASE_URL``, and ``GUARD=off`` for no guard."""
    versions, contracts = folder / "migrations" / "versions", folder / "contracts"
    versions.mkdir(parents=True)
    contracts.mkdir()
    (folder / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/migrations"\n[tool.alembic_contracts]\ncontracts = "contracts"\n'
    )
    (folder / "migrations" / "env.py").write_text(_ENV)
    for number, (upgrade, downgrade) in enumerate(_revisions(size)):
        add_revision(folder, number, upgrade, downgrade)
    for number in range(size.contracts):
        (contracts / f"t{number}{size.suffix}").write_text(_CONTRACTS[size.suffix](number, size))


def add_revision(folder: Path, number: int, upgrade: str, downgrade: str) -> None:
    """Write a revision that follows the one before it in number; ``upgrade`` and ``downgrade`` are statements."""
    down = f"r{number - 1:05}" if number else None
    text = REVISION.format(revision=f"r{number:05}", down=down, upgrade=upgrade, downgrade=downgrade)
    (folder / "migrations" / "versions" / f"r{number:05}.py").write_text(text)


def _revisions(size: Size) -> list[tuple[str, str]]:
    making = min(size.tables, size.revisions)
    share = -(-size.tables // making)
    found = []
    for first in range(0, size.tables, share):
        names = range(first, min(first + share, size.tables))
        made = _lines(_made(name, size.columns) for name in names)
        found.append((made, _lines(f'op.drop_table("t{name}")' for name in names)))
    for number in range(len(found), size.revisions):
        columns = [(f"t{(number + each) % size.tables}", f"x{number}_{each}") for each in range(size.operations)]
        added = _lines(f'op.add_column("{table}", sa.Column("{name}", sa.String(50)))' for table, name in columns)
        found.append((added, _lines(f'op.drop_column("{table}", "{name}")' for table, name in columns)))
    return found


def _lines(statements: Iterable[str]) -> str:
    return "\n    ".join(statements)


def _made(table: int, columns: int) -> str:
    written = "".join(f', sa.Column("c{n}", {_TYPES[n % 2]}, nullable={bool(n % 3)})' for n in range(columns - 1))
    return f'op.create_table("t{table}", sa.Column("id", sa.Integer, primary_key=True){written})'


_TYPES = ("sa.Numeric(10, 2)", "sa.String(50)")


def _native(table: int, size: Size) -> str:
    kinds = (
        {"data_type": "numeric", "numeric_precision": 10, "numeric_scale": 2},
        {"data_type": "character varying", "character_maximum_length": 50},
    )
    columns = {f"c{n}": {"constraints": {**kinds[n % 2], "is_nullable": bool(n % 3)}} for n in range(size.columns - 1)}
    key = {"id": {"constraints": {"primaryKey": True, "is_nullable": False, "data_type": "integer"}}}
    contract = {
        "spec-version": "1.0.0",
        "name": f"t{table}",
        "namespace": "benchmark",
        "owner": {"name": "Benchmark"},
        "schema": {"table_schema": "public", "table_name": f"t{table}", "properties": {**key, **columns}},
    }
    return json.dumps(contract, indent=1)


def _odcs(table: int, size: Size) -> str:
    kinds = (("number", "numeric(10,2)"), ("string", "varchar(50)"))
    columns = "".join(
        f"      - name: c{n}\n        logicalType: {kinds[n % 2][0]}\n        physicalType: {kinds[n % 2][1]}\n"
        f"        required: {'false' if n % 3 else 'true'}\n"
        for n in range(size.columns - 1)
    )
    return (
        "apiVersion: v3.1.0\nkind: DataContract\n"
        f"id: t{table}\nname: t{table}\nversion: 1.0.0\nstatus: active\ndomain: benchmark\n"
        "team:\n  name: Benchmark\n"
        f"schema:\n  - name: t{table}\n    physicalName: public.t{table}\n    logicalType: object\n    properties:\n"
        "      - name: id\n        physicalType: integer\n        logicalType: integer\n        primaryKey: true\n"
        f"        primaryKeyPosition: 1\n        required: true\n{columns}"
    )


_CONTRACTS = {".json": _native, ".odcs.yaml": _odcs}
