"""Every case of the folder ``parity`` on the real PostgreSQL and in the in-memory catalog: both must agree.

A file holds cases. ``=== title`` begins one, with conditions in brackets behind the title: ``[>=17]`` (server version),
``[doubt]`` (the catalog must say that it does not understand all of it), ``[untyped]`` (columns of views may have types
that are not worked out), ``[incomplete]`` (has objects that no schema carries, so that they are not known after an
observation), ``[doubt observed]`` (there is a doubt then). Each statement is executed by itself; the errors must be the
same, and so must the schema afterwards. ``---`` in a case ends its set-up: it is run a second time with the catalog
starting from what was observed in the database at this point.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from alembic_contracts.dialects import postgresql
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.sqlstate import PostgresError
from alembic_contracts.prediction.statements import execute
from alembic_contracts.schemas.schema import Access
from tests.support.parity import differences, facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic_contracts.schemas.schema import Schema
    from tests.support.parity import Server

CASES = Path(__file__).with_name("parity")


@dataclass(frozen=True)
class Case:
    title: str
    conditions: frozenset[str]
    setup: str
    change: str | None

    def wants(self, version: int) -> bool:
        """Whether it is for a server of this version (``server_version_num``)."""
        for condition in self.conditions:
            limit = re.fullmatch(r"(>=|<)(\d+)", condition)
            if limit and (version // 10000 >= int(limit[2])) != (limit[1] == ">="):
                return False
        return True


def read(path: Path) -> Iterator[Case]:
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        conditions = frozenset(re.findall(r"\[(.+?)\]", title))
        setup, line, change = body.partition("\n---\n")
        yield Case(f"{path.stem}: {title.partition(' [')[0]}", conditions, setup, change if line else None)


ALL = [case for path in sorted(CASES.glob("*.sql")) for case in read(path)]


RUNS = [
    pytest.param(case, start, id=f"{start}-{case.title}")
    for start in ("empty", "observed")
    for case in ALL
    if start == "empty" or case.change is not None  # what has no set-up starts from nothing
]


@pytest.mark.parametrize(("case", "start"), RUNS)
def test_catalog_does_as_postgresql_does(case: Case, start: str, server: Server) -> None:
    if not case.wants(server.version):
        pytest.skip("another version's")
    server.reset()
    catalog = Catalog(database=server.connection.engine.url.database, server_version=server.version)
    doubts = []
    for part in (case.setup, case.change or ""):
        if start == "observed" and part is case.change:
            complete = "incomplete" not in case.conditions
            catalog = Catalog(server.observe(), server_version=server.version, complete=complete)
            doubts = []
        for statement in parser.parse(part):
            expected = server.run(statement.sql)
            predicted = None
            try:
                for effect in execute(catalog, statement.sql):
                    doubts.extend(effect.doubts)
            except PostgresError as error:
                predicted = error.sqlstate
            assert predicted == expected, statement.sql
    if "doubt" in case.conditions:
        assert doubts
        return
    assert bool(doubts) == (start == "observed" and "doubt observed" in case.conditions), doubts
    untyped = "untyped" in case.conditions
    predicted_facts = facts(catalog.schema(), untyped=untyped)
    observed_facts = facts(server.observe(), untyped=untyped)
    assert list(differences("", predicted_facts, observed_facts)) == []


EXTRACTS = [
    pytest.param(case, named, id=f"{'named' if named else 'nothing'}-{case.title}")
    for named in (True, False)
    for case in ALL
    if case.change is not None
]


@pytest.mark.parametrize(("case", "named"), EXTRACTS)
def test_a_part_of_the_database_is_enough_or_says_that_it_is_not(case: Case, named: bool, server: Server) -> None:
    """The baseline is what the change's own words name, or nothing at all."""
    if not case.wants(server.version):
        pytest.skip("another version's")
    server.reset()
    for statement in parser.parse(case.setup):
        server.run(statement.sql)
    words = set(re.findall(r"\w+", case.change.lower()))
    with server.engine.connect() as other:
        extract = postgresql.surroundings(other).outline.around(lambda name: named and name.name in words)
        schema = postgresql.observe(other, extract.tables)
    before = server.observe()
    catalog = Catalog(
        schema, server_version=server.version, complete="incomplete" not in case.conditions, extract=extract
    )
    if not is_enough(catalog, case, server):
        return
    untyped = "untyped" in case.conditions
    observed = server.observe()
    for name in before.tables.keys() - extract.tables:
        assert observed.tables.get(name) == before.tables[name], "what was not read has changed unnoticed"
    known = replace(observed, tables={n: t for n, t in observed.tables.items() if n not in extract.unread})
    predicted_facts = facts(replace(catalog.schema([]), tables=catalog.loaded_tables), untyped=untyped)
    assert list(differences("", predicted_facts, facts(known, untyped=untyped))) == []


def is_enough(catalog: Catalog, case: Case, server: Server) -> bool:
    """Run a case's change in both; False where all of the database is read then, which is another test's."""
    doubts = []
    errors = []
    for statement in parser.parse(case.change):
        expected, predicted = server.run(statement.sql), None
        try:
            for effect in execute(catalog, statement.sql):
                doubts.extend(effect.doubts)
        except PostgresError as error:
            predicted = error.sqlstate
        errors.append((statement.sql, predicted, expected))
    if catalog.asked_for_unread or doubts:
        return False
    assert [(sql, predicted) for sql, predicted, _ in errors] == [(sql, expected) for sql, _, expected in errors]
    return True


WITH_CHANGE = [pytest.param(case, id=case.title) for case in ALL if case.change is not None]


@pytest.mark.parametrize("case", WITH_CHANGE)
def test_a_database_without_its_roles_is_enough_or_says_that_it_is_not(case: Case, server: Server) -> None:
    if not case.wants(server.version):
        pytest.skip("another version's")
    server.reset()
    for statement in parser.parse(case.setup):
        server.run(statement.sql)
    with server.engine.connect() as other:
        schema = postgresql.sight(other, None, (), left_out=frozenset({"grants"})).schema
    complete = "incomplete" not in case.conditions
    catalog = Catalog(schema, server_version=server.version, complete=complete, without_access=True)
    if not is_enough(catalog, case, server):
        return
    predicted, observed = (without_roles(each) for each in (catalog.schema(), server.observe()))
    untyped = "untyped" in case.conditions
    assert list(differences("", facts(predicted, untyped=untyped), facts(observed, untyped=untyped))) == []


def without_roles(schema: Schema) -> Schema:
    """What is left of a schema where nobody knows who may do what."""
    tables = {name: replace(table, grants=frozenset()) for name, table in schema.tables.items()}
    return replace(schema, tables=tables, access=Access(publications=schema.access.publications))


def test_there_are_cases() -> None:
    assert len(ALL) >= 150
    assert sum(len(parser.parse(part)) for case in ALL for part in (case.setup, case.change or "")) >= 1200
