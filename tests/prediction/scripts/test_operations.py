"""Every operation of Alembic, predicted and run for real: both lead to the same schema."""

import inspect

import pytest
import sqlalchemy as sa
from alembic.operations import ops

from alembic_contracts.schemas.schema import Name
from tests.support.project import Project
from tests.support.scripts import Scripts, operations, reasons

SETUP = """
CREATE SCHEMA s;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE author (id integer PRIMARY KEY, name varchar(50) NOT NULL, email text UNIQUE);
CREATE TABLE book (
    id serial PRIMARY KEY,
    author_id integer,
    title varchar(100) NOT NULL,
    price numeric(8, 2) DEFAULT 0,
    pages integer,
    isbn text,
    CONSTRAINT book_isbn UNIQUE (isbn),
    CONSTRAINT book_pages CHECK (pages > 0),
    CONSTRAINT book_author FOREIGN KEY (author_id) REFERENCES author (id)
);
CREATE INDEX ix_book_title ON book (title);
CREATE TABLE s.note (id integer NOT NULL, body text);
COMMENT ON TABLE author IS 'Who wrote';
COMMENT ON COLUMN author.name IS 'Full name';
"""

NOT_OPERATIONS = {
    "MigrateOperation": "abstract",
    "AddConstraintOp": "abstract",
    "AlterTableOp": "abstract",
    "OpContainer": "abstract",
    "ModifyTableOps": "a container, of autogenerate",
    "UpgradeOps": "a container, of autogenerate",
    "DowngradeOps": "a container, of autogenerate",
    "MigrationScript": "a container, of autogenerate",
}

CASES: dict[str, dict[str, str]] = {
    "CreatePrimaryKeyOp": {
        "plain": 'op.create_primary_key("pk_note", "note", ["id"], schema="s")',
        "no name": 'op.create_primary_key(None, "note", ["id", "body"], schema="s")',
    },
    "CreateUniqueConstraintOp": {
        "plain": 'op.create_unique_constraint("uq", "book", ["title", "pages"])',
        "deferrable": 'op.create_unique_constraint("uq", "book", ["title"], deferrable=True, initially="DEFERRED")',
        "no name": 'op.create_unique_constraint(None, "note", ["body"], schema="s")',
        "nulls": 'op.create_unique_constraint("uq", "book", ["pages"], postgresql_nulls_not_distinct=True)',
    },
    "CreateForeignKeyOp": {
        "plain": 'op.create_foreign_key("fk", "book", "author", ["pages"], ["id"])',
        "actions": """
            op.create_foreign_key(
                "fk", "book", "author", ["pages"], ["id"],
                ondelete="CASCADE", onupdate="SET NULL", deferrable=True, initially="DEFERRED",
            )
        """,
        "schemas": """
            op.create_foreign_key("fk", "note", "author", ["id"], ["id"], source_schema="s", referent_schema="public")
        """,
        "match": 'op.create_foreign_key("fk", "book", "author", ["isbn"], ["email"], match="FULL")',
        "not valid": 'op.create_foreign_key("fk", "book", "author", ["pages"], ["id"], postgresql_not_valid=True)',
        "no name": 'op.create_foreign_key(None, "book", "author", ["pages"], ["id"])',
    },
    "CreateCheckConstraintOp": {
        "text": 'op.create_check_constraint("ck", "book", "price >= 0")',
        "expression": 'op.create_check_constraint("ck", "book", sa.column("title") != "")',
        "schema": 'op.create_check_constraint("ck", "note", "id > 0", schema="s")',
        "no name": 'op.create_check_constraint(None, "book", "price >= 0")',
    },
    "DropConstraintOp": {
        "unique": 'op.drop_constraint("book_isbn", "book")',
        "check": 'op.drop_constraint("book_pages", "book", type_="check")',
        "foreign key": 'op.drop_constraint("book_author", "book", type_="foreignkey")',
        "primary key": 'op.drop_constraint("book_pkey", "book", type_="primary")',
        "if exists": 'op.drop_constraint("missing", "book", if_exists=True)',
        "missing": 'op.drop_constraint("missing", "book")',
        "in use": 'op.drop_constraint("author_pkey", "author")',
    },
    "CreateIndexOp": {
        "plain": 'op.create_index("ix", "book", ["title", "pages"])',
        "unique": 'op.create_index("ix", "book", ["title"], unique=True)',
        "expression": 'op.create_index("ix", "book", [sa.text("lower(title)"), "pages"])',
        "partial": 'op.create_index("ix", "book", ["title"], postgresql_where=sa.text("pages > 5"))',
        "method": 'op.create_index("ix", "book", ["title"], postgresql_using="hash")',
        "include": 'op.create_index("ix", "book", ["title"], postgresql_include=["pages"])',
        "if not exists": 'op.create_index("ix_book_title", "book", ["pages"], if_not_exists=True)',
        "schema": 'op.create_index(op.f("ix"), "note", ["body"], schema="s")',
        "operators": 'op.create_index("ix", "book", ["title"], postgresql_ops={"title": "varchar_pattern_ops"})',
        "concurrently": """
            with op.get_context().autocommit_block():
                op.create_index("ix", "book", ["title"], postgresql_concurrently=True)
        """,
        "taken": 'op.create_index("ix_book_title", "book", ["pages"])',
    },
    "DropIndexOp": {
        "plain": 'op.drop_index("ix_book_title")',
        "table": 'op.drop_index("ix_book_title", table_name="book")',
        "if exists": 'op.drop_index("missing", if_exists=True)',
        "missing": 'op.drop_index("missing")',
        "of a constraint": 'op.drop_index("book_isbn")',
    },
    "CreateTableOp": {
        "types": """
            op.create_table(
                "u",
                sa.Column("id", sa.BigInteger(), primary_key=True),
                sa.Column("small", sa.SmallInteger()),
                sa.Column("text", sa.String(20), nullable=False, server_default="x"),
                sa.Column("flag", sa.Boolean(), server_default=sa.true()),
                sa.Column("amount", sa.Numeric(12, 3)),
                sa.Column("ratio", sa.Float()),
                sa.Column("wide", sa.Double()),
                sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now()),
                sa.Column("day", sa.Date()),
                sa.Column("clock", sa.Time()),
                sa.Column("span", sa.Interval()),
                sa.Column("raw", sa.LargeBinary()),
                sa.Column("ident", sa.Uuid()),
                sa.Column("doc", sa.JSON()),
                sa.Column("docb", postgresql.JSONB()),
                sa.Column("tags", postgresql.ARRAY(sa.Text())),
                sa.Column("net", postgresql.INET()),
                sa.Column("range", postgresql.INT4RANGE()),
                sa.Column("mood", sa.Enum("up", "down", name="direction")),
                sa.Column("kind", postgresql.ENUM("sad", "ok", name="mood", create_type=False)),
            )
        """,
        "constraints": """
            op.create_table(
                "u",
                sa.Column("a", sa.Integer()),
                sa.Column("b", sa.Integer(), sa.ForeignKey("author.id", ondelete="CASCADE")),
                sa.Column("c", sa.Integer(), unique=True, index=True, comment="Third"),
                sa.PrimaryKeyConstraint("a", "b", name="pk_u"),
                sa.UniqueConstraint("b", "c", name="uq_u"),
                sa.CheckConstraint("c > 0", name="ck_u"),
                sa.ForeignKeyConstraint(["c"], ["author.id"], name="fk_u"),
                sa.Index("ix_u", "a", "c"),
                comment="A table",
            )
        """,
        "identity and computed": """
            op.create_table(
                "u",
                sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
                sa.Column("n", sa.Integer()),
                sa.Column("twice", sa.Integer(), sa.Computed("n * 2", persisted=True)),
            )
        """,
        "schema": 'op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True), schema="s")',
        "if not exists": 'op.create_table("book", sa.Column("id", sa.Integer()), if_not_exists=True)',
        "temporary": 'op.create_table("u", sa.Column("id", sa.Integer()), prefixes=["TEMPORARY"])',
        "inherits": 'op.create_table("u", sa.Column("x", sa.Integer()), postgresql_inherits="author")',
        "partitioned": """
            op.create_table("u", sa.Column("x", sa.Integer()), postgresql_partition_by="RANGE (x)")
            op.execute("CREATE TABLE u1 PARTITION OF u FOR VALUES FROM (0) TO (10)")
        """,
        "returned table": """
            u = op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("n", sa.Text()))
            op.bulk_insert(u, [{"id": 1, "n": "x"}])
        """,
        "mixed case": 'op.create_table("My Table", sa.Column("My Column", sa.Integer(), primary_key=True))',
        "taken": 'op.create_table("book", sa.Column("id", sa.Integer()))',
    },
    "DropTableOp": {
        "plain": 'op.drop_table("book")',
        "schema": 'op.drop_table("note", schema="s")',
        "if exists": 'op.drop_table("missing", if_exists=True)',
        "missing": 'op.drop_table("missing")',
        "in use": 'op.drop_table("author")',
    },
    "RenameTableOp": {
        "plain": 'op.rename_table("book", "volume")',
        "schema": 'op.rename_table("note", "memo", schema="s")',
        "missing": 'op.rename_table("missing", "x")',
        "taken": 'op.rename_table("book", "author")',
    },
    "CreateTableCommentOp": {
        "new": 'op.create_table_comment("book", "It\'s a book")',
        "changed": 'op.create_table_comment("author", "New", existing_comment="Who wrote")',
        "schema": 'op.create_table_comment("note", "A note", schema="s")',
    },
    "DropTableCommentOp": {
        "plain": 'op.drop_table_comment("author", existing_comment="Who wrote")',
    },
    "AlterColumnOp": {
        "type": 'op.alter_column("book", "pages", type_=sa.BigInteger())',
        "type using": 'op.alter_column("book", "isbn", type_=sa.Integer(), postgresql_using="isbn::integer")',
        "type without a cast": 'op.alter_column("book", "isbn", type_=sa.Integer())',
        "nullable": 'op.alter_column("book", "title", nullable=True)',
        "not nullable": 'op.alter_column("book", "pages", nullable=False, existing_type=sa.Integer())',
        "default": 'op.alter_column("book", "pages", server_default="1")',
        "default expression": 'op.alter_column("book", "title", server_default=sa.text("upper(\'x\')"))',
        "no default": 'op.alter_column("book", "price", server_default=None)',
        "name": 'op.alter_column("book", "title", new_column_name="name")',
        "name that is taken": 'op.alter_column("book", "title", new_column_name="pages")',
        "comment": 'op.alter_column("book", "title", comment="Its title")',
        "no comment": 'op.alter_column("author", "name", comment=None, existing_comment="Full name")',
        "schema": 'op.alter_column("note", "body", nullable=False, schema="s")',
        "identity": """
            op.alter_column("author", "id", server_default=sa.Identity(always=True), existing_type=sa.Integer())
        """,
        "identity changed": """
            op.alter_column("author", "id", server_default=sa.Identity(always=True))
            before = sa.Identity(always=True)
            op.alter_column("author", "id", server_default=sa.Identity(), existing_server_default=before)
        """,
        "everything": """
            op.drop_constraint("book_pages", "book")
            op.alter_column(
                "book", "pages", type_=sa.Text(), nullable=False, server_default="x", new_column_name="sheets",
                comment="How many", existing_type=sa.Integer(), postgresql_using="pages::text",
            )
        """,
        "missing": 'op.alter_column("book", "missing", nullable=True)',
    },
    "AddColumnOp": {
        "plain": 'op.add_column("book", sa.Column("added", sa.Text()))',
        "not null with default": """
            op.add_column("book", sa.Column("added", sa.Integer(), nullable=False, server_default="0"))
        """,
        "foreign key, index, unique, comment": """
            op.add_column("book", sa.Column(
                "added", sa.Integer(), sa.ForeignKey("author.id", name="fk_added"), index=True, comment="New"
            ))
        """,
        "unique": 'op.add_column("book", sa.Column("added", sa.Integer(), unique=True))',
        "computed": 'op.add_column("book", sa.Column("added", sa.Numeric(), sa.Computed("price * 2", persisted=True)))',
        "identity": 'op.add_column("book", sa.Column("added", sa.Integer(), sa.Identity()))',
        "enum": 'op.add_column("book", sa.Column("added", postgresql.ENUM(name="mood", create_type=False)))',
        "if not exists": 'op.add_column("book", sa.Column("title", sa.Integer()), if_not_exists=True)',
        "schema": 'op.add_column("note", sa.Column("added", sa.Text()), schema="s")',
        "inline": """
            op.add_column("book", sa.Column("added", sa.Integer(), sa.ForeignKey("author.id")), inline_references=True)
        """,
        "primary key": 'op.add_column("note", sa.Column("key", sa.Integer(), primary_key=True), schema="s")',
        "inline primary key": """
            op.add_column("note", sa.Column("key", sa.Integer(), primary_key=True), schema="s", inline_primary_key=True)
        """,
        "taken": 'op.add_column("book", sa.Column("title", sa.Text()))',
        "unknown type": """
            op.add_column("book", sa.Column("added", postgresql.ENUM("a", name="missing", create_type=False)))
        """,
    },
    "DropColumnOp": {
        "plain": 'op.drop_column("book", "price")',
        "with constraints": 'op.drop_column("book", "pages")',
        "of the primary key": 'op.drop_column("book", "id")',
        "if exists": 'op.drop_column("book", "missing", if_exists=True)',
        "schema": 'op.drop_column("note", "body", schema="s")',
        "missing": 'op.drop_column("book", "missing")',
        "in use": 'op.drop_column("author", "id")',
    },
    "BulkInsertOp": {
        "rows": """
            op.bulk_insert(
                sa.table("author", sa.column("id", sa.Integer), sa.column("name", sa.String)),
                [{"id": 1, "name": "A"}, {"id": 2, "name": "B%'"}],
            )
        """,
        "one at a time": """
            op.bulk_insert(
                sa.table("author", sa.column("id", sa.Integer), sa.column("name", sa.String)),
                [{"id": 1, "name": op.inline_literal("A")}], multiinsert=False,
            )
        """,
        "unknown table": 'op.bulk_insert(sa.table("missing", sa.column("id", sa.Integer)), [{"id": 1}])',
    },
    "ExecuteSQLOp": {
        "text": "op.execute(\"ALTER TABLE book ADD COLUMN added text DEFAULT '100%'\")",
        "construct": 'op.execute(sa.schema.CreateSchema("t"))',
        "update": 'op.execute(sa.table("book", sa.column("pages")).update().values(pages=3))',
        "binds": 'op.execute(sa.text("UPDATE book SET title = :t WHERE id = :i").bindparams(t="x", i=1))',
        "several": 'op.execute("CREATE TABLE u (id int); ALTER TABLE u ADD COLUMN n text; DROP TABLE s.note")',
        "options": 'op.execute("ALTER TABLE book DROP COLUMN price", execution_options={"x": 1})',
        "enum value": """
            with op.get_context().autocommit_block():
                op.execute("ALTER TYPE mood ADD VALUE 'up' AFTER 'sad'")
        """,
        "do block": 'op.execute("DO $$ BEGIN ALTER TABLE book ADD COLUMN added int; END $$")',
    },
    "batch": {
        "alter": """
            with op.batch_alter_table("book") as batch:
                batch.add_column(sa.Column("added", sa.Text(), server_default="x"))
                batch.alter_column("title", type_=sa.Text(), nullable=True)
                batch.drop_constraint("book_isbn", type_="unique")
                batch.drop_column("price")
                batch.create_index("ix_added", ["added"])
                batch.create_unique_constraint("uq_pages", ["pages"])
                batch.create_check_constraint("ck_pages", "pages < 10000")
                batch.create_foreign_key("fk_pages", "author", ["pages"], ["id"])
                batch.drop_index("ix_book_title")
                batch.create_table_comment("Books")
        """,
        "schema": """
            with op.batch_alter_table("note", schema="s") as batch:
                batch.create_primary_key("pk_note", ["id"])
                batch.alter_column("body", new_column_name="text")
        """,
        "recreated": """
            with op.batch_alter_table("author", recreate="always") as batch:
                batch.drop_column("email")
        """,
        "recreated without dependents": """
            op.drop_constraint("book_author", "book")
            with op.batch_alter_table("author", recreate="always") as batch:
                batch.add_column(sa.Column("born", sa.Date()))
                batch.alter_column("name", type_=sa.Text(), new_column_name="full_name")
        """,
        "recreated with its keys": """
            with op.batch_alter_table("book", recreate="always", table_args=[sa.CheckConstraint("id > 0")]) as batch:
                batch.alter_column("title", nullable=True)
        """,
        "recreated child": """
            op.execute("CREATE TABLE parent (id integer NOT NULL, name text)")
            op.execute("CREATE TABLE child (own integer) INHERITS (parent)")
            with op.batch_alter_table("child", recreate="always") as batch:
                batch.drop_column("name")
        """,
        "copied from": """
            book = sa.Table("note", sa.MetaData(), sa.Column("id", sa.Integer()), sa.Column("x", sa.Text()), schema="s")
            with op.batch_alter_table("note", schema="s", recreate="always", copy_from=book) as batch:
                batch.drop_column("x")
        """,
    },
}
ALL = [pytest.param(body, id=f"{kind} {name}") for kind, cases in CASES.items() for name, body in cases.items()]


def test_every_operation_is_tried():
    known = {
        name
        for name, value in vars(ops).items()
        if inspect.isclass(value) and issubclass(value, ops.MigrateOperation) and value.__module__ == ops.__name__
    }
    assert known - set(NOT_OPERATIONS) == set(CASES) - {"batch"}


@pytest.mark.parametrize("body", ALL)
def test_predicted_and_real_schema_are_the_same(tmp_path, connection, body):
    scripts = Scripts(Project.create(tmp_path / "project", "unused"))
    scripts.revision("one", body)
    for statement in SETUP.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.commit()
    before = {str(name) for name in ("public.author", "public.book", "s.note")}
    try:
        real = scripts.run(connection)
    except sa.exc.DBAPIError as error:
        (prediction,) = scripts.predict(*before, setup=SETUP)
        assert len(prediction.unproven) == 1, reasons(prediction)
        assert prediction.unproven[0].reason.startswith("PostgreSQL would refuse this migration: ")
        message = str(error.orig).partition("\n")[0].split()
        assert prediction.unproven[0].reason.split(": ", 1)[1].split()[:3] == message[:3]
        return
    names = before | {str(name) for name in real.tables}
    (prediction,) = scripts.predict(*names, setup=SETUP)
    assert reasons(prediction) == []
    assert facts(prediction.after) == facts(real)
    assert all(operation.location is not None for operation in operations(prediction))


def facts(schema):
    """All that a contract can be about, and more; expressions only by their presence."""
    tables = {}
    for name, table in schema.tables.items():
        if name == Name("public", "alembic_version"):
            continue
        tables[str(name)] = {
            "kind": table.kind,
            "comment": table.comment,
            "parents": table.parents,
            "columns": [
                (c.name, c.type, c.not_null, c.default is None, c.identity, c.generated, c.updatable, c.comment)
                for c in table.columns
            ],
            "constraints": sorted(
                (c.name, c.kind, c.columns, str(c.references), c.referenced_columns, c.on_update.upper(),
                 c.on_delete.upper(), c.deferrable, c.initially_deferred, c.valid, c.nulls_not_distinct)
                for c in table.constraints if c.kind != "not null"
            ),
            "indexes": sorted(
                (i.name, str(i.columns), i.include, i.unique, i.method, i.predicate is None, str(i.constraint))
                for i in table.indexes
            ),
        }  # fmt: skip
    types = {str(name): (t.kind, t.labels) for name, t in schema.types.items()}
    return {"tables": tables, "types": types}
