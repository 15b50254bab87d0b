# ruff: noqa: E501 - a script a line
"""Bodies of ``upgrade()``, by what they do, each of which comes after ``BASE`` and before ``LAST``."""

from __future__ import annotations

__all__ = ["BASE", "LAST", "SCRIPTS"]

BASE = """
op.create_table("p", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
op.create_table(
    "t",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("a", sa.String(50), nullable=False),
    sa.Column("b", sa.Integer),
    sa.Column("c", sa.Text, server_default="x"),
    sa.Column("p_id", sa.Integer, sa.ForeignKey("p.id", name="fk_t_p")),
    sa.UniqueConstraint("a", name="uq_t_a"),
    sa.CheckConstraint("b > 0", name="ck_t_b"),
)
op.create_index("ix_t_c", "t", ["c"])
"""
LAST = """
op.add_column("p", sa.Column("later", sa.Integer))
"""

_OF_BATCH = {
    "add_column": 'b.add_column(sa.Column("n", sa.Integer))',
    "add_column after": 'b.add_column(sa.Column("n", sa.Integer), insert_after="a")',
    "add_column before": 'b.add_column(sa.Column("n", sa.Integer, server_default="3"), insert_before="b")',
    "drop_column": 'b.drop_column("b")',
    "drop_column indexed": 'b.drop_index("ix_t_c")\n    b.drop_column("c")',
    "alter_column name": 'b.alter_column("b", new_column_name="beta")',
    "alter_column type": 'b.alter_column("b", type_=sa.BigInteger)',
    "alter_column type and text": 'b.alter_column("a", type_=sa.Text, existing_nullable=False)',
    "alter_column nullable": 'b.alter_column("a", nullable=True)',
    "alter_column not null": 'b.alter_column("b", nullable=False)',
    "alter_column default": 'b.alter_column("b", server_default="7")',
    "alter_column no default": 'b.alter_column("c", server_default=None)',
    "alter_column expression": 'b.alter_column("c", server_default=sa.text("(lower(\'Y\'))"))',
    "create_index": 'b.create_index("ix_t_ab", ["a", "b"])',
    "create_index unique": 'b.create_index("ix_t_b", ["b"], unique=True)',
    "drop_index": 'b.drop_index("ix_t_c")',
    "create_unique": 'b.create_unique_constraint("uq_t_ab", ["a", "b"])',
    "drop_unique": 'b.drop_constraint("uq_t_a", type_="unique")',
    "create_check": 'b.create_check_constraint("ck_t_c", "length(c) < 100")',
    "drop_foreign_key": 'b.drop_constraint("fk_t_p", type_="foreignkey")',
    "create_foreign_key": 'b.create_foreign_key("fk_t_b", "p", ["b"], ["id"], ondelete="CASCADE")',
    "several": 'b.drop_column("b")\n    b.add_column(sa.Column("n", sa.Boolean))\n    b.alter_column("a", new_column_name="z")',
    "nothing": "pass",
    "boolean": 'b.add_column(sa.Column("n", sa.Boolean(create_constraint=True, name="ck_n"), nullable=True))',
    "enum": 'b.add_column(sa.Column("n", sa.Enum("x", "y", name="xy", create_constraint=True)))',
    "primary key": 'b.drop_column("id")\n    b.create_primary_key("pk_t", ["a"])',
}
_WAYS_OF_BATCH = {
    "auto": 'op.batch_alter_table("t")',
    "always": 'op.batch_alter_table("t", recreate="always")',
    "reflect_args": (
        'op.batch_alter_table("t", recreate="always", reflect_args=[sa.Column("c", sa.String(77))], '
        'reflect_kwargs={"resolve_fks": False})'
    ),
    "convention": 'op.batch_alter_table("t", naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})',
    "table_args": (
        'op.batch_alter_table("t", recreate="always", table_args=(sa.CheckConstraint("b < 1000", name="ck_more"),))'
    ),
}
_COPIES = """
table = sa.Table(
    "t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(50), nullable=False),
    sa.Column("b", sa.Integer), sa.Column("c", sa.Text), sa.Column("p_id", sa.Integer),
)
with op.batch_alter_table("t", copy_from=table, recreate="always") as b:
    {operation}
"""

SCRIPTS: dict[str, str] = {
    f"batch {way}: {name}": f"with {begin} as b:\n    {operation}"
    for way, begin in _WAYS_OF_BATCH.items()
    for name, operation in _OF_BATCH.items()
    if not (way == "table_args" and name in ("drop_column", "several", "alter_column name"))
}
SCRIPTS |= {
    "batch never: add": 'with op.batch_alter_table("t", recreate="never") as b:\n    b.add_column(sa.Column("n", sa.Integer))',
    "batch never: drop": 'with op.batch_alter_table("p", recreate="never") as b:\n    b.drop_column("name")',
    "batch copy_from: type": _COPIES.format(operation='b.alter_column("b", type_=sa.String(9))'),
    "batch copy_from: add": _COPIES.format(operation='b.add_column(sa.Column("n", sa.Date))'),
    "batch twice": """
        for name in ("n1", "n2"):
            with op.batch_alter_table("t") as b:
                b.add_column(sa.Column(name, sa.Integer))
                b.alter_column("a", nullable=name == "n1")
    """,
    "create_table": 'op.create_table("n", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.JSON))',
    "create_table of all types": """
        op.create_table(
            "n", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("d", sa.DateTime(timezone=True)),
            sa.Column("e", sa.Date), sa.Column("f", sa.Time), sa.Column("g", sa.Float), sa.Column("h", sa.Numeric(10, 2)),
            sa.Column("i", sa.LargeBinary), sa.Column("j", sa.Uuid), sa.Column("k", sa.Interval), sa.Column("l", sa.JSON),
            sa.Column("m", sa.Enum("x", "y", name="xy")), sa.Column("o", sa.SmallInteger, server_default=sa.text("0")),
            sa.Column("q", sa.String), sa.Column("r", sa.CHAR(3)), sa.Column("s", sa.Unicode(5), index=True),
            sa.Column("u", sa.DateTime, server_default=sa.func.now()), sqlite_autoincrement=True,
        )
    """,
    "create_table if_not_exists": 'op.create_table("t", sa.Column("id", sa.Integer), if_not_exists=True)',
    "create_table with keys": """
        op.create_table(
            "n", sa.Column("x", sa.Integer), sa.Column("y", sa.Integer), sa.Column("z", sa.Integer, unique=True),
            sa.PrimaryKeyConstraint("x", "y", name="pk_n"),
            sa.ForeignKeyConstraint(["z"], ["t.id"], ondelete="SET NULL", onupdate="CASCADE", initially="DEFERRED"),
        )
    """,
    "create_table computed": """
        op.create_table(
            "n", sa.Column("x", sa.Integer), sa.Column("y", sa.Integer, sa.Computed("x + 1")),
            sa.Column("z", sa.Integer, sa.Computed("x + 2", persisted=True)),
        )
    """,
    "create_table without rowid": 'op.create_table("n", sa.Column("x", sa.Text, primary_key=True), sqlite_with_rowid=False)',
    "create_table strict": 'op.create_table("n", sa.Column("x", sa.Integer, primary_key=True), sqlite_strict=True)',
    "create_table quoted": """op.create_table('a "table"', sa.Column("a b", sa.Integer), sa.Column("Order", sa.Integer))""",
    "create_table temporary": 'op.create_table("n", sa.Column("x", sa.Integer), prefixes=["TEMPORARY"])',
    "drop_table": 'op.drop_table("t")',
    "drop_table if_exists": 'op.drop_table("nope", if_exists=True)',
    "rename_table": 'op.rename_table("p", "parents")',
    "rename_table child": 'op.rename_table("t", "children")',
    "add_column": 'op.add_column("t", sa.Column("n", sa.Integer))',
    "add_column default": 'op.add_column("t", sa.Column("n", sa.Integer, nullable=False, server_default="1"))',
    "add_column index": 'op.add_column("t", sa.Column("n", sa.Integer, index=True))\nop.create_index("ix_t_n", "t", ["n"])',
    "add_column reference": 'op.add_column("t", sa.Column("n", sa.Integer, sa.ForeignKey("p.id")))',
    "add_column computed": 'op.add_column("t", sa.Column("n", sa.Integer, sa.Computed("b * 2")))',
    "drop_column": 'op.drop_column("t", "c") if False else op.drop_column("p", "name")',
    "alter_column rename": 'op.alter_column("t", "b", new_column_name="beta")',
    "create_index": 'op.create_index("ix_n", "t", ["a", sa.text("b DESC")])',
    "create_index expression": 'op.create_index("ix_n", "t", [sa.text("lower(a)")], unique=True)',
    "create_index partial": 'op.create_index("ix_n", "t", ["b"], sqlite_where=sa.text("b > 5"))',
    "create_index if_not_exists": 'op.create_index("ix_t_c", "t", ["b"], if_not_exists=True)',
    "drop_index": 'op.drop_index("ix_t_c", table_name="t")',
    "drop_index if_exists": 'op.drop_index("nope", table_name="t", if_exists=True)',
    "bulk_insert": """
        table = op.create_table("n", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.String(5)))
        op.bulk_insert(table, [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}])
        op.create_index("ix_n_x", "n", ["x"], unique=True)
    """,
    "execute text": 'op.execute("CREATE TABLE n (x INTEGER NOT NULL, y TEXT COLLATE NOCASE)")',
    "execute construct": """op.execute(sa.table("p", sa.column("name")).update().values(name="z"))""",
    "execute several": 'op.execute("CREATE TABLE n (x)")\nop.execute("CREATE TABLE m (y)")\nop.execute("DROP TABLE n")',
    "execute strict": 'op.execute("CREATE TABLE n (x INT NOT NULL, y TEXT, z ANY, PRIMARY KEY (x)) STRICT, WITHOUT ROWID")',
    "execute as select": 'op.execute("CREATE TABLE n AS SELECT a, b + 1 AS c FROM t")',
    "execute generated": 'op.execute("CREATE TABLE n (x, y GENERATED ALWAYS AS (x || 1) VIRTUAL, z AS (x) STORED)")',
    "execute view": 'op.execute("CREATE VIEW v AS SELECT id, a FROM t WHERE b > 1")',
    "execute view again": """
        op.execute("CREATE VIEW v AS SELECT id, a FROM t")
        op.execute("DROP VIEW v")
        op.execute("CREATE VIEW v (one, two) AS SELECT a, b FROM t")
    """,
    "execute trigger": """
        op.execute("CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET b = 1; DELETE FROM p; END")
        op.execute("CREATE VIEW v AS SELECT a FROM t")
        op.execute("CREATE TRIGGER h INSTEAD OF UPDATE OF a ON v BEGIN SELECT 1; END")
    """,
    "execute rename": 'op.execute("ALTER TABLE t RENAME TO tt")\nop.execute("ALTER TABLE tt RENAME COLUMN b TO bb")',
    "execute drop column": 'op.execute("ALTER TABLE p DROP COLUMN name")',
    "execute virtual": 'op.execute("CREATE VIRTUAL TABLE f USING fts5(x, y)")',
    "execute comment": 'op.execute("/* a comment */ CREATE TABLE n (x) -- and another")',
    "execute temp view": 'op.execute("CREATE TEMP VIEW v AS SELECT 1")',
    "execute pragmas": 'op.execute("PRAGMA foreign_keys=OFF")\nop.drop_table("p")\nop.create_table("p", sa.Column("id", sa.Integer, primary_key=True))',
    "execute legacy rename": 'op.execute("PRAGMA legacy_alter_table=ON")\nop.rename_table("p", "q")\nop.rename_table("q", "p")',
    "user version": 'if op.get_bind().exec_driver_sql("PRAGMA user_version").scalar() == 0:\n    op.execute("PRAGMA user_version = 3")',
    "reindex": 'op.execute("REINDEX")\nop.execute("ANALYZE")\nop.execute("CREATE TABLE n (x)")',
    "metadata create_all": """
        metadata = sa.MetaData()
        sa.Table("n", metadata, sa.Column("id", sa.Integer, primary_key=True))
        sa.Table("m", metadata, sa.Column("id", sa.Integer, sa.ForeignKey("n.id")))
        metadata.create_all(op.get_bind())
        metadata.create_all(op.get_bind())
    """,
    "metadata drop_all": """
        metadata = sa.MetaData()
        metadata.reflect(op.get_bind(), only=["t", "p"])
        metadata.drop_all(op.get_bind())
        op.create_table("p", sa.Column("id", sa.Integer))
    """,
    "table create and drop": """
        table = sa.Table("n", sa.MetaData(), sa.Column("id", sa.Integer))
        table.create(op.get_bind(), checkfirst=True)
        table.drop(op.get_bind())
    """,
    "reflection": """
        table = sa.Table("t", sa.MetaData(), autoload_with=op.get_bind())
        for column in table.columns:
            if isinstance(column.type, sa.Integer) and not column.primary_key:
                op.add_column("p", sa.Column(f"of_{column.name}", sa.Integer))
    """,
    "inspector": """
        inspector = sa.inspect(op.get_bind())
        if "t" in inspector.get_table_names() and inspector.has_table("p"):
            op.create_index("ix_n", "t", [each["name"] for each in inspector.get_columns("t")][:2])
        if any(each["name"] == "ix_t_c" for each in inspector.get_indexes("t")):
            op.drop_index("ix_t_c")
    """,
    "sqlite_master": """
        found = op.get_bind().execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).scalars()
        for name in [each for each in found if not each.startswith("alembic")]:
            op.add_column(name, sa.Column("audited", sa.Boolean))
    """,
    "pragma table_info": """
        columns = [row[1] for row in op.get_bind().execute(sa.text("PRAGMA table_info(t)"))]
        if "b" in columns and "zz" not in columns:
            op.execute("ALTER TABLE t ADD COLUMN zz INTEGER")
    """,
    "version table": """
        if op.get_bind().execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "r0":
            op.execute("CREATE TABLE n (x)")
    """,
    "current revision": 'op.create_table(f"n_{op.get_context().get_current_revision()}", sa.Column("x", sa.Integer))',
    "caught error": """
        try:
            op.drop_index("nope")
        except sa.exc.OperationalError:
            op.create_index("ix_n", "t", ["b"])
    """,
    "caught in a savepoint": """
        try:
            with op.get_bind().begin_nested():
                op.execute("CREATE TABLE n (x)")
                op.execute("CREATE TABLE n (x)")
        except sa.exc.OperationalError:
            pass
        op.execute("CREATE TABLE m (x)")
    """,
    "savepoint": """
        with op.get_bind().begin_nested():
            op.execute("CREATE TABLE n (x)")
    """,
    "session": """
        Base = declarative_base()
        class P(Base):
            __tablename__ = "p"
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.String)
        session = Session(bind=op.get_bind())
        session.add(P(name="new"))
        session.flush()
        op.create_index("ix_p_name", "p", ["name"])
    """,
    "driver cursor": """
        cursor = op.get_bind().connection.cursor()
        cursor.execute("CREATE TABLE n (x INTEGER)")
        cursor.execute("INSERT INTO n VALUES (?)", (1,))
        cursor.execute("ALTER TABLE n ADD COLUMN y")
        cursor.close()
    """,
    "driver connection": """
        op.get_bind().connection.dbapi_connection.execute("CREATE TABLE n (x)")
        op.get_bind().connection.driver_connection.executemany("INSERT INTO n VALUES (?)", [(1,), (2,)])
    """,
    "exec_driver_sql": 'op.get_bind().exec_driver_sql("CREATE TABLE n (x)")',
    "autocommit_block": """
        op.execute("CREATE TABLE n (x)")
        with op.get_context().autocommit_block():
            op.execute("CREATE TABLE m (x)")
        op.execute("CREATE TABLE o (x)")
    """,
    "attach in memory": """
        op.execute("ATTACH ':memory:' AS other") if False else None
        op.execute("CREATE TABLE n (x)")
    """,
    "update": """op.execute("UPDATE t SET c = upper(a) WHERE b IS NULL")\nop.execute("DELETE FROM p WHERE id = 77")""",
    "insert from select": 'op.execute("INSERT INTO p (name) SELECT a FROM t")\nop.execute("CREATE TABLE n (x)")',
    "dialect": """
        if op.get_bind().dialect.name == "sqlite" and op.get_context().dialect.name == "sqlite":
            op.execute("CREATE TABLE n (x)")
        else:
            op.execute("CREATE TABLE m (x)")
    """,
    "custom operation": """
        from alembic.operations import MigrateOperation, Operations
        op.invoke(__import__("alembic.operations.ops", fromlist=["x"]).ExecuteSQLOp("CREATE TABLE n (x)"))
    """,
    "table comment": 'op.create_table_comment("t", "about t")\nop.drop_table_comment("t")',
    "function": """
        op.get_bind().connection.dbapi_connection.create_function("twice", 1, lambda x: x * 2)
        op.execute("UPDATE t SET b = twice(b)")
        op.execute("CREATE TABLE n AS SELECT twice(4) AS eight")
    """,
    "nothing": "pass",
    "recreate by hand": """
        op.execute("ALTER TABLE t RENAME TO t_old")
        op.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(60), b INTEGER, p_id INTEGER REFERENCES p (id))")
        op.execute("INSERT INTO t (id, a, b, p_id) SELECT id, a, b, p_id FROM t_old")
        op.execute("DROP TABLE t_old")
    """,
    "writable schema": """
        connection = op.get_bind()
        connection.exec_driver_sql("PRAGMA writable_schema=ON")
        connection.exec_driver_sql("UPDATE sqlite_master SET sql = replace(sql, 'VARCHAR(20)', 'VARCHAR(40)') WHERE name = 'p'")
        connection.exec_driver_sql("PRAGMA writable_schema=RESET")
    """,
}
