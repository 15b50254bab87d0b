"""What ``infer publication`` finds, beside what PostgreSQL itself says that it replicates, and what breaks of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alembic_contracts import dialects
from alembic_contracts.contracts import formats
from alembic_contracts.dialects.postgresql import observe
from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference import sources
from alembic_contracts.inference.drafts import draft
from alembic_contracts.inference.files import files
from alembic_contracts.inference.sources import Asked, publication
from alembic_contracts.inference.uses import Found
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.uses import Place
from tests.support.cluster import Cluster
from tests.support.facts import run, verdict
from tests.support.project import Project

MUSEUM = """
CREATE SCHEMA shop;
CREATE TYPE condition AS ENUM ('good', 'bad');
CREATE TABLE object (
    id int PRIMARY KEY, title text NOT NULL, year int, state condition, inventory text NOT NULL UNIQUE,
    century int GENERATED ALWAYS AS (year / 100 + 1) STORED
);
CREATE TABLE artist (id int PRIMARY KEY, name text, born date);
CREATE TABLE visit (at timestamptz NOT NULL, door int NOT NULL, PRIMARY KEY (at, door)) PARTITION BY RANGE (at);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE shop.item (id int PRIMARY KEY, price numeric(10, 2));
CREATE UNLOGGED TABLE basket (id int PRIMARY KEY);
CREATE VIEW seen AS SELECT id FROM object;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
"""


def asked(connection: sa.Connection, *names: str) -> Asked:
    version = connection.dialect.server_version_info[0] * 10000  # type: ignore[index]
    return Asked(inputs=names, schema=observe(connection, None), server_version=version, connection=connection)


def found(connection: sa.Connection, *names: str) -> Found:
    return publication.uses(asked(connection, *names))


def columns(found: Found) -> dict[str, list[str]]:
    """The columns that are read, by table."""
    read: dict[str, list[str]] = {}
    for use in found.uses:
        if use.kind == "read" and use.column is not None:
            read.setdefault(str(use.table), []).append(use.column)
    return read


def since(connection: sa.Connection, version: int) -> None:
    if connection.dialect.server_version_info < (version,):  # type: ignore[operator]
        pytest.skip(f"PostgreSQL {version} is the first that knows it")


def contracts(found: Found, schema: Schema, folder: Path, format_: str) -> Any:
    """The contracts that are written of what was found."""
    dialect = dialects.load("postgresql")
    path = folder / "dbz.odcs.yaml" if format_ == "odcs" else folder
    written = list(files(draft(found, schema, dialect), schema, dialect, format_=format_, path=path))
    for each in written:
        assert each.text is not None
        each.path.write_text(each.text, encoding="utf-8")
    return formats.load([each.path for each in written], root=folder)


@pytest.fixture
def museum(connection: sa.Connection) -> Iterator[sa.Connection]:
    connection.exec_driver_sql(MUSEUM)
    yield connection
    connection.rollback()


def test_it_is_a_source() -> None:
    source = sources.load("publication")
    assert source.INPUTS == "NAME..."
    assert "publication" in sources.names()


def test_a_list_and_a_filter(museum: sa.Connection) -> None:
    since(museum, 15)
    museum.exec_driver_sql("CREATE PUBLICATION dbz FOR TABLE object (id, title, year) WHERE (id > 3), artist")
    result = found(museum, "dbz")
    assert result.consumer == "dbz"
    assert result.compatibility == "cdc"
    assert columns(result) == {"public.artist": ["id", "name", "born"], "public.object": ["id", "title", "year"]}
    assert {use.place for use in result.uses} == {Place("", None, "publication dbz")}
    assert [(use.column, use.table.name) for use in result.uses if use.kind == "filtered"] == [("id", "object")]
    stated = [(g.table.name, g.column, g.key, g.value) for g in result.guarantees if g.key != "is_generated"]
    artist = {"name": "dbz", "columns": ["id", "name", "born"], "row_filter": ""}
    of_object = {"name": "dbz", "columns": ["id", "title", "year"], "row_filter": "(id > 3)"}
    assert stated == [
        ("artist", None, "publications", artist),
        ("artist", "id", "primaryKey", True),
        ("artist", None, "replica_identity", "default"),
        ("object", None, "publications", of_object),
        ("object", "id", "primaryKey", True),
        ("object", None, "replica_identity", "default"),
    ]
    assert result.unread == ()
    assert result.notes == ()


@pytest.mark.parametrize(
    ("scope", "version"),
    [
        ("FOR ALL TABLES", 14),
        ("FOR ALL TABLES WITH (publish_via_partition_root)", 14),
        ("FOR TABLES IN SCHEMA shop", 15),
        ("FOR TABLES IN SCHEMA public, TABLE shop.item (id)", 15),
        ("FOR TABLE object (id, title), visit", 15),
        ("FOR TABLE visit_2025", 14),
        ("FOR TABLE object (id, century)", 18),
        ("FOR TABLE object WITH (publish_generated_columns = stored)", 18),
        ("FOR TABLE object WITH (publish_generated_columns = none)", 18),
    ],
)
def test_the_columns_are_those_that_postgresql_says(museum: sa.Connection, scope: str, version: int) -> None:
    since(museum, version)
    if "SCHEMA public, TABLE" in scope:
        scope = scope.replace(" (id)", "")  # a list beside a whole schema is refused
    museum.exec_driver_sql(f"CREATE PUBLICATION p {scope}")
    said: dict[str, set[str]] = {}
    if museum.dialect.server_version_info >= (15,):  # type: ignore[operator]
        names = "array_agg(n::text) FROM pg_publication_tables, unnest(attnames) AS n"
    else:
        names = """array_agg(a.attname::text) FROM pg_publication_tables INNER JOIN pg_attribute AS a
            ON a.attrelid = format('%%I.%%I', schemaname, tablename)::regclass AND attnum > 0 AND attgenerated = ''"""
    for schema, table, listed in museum.exec_driver_sql(
        f"SELECT schemaname, tablename, {names} WHERE tablename <> 'alembic_version' GROUP BY 1, 2"
    ):
        # Without publish_via_partition_root it lists partitions; the contract is on what they are partitions of.
        root = "visit" if table == "visit_2025" and "visit_2025" not in scope else table
        said[f"{schema}.{root}"] = set(listed)
        if museum.dialect.server_version_info < (16,):  # type: ignore[operator]
            said[f"{schema}.{root}"] -= {"century"}  # 15 lists generated columns, and sends none
    assert {table: set(names) for table, names in columns(found(museum, "p")).items()} == said


@pytest.fixture(scope="module")
def logical() -> Iterator[Cluster]:
    with Cluster(wal_level="logical") as cluster:
        yield cluster


def relations(connection: sa.Connection, slot: str, name: str) -> dict[str, tuple[list[str], list[str]]]:
    """The columns, and those of the replica identity, that the plugin of logical replication announces, by table."""
    changes = connection.exec_driver_sql(
        f"SELECT data FROM pg_logical_slot_get_binary_changes('{slot}', NULL, NULL, 'proto_version', '1', "
        f"'publication_names', '{name}')"
    )
    announced: dict[str, tuple[list[str], list[str]]] = {}
    for (message,) in changes.all():
        if message[:1] != b"R":
            continue
        _schema, table, rest = message[5:].split(b"\0", 2)
        count, rest = struct.unpack(">h", rest[1:3])[0], rest[3:]
        every, key = [], []
        for _ in range(count):
            flag, (column, rest) = rest[0], rest[1:].split(b"\0", 1)
            rest = rest[8:]
            every.append(column.decode())
            key += [column.decode()] if flag else []
        announced[table.decode()] = (every, key)
    return announced


def test_they_are_those_that_a_subscriber_is_told(logical: Cluster) -> None:
    engine = sa.create_engine(logical.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(MUSEUM)
        connection.exec_driver_sql("ALTER TABLE object REPLICA IDENTITY USING INDEX object_inventory_key")
        connection.exec_driver_sql(
            "CREATE PUBLICATION told FOR TABLE object (id, inventory, title) WHERE (inventory > ''), artist, visit"
        )
        connection.exec_driver_sql("CREATE PUBLICATION whole FOR TABLE object")
        for slot in ("told", "whole"):
            connection.exec_driver_sql(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
        connection.exec_driver_sql("INSERT INTO object VALUES (1, 'Vase', 1500, 'good', 'A1')")
        connection.exec_driver_sql("INSERT INTO artist VALUES (1, 'Ann', '1500-01-01')")
        connection.exec_driver_sql("INSERT INTO visit VALUES ('2025-05-05', 1)")
        whole = relations(connection, "whole", "whole")["object"][0]
        assert columns(found(connection, "whole")) == {"public.object": whole}
        told = relations(connection, "told", "told")
        result = found(connection, "told")
        # Without publish_via_partition_root it is the partition that is announced, with the columns of its root.
        told["visit"] = told.pop("visit_2025")
        assert {name.removeprefix("public."): of for name, of in columns(result).items()} == {
            name: sorted(every, key=columns(result)[f"public.{name}"].index) for name, (every, _) in told.items()
        }
        keys: dict[str, set[str]] = {}
        for each in result.guarantees:
            if each.key == "is_nullable" or (each.key == "primaryKey" and each.table.name != "object"):
                keys.setdefault(each.table.name, set()).add(str(each.column))
        assert keys == {name: set(key) for name, (_, key) in told.items()}
        unique = [g.value for g in result.guarantees if g.key == "unique"]
        assert unique == [["inventory"]]


BROKEN = {
    "ALTER PUBLICATION dbz DROP TABLE object": {"publication"},
    "ALTER PUBLICATION dbz SET TABLE object (id, title), artist": {"publication"},
    "ALTER PUBLICATION dbz SET TABLE object (id, title, year) WHERE (id > 4), artist": {"publication"},
    "ALTER PUBLICATION dbz SET TABLE object (id, title, year), artist": {"publication"},
    "ALTER PUBLICATION dbz SET TABLE object (id, title, year) WHERE (id > 3), artist (id, name)": {"publication"},
    "ALTER PUBLICATION dbz SET TABLE object (id, title, year) WHERE (id > 3), artist WHERE (id > 1)": {"publication"},
    "ALTER PUBLICATION dbz RENAME TO other": {"publication"},
    "DROP PUBLICATION dbz": {"publication"},
    "ALTER TABLE object REPLICA IDENTITY NOTHING": {"replica-identity", "published-key"},
    "ALTER TABLE object REPLICA IDENTITY FULL": {"replica-identity", "published-key"},  # its list lacks columns: 42P10
    "ALTER TABLE object DROP CONSTRAINT object_pkey": {"primary-key", "published-key"},
    "ALTER TABLE object DROP COLUMN year CASCADE": {"column-exists", "publication"},
    "ALTER TABLE artist DROP COLUMN born": {"column-exists"},
    "ALTER TABLE artist RENAME COLUMN born TO birth": {"column-exists", "extra-column"},
    "ALTER TABLE artist ALTER COLUMN born TYPE timestamptz": {"column-type"},
    "ALTER TABLE artist DROP COLUMN born, ADD COLUMN born date GENERATED ALWAYS AS ('2000-01-01'::date) STORED": {
        "column-generated"
    },
    "ALTER TABLE artist ADD COLUMN died date": {"extra-column"},
    "DROP TABLE artist": {"table-exists"},
}
KEPT = (
    "ALTER TABLE object ALTER COLUMN inventory DROP NOT NULL",
    "DROP VIEW seen; ALTER TABLE object DROP COLUMN state",
    "ALTER TABLE object RENAME COLUMN inventory TO inventory_number",
    "ALTER TABLE object ALTER COLUMN inventory TYPE varchar(80)",
    "ALTER TABLE object DROP COLUMN century",
    "ALTER TABLE object ADD COLUMN weight int",
    "ALTER TABLE artist ADD CHECK (id > 0)",
    "ALTER PUBLICATION dbz ADD TABLE shop.item",
    "ALTER PUBLICATION dbz SET TABLE object (id, title, year, state) WHERE (id > 3), artist",
    "CREATE PUBLICATION another FOR TABLE object; DROP PUBLICATION another",
    "DROP TABLE shop.item",
    "ALTER TABLE basket ADD COLUMN note text",
    "CREATE INDEX ON artist (born)",
)


@pytest.mark.parametrize(("number", "change"), list(enumerate([*BROKEN, *KEPT])))
def test_what_breaks_a_contract_and_what_does_not(
    connection: sa.Connection, tmp_path: Path, number: int, change: str
) -> None:
    since(connection, 15)
    create = MUSEUM + "CREATE PUBLICATION dbz FOR TABLE object (id, title, year) WHERE (id > 3), artist"
    before, after, predicted = run(connection, create, change)
    result = publication.uses(Asked(inputs=("dbz",), schema=before, server_version=150000))
    written = contracts(result, before, tmp_path, "native" if number % 2 else "odcs")
    assert verdict(written, before, before) == []
    expected = BROKEN.get(change, set())
    assert {rule for rule, _ in verdict(written, before, after)} == expected
    assert {rule for rule, _ in verdict(written, before, predicted)} == expected


def test_all_tables_and_all_of_a_schema(museum: sa.Connection) -> None:
    since(museum, 15)
    museum.exec_driver_sql("CREATE PUBLICATION everything FOR ALL TABLES")
    museum.exec_driver_sql("CREATE PUBLICATION shops FOR TABLES IN SCHEMA shop")
    assert set(columns(found(museum, "everything"))) == {
        "public.artist",
        "public.object",
        "public.visit",
        "shop.item",
    }
    both = found(museum, "shops", "everything")
    assert both.consumer == "shops-everything"
    stated = [g.value for g in both.guarantees if g.key == "publications" and g.table == Name("shop", "item")]
    assert [each["name"] for each in stated] == ["shops", "everything"]  # type: ignore[index]


def test_partitions_say_for_themselves_which_row_it_is(museum: sa.Connection) -> None:
    museum.exec_driver_sql("CREATE PUBLICATION p FOR TABLE visit")
    museum.exec_driver_sql("ALTER TABLE visit REPLICA IDENTITY NOTHING")
    museum.exec_driver_sql("UPDATE visit SET door = 2")  # PostgreSQL does not look at the root's
    result = found(museum, "p")
    assert "replica_identity" not in {g.key for g in result.guarantees}
    assert [g.column for g in result.guarantees if g.key == "primaryKey"] == ["at", "door"]
    assert result.notes == ()


def test_tables_that_cannot_say_which_row_it_is(museum: sa.Connection) -> None:
    museum.exec_driver_sql("CREATE TABLE log (at timestamptz, said text)")
    museum.exec_driver_sql("CREATE PUBLICATION p FOR TABLE log")
    museum.exec_driver_sql("CREATE PUBLICATION inserts FOR TABLE log WITH (publish = 'insert, truncate')")
    result = found(museum, "p")
    (note,) = result.notes
    assert note.startswith("public.log has no replica identity, so PostgreSQL refuses every UPDATE and DELETE on it")
    assert "replica_identity" not in {g.key for g in result.guarantees}
    assert found(museum, "inserts").notes == ()
    with pytest.raises(sa.exc.OperationalError, match="replica identity"):
        museum.exec_driver_sql("UPDATE log SET said = ''")


def test_what_is_not_there(museum: sa.Connection) -> None:
    museum.exec_driver_sql("CREATE PUBLICATION dbz_publication FOR TABLE artist")
    museum.exec_driver_sql("CREATE PUBLICATION empty")
    with pytest.raises(CannotCheck, match="There is no publication `dbz_publicaton`; did you mean `dbz_publication`"):
        found(museum, "dbz_publicaton")
    with pytest.raises(CannotCheck, match=r"Which publication.*`dbz_publication`, `empty`"):
        found(museum)
    assert found(museum, "empty").notes == ("Publication empty includes no table.",)


def test_without_a_database(museum: sa.Connection) -> None:
    since(museum, 18)
    schema = run(museum, "SELECT 1", "CREATE PUBLICATION p FOR TABLE object")[2]
    offline = Asked(inputs=("p",), schema=schema, server_version=180000)
    result = publication.uses(offline)
    assert columns(result) == {"public.object": ["id", "title", "year", "state", "inventory"]}
    (note,) = result.notes
    assert note.startswith("Whether p publishes the generated columns of public.object (century) is not known")
    nothing = Asked(inputs=("p",), schema=Schema(), server_version=180000)
    with pytest.raises(CannotCheck, match=r"snapshots hold no publications.*Leave out --offline"):
        publication.uses(nothing)


@pytest.mark.parametrize("format_", ["odcs", "native"])
def test_a_project(project: Project, format_: str) -> None:
    """A publication in the database is put under contract, and a migration that leaves it is refused."""
    project.revision("one", "op.execute('CREATE TABLE object (id int PRIMARY KEY, title text, note text)')")
    project.revision("two", "op.execute('CREATE TABLE artist (id int PRIMARY KEY, name text)')")
    assert project.alembic("upgrade", "head").returncode == 0
    project.sql("CREATE PUBLICATION dbz FOR TABLE object")
    arguments = ("infer", "publication", "dbz", "--consumer", "debezium", "--format", format_)
    made = project.cli(*arguments)
    assert made.returncode == 0, made.stderr
    assert (project.path / "contracts" / ("debezium.odcs.yaml" if format_ == "odcs" else "debezium")).exists()
    assert project.cli(*arguments, "--check").returncode == 0
    offline = project.cli(*arguments, "--check", "--offline")
    assert offline.returncode == 2
    assert "Leave out --offline" in offline.stderr
    project.revision("three", "op.execute('ALTER TABLE artist ADD COLUMN born date')")
    assert project.alembic("upgrade", "head").returncode == 0
    project.revision("four", "op.execute('ALTER PUBLICATION dbz SET TABLE object (id, title)')")
    refused = project.alembic("upgrade", "head")
    assert refused.returncode not in (0, 2)
    assert "public.object is in it without the columns note" in refused.stderr
    assert project.sql("SELECT count(*) FROM pg_publication_rel WHERE prattrs IS NULL") == [(1,)]
