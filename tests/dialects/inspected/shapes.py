"""What MariaDB is told in, what is to be seen of it out, as lines of ``tests/support/described.py``."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    name: str
    ddl: str
    """Statements, one a line."""
    seen: str


SHAPES = [
    Shape("column", "CREATE TABLE t (id INT)", "table t\nid INT(11), whole number"),
    Shape(
        "primary key",
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY)",
        "table t\nid INT(11), whole number NOT NULL\nPRIMARY KEY PRIMARY (id)",
    ),
    Shape(
        "auto increment",
        "CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY)",
        """
        table t
        id BIGINT(20) UNSIGNED, whole number NOT NULL IDENTITY by default
        PRIMARY KEY PRIMARY (id)
        """,
    ),
    Shape(
        "composite primary key",
        "CREATE TABLE t (a INT, b INT, c INT, PRIMARY KEY (c, a))",
        """
        table t
        a INT(11), whole number NOT NULL
        b INT(11), whole number
        c INT(11), whole number NOT NULL
        PRIMARY KEY PRIMARY (c, a)
        """,
    ),
    Shape(
        "whole numbers",
        "CREATE TABLE t (a SMALLINT, b MEDIUMINT, c BIGINT, d TINYINT, e INT(3) UNSIGNED ZEROFILL)",
        """
        table t
        a SMALLINT(6), whole number
        b MEDIUMINT(9), whole number
        c BIGINT(20), whole number
        d TINYINT(4), whole number
        e INT(3) UNSIGNED ZEROFILL, whole number
        """,
    ),
    Shape(
        "booleans",
        "CREATE TABLE t (a BOOL, b TINYINT(1) NOT NULL DEFAULT 1, c BIT(1), d BIT(8))",
        """
        table t
        a TINYINT(1), boolean
        b TINYINT(1), boolean NOT NULL DEFAULT 1
        c BIT(1), boolean
        d BIT(8), binary
        """,
    ),
    Shape(
        "decimals",
        "CREATE TABLE t (a DECIMAL(10,2) NOT NULL DEFAULT 0.50, b NUMERIC, c DECIMAL(5) UNSIGNED)",
        """
        table t
        a DECIMAL(10,2), decimal NOT NULL DEFAULT 0.50
        b DECIMAL(10,0), decimal
        c DECIMAL(5,0) UNSIGNED, decimal
        """,
    ),
    Shape(
        "floating point",
        "CREATE TABLE t (a FLOAT, b DOUBLE, c DOUBLE PRECISION, d REAL, e FLOAT(7,3))",
        """
        table t
        a FLOAT, float
        b DOUBLE, float
        c DOUBLE, float
        d DOUBLE, float
        e FLOAT(7,3), float
        """,
    ),
    Shape(
        "texts",
        "CREATE TABLE t (a VARCHAR(50), b CHAR(3), c TEXT, d LONGTEXT, e MEDIUMTEXT, f TINYTEXT)",
        """
        table t
        a VARCHAR(50), text
        b CHAR(3), text
        c TEXT, text
        d LONGTEXT, text
        e MEDIUMTEXT, text
        f TINYTEXT, text
        """,
    ),
    Shape(
        "collations",
        "CREATE TABLE t (a VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_bin, b TEXT COLLATE utf8mb4_bin)",
        """
        table t
        a VARCHAR(50), text COLLATE latin1_bin
        b TEXT, text COLLATE utf8mb4_bin
        """,
    ),
    Shape(
        "dates and times",
        "CREATE TABLE t (a DATE, b TIME, c TIME(3), d DATETIME, e DATETIME(6), f TIMESTAMP(3) NULL)",
        """
        table t
        a DATE, date
        b TIME, time
        c TIME(3), time
        d DATETIME, timestamp
        e DATETIME(6), timestamp
        f TIMESTAMP(3), timestamp
        """,
    ),
    Shape("a year", "CREATE TABLE t (a YEAR)", "table t\na YEAR(4), whole number"),
    Shape(
        "a time of the last change",
        "CREATE TABLE t (a TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        "table t\na TIMESTAMP, timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
    ),
    Shape(
        "binaries",
        "CREATE TABLE t (a BLOB, b LONGBLOB, c MEDIUMBLOB, d TINYBLOB, e BINARY(16), f VARBINARY(20))",
        """
        table t
        a BLOB, binary
        b LONGBLOB, binary
        c MEDIUMBLOB, binary
        d TINYBLOB, binary
        e BINARY(16), binary
        f VARBINARY(20), binary
        """,
    ),
    Shape(
        "JSON, which is a text",
        "CREATE TABLE t (a JSON)",
        "table t\na LONGTEXT, text COLLATE utf8mb4_bin",
    ),
    Shape("UUID", "CREATE TABLE t (a UUID)", "table t\na UUID, UUID"),
    Shape(
        "labels",
        "CREATE TABLE t (a ENUM('a','b, c','it''s','x COLLATE y') NOT NULL DEFAULT 'a', b SET('x','y'))",
        """
        table t
        a ENUM('a','b, c','it''s','x COLLATE y'), text NOT NULL DEFAULT 'a'
        b SET('x','y'), text
        """,
    ),
    Shape(
        "types that SQLAlchemy does not know",
        "CREATE TABLE t (a POINT, b INET6, c INT)",
        "table t\na POINT, geometry\nb INET6, network address\nc INT(11), whole number",
    ),
    Shape(
        "defaults",
        "CREATE TABLE t (a INT DEFAULT NULL, b VARCHAR(9) DEFAULT '', c INT DEFAULT (1 + 1), d TEXT DEFAULT (UUID()),"
        " e TEXT DEFAULT 'its')",
        """
        table t
        a INT(11), whole number
        b VARCHAR(9), text DEFAULT ''
        c INT(11), whole number DEFAULT (1 + 1)
        d TEXT, text DEFAULT uuid()
        e TEXT, text DEFAULT 'its'
        """,
    ),
    Shape(
        "defaults with quotes",
        r"CREATE TABLE t (a TEXT NOT NULL DEFAULT 'it''s', b VARCHAR(9) NOT NULL DEFAULT '\'\'')",
        r"""
        table t
        a TEXT, text NOT NULL DEFAULT 'it\'s'
        b VARCHAR(9), text NOT NULL DEFAULT ''''''
        """,
    ),
    Shape(
        "what stands between a type and NOT NULL",
        "CREATE TABLE t (a INT NOT NULL INVISIBLE DEFAULT 3, b TEXT COMPRESSED NOT NULL, c INT)",
        """
        table t
        a INT(11), whole number NOT NULL DEFAULT 3
        b TEXT, text NOT NULL DEFAULT ''
        c INT(11), whole number
        """,
    ),
    Shape(
        "generated columns",
        "CREATE TABLE t (a INT, b INT AS (a + 1) VIRTUAL, c INT AS (a * 2) STORED)",
        """
        table t
        a INT(11), whole number
        b INT(11), whole number GENERATED virtual `a` + 1
        c INT(11), whole number GENERATED stored `a` * 2
        """,
    ),
    Shape(
        "unique constraints",
        "CREATE TABLE t (a INT UNIQUE, b VARCHAR(30), UNIQUE KEY pair (b, a))",
        """
        table t
        a INT(11), whole number
        b VARCHAR(30), text
        UNIQUE a (a)
        UNIQUE pair (b, a)
        """,
    ),
    Shape(
        "unique indexes",
        """
        CREATE TABLE t (a INT, b VARCHAR(30))
        CREATE UNIQUE INDEX u ON t (b, a)
        CREATE INDEX i ON t (a)
        """,
        """
        table t
        a INT(11), whole number
        b VARCHAR(30), text
        UNIQUE u (b, a)
        INDEX i (a)
        """,
    ),
    Shape(
        "checks of a table",
        "CREATE TABLE t (a INT NOT NULL, b INT, CONSTRAINT c CHECK (b < a))",
        """
        table t
        a INT(11), whole number NOT NULL
        b INT(11), whole number
        CHECK c `b` < `a`
        """,
    ),
    Shape(
        "a foreign key",
        """
        CREATE TABLE p (id INT PRIMARY KEY)
        CREATE TABLE t (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))
        """,
        """
        table p
        id INT(11), whole number NOT NULL
        PRIMARY KEY PRIMARY (id)
        table t
        a INT(11), whole number
        FOREIGN KEY f (a) -> p (id)
        INDEX f (a)
        """,
    ),
    Shape(
        "a foreign key of two columns",
        """
        CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))
        CREATE TABLE t (x INT, y INT)
        ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (y, x) REFERENCES p (a, b) ON DELETE CASCADE ON UPDATE SET NULL
        """,
        """
        table p
        a INT(11), whole number NOT NULL
        b INT(11), whole number NOT NULL
        PRIMARY KEY PRIMARY (a, b)
        table t
        x INT(11), whole number
        y INT(11), whole number
        FOREIGN KEY f (y, x) -> p (a, b) UPDATE SET NULL DELETE CASCADE
        INDEX f (y, x)
        """,
    ),
    Shape(
        "a foreign key to the table itself",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id) ON DELETE CASCADE)",
        """
        table t
        id INT(11), whole number NOT NULL
        a INT(11), whole number
        FOREIGN KEY f (a) -> t (id) DELETE CASCADE
        PRIMARY KEY PRIMARY (id)
        INDEX f (a)
        """,
    ),
    Shape(
        "a foreign key that the engine does not keep",
        """
        CREATE TABLE p (id INT PRIMARY KEY) ENGINE=MyISAM
        CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (id)) ENGINE=MyISAM
        """,
        """
        table p
        id INT(11), whole number NOT NULL
        PRIMARY KEY PRIMARY (id)
        table t
        a INT(11), whole number
        INDEX a (a)
        """,
    ),
    Shape(
        "a view",
        """
        CREATE TABLE p (id INT NOT NULL, n VARCHAR(20))
        CREATE VIEW v AS SELECT id, UPPER(n) AS big FROM p
        """,
        """
        table p
        id INT(11), whole number NOT NULL
        n VARCHAR(20), text
        view v
        id INT(11), whole number NOT NULL
        big VARCHAR(20), text
        """,
    ),
    Shape(
        "a view of a column that is gone",
        """
        CREATE TABLE p (id INT)
        CREATE VIEW v AS SELECT id FROM p
        ALTER TABLE p CHANGE id other INT
        """,
        "table p\nother INT(11), whole number\nview v",
    ),
    Shape(
        "a view of a table that is gone",
        """
        CREATE TABLE p (id INT)
        CREATE VIEW v AS SELECT id FROM p
        DROP TABLE p
        """,
        "view v",
    ),
    Shape(
        "names that need quotes",
        "CREATE TABLE `select` (`order by` INT, `Größe` INT, `UPPER` INT NOT NULL, `a.b` INT, `50%%` INT, `t``` INT)",
        """
        table select
        order by INT(11), whole number
        Größe INT(11), whole number
        UPPER INT(11), whole number NOT NULL
        a.b INT(11), whole number
        50% INT(11), whole number
        t` INT(11), whole number
        """,
    ),
    Shape(
        "names that differ by case",
        """
        CREATE TABLE Orders (id INT)
        CREATE TABLE orders (id BIGINT)
        """,
        """
        table Orders
        id INT(11), whole number
        table orders
        id BIGINT(20), whole number
        """,
    ),
    Shape(
        "comments",
        "CREATE TABLE t (id INT COMMENT 'it''s, the (id) NOT NULL') COMMENT='a table'",
        "table t\nid INT(11), whole number",
    ),
    Shape(
        "partitions",
        "CREATE TABLE t (id INT NOT NULL, d DATE NOT NULL, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d))"
        " (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        """
        table t
        id INT(11), whole number NOT NULL
        d DATE, date NOT NULL
        PRIMARY KEY PRIMARY (id, d)
        """,
    ),
    Shape(
        "a full-text index",
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT KEY words (body))",
        """
        table t
        id INT(11), whole number NOT NULL
        body TEXT, text
        PRIMARY KEY PRIMARY (id)
        INDEX words (body)
        """,
    ),
    Shape(
        "system versioning",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING",
        """
        table t
        id INT(11), whole number NOT NULL
        a INT(11), whole number
        PRIMARY KEY PRIMARY (id)
        """,
    ),
    Shape("a temporary table", "CREATE TEMPORARY TABLE t (id INT)", ""),
    Shape("a sequence", "CREATE SEQUENCE s", ""),
    Shape(
        "a copy of a definition",
        """
        CREATE TABLE p (id INT PRIMARY KEY)
        CREATE TABLE t LIKE p
        DROP TABLE p
        """,
        """
        table t
        id INT(11), whole number NOT NULL
        PRIMARY KEY PRIMARY (id)
        """,
    ),
    Shape(
        "a table made of a query",
        """
        CREATE TABLE p (id INT NOT NULL PRIMARY KEY, n VARCHAR(9))
        CREATE TABLE t AS SELECT * FROM p
        DROP TABLE p
        """,
        """
        table t
        id INT(11), whole number NOT NULL
        n VARCHAR(9), text
        """,
    ),
    Shape(
        "what ALTER TABLE made of it",
        """
        CREATE TABLE t (a INT NOT NULL, b TEXT, c INT UNIQUE, PRIMARY KEY (a))
        ALTER TABLE t MODIFY a BIGINT NOT NULL, DROP COLUMN b, ADD d VARCHAR(3) NOT NULL FIRST
        ALTER TABLE t DROP PRIMARY KEY, DROP INDEX c, ADD UNIQUE other (a)
        """,
        """
        table t
        d VARCHAR(3), text NOT NULL
        a BIGINT(20), whole number NOT NULL
        c INT(11), whole number
        UNIQUE other (a)
        """,
    ),
    Shape(
        "keys whose names need quotes",
        """
        CREATE TABLE `p``a` (`i``d` INT, `b.c` INT NOT NULL, PRIMARY KEY (`i``d`), UNIQUE `u``k` (`b.c`, `i``d`))
        CREATE TABLE t (`y``z` INT, CONSTRAINT `f``k` FOREIGN KEY (`y``z`) REFERENCES `p``a` (`i``d`))
        """,
        """
        table p`a
        i`d INT(11), whole number NOT NULL
        b.c INT(11), whole number NOT NULL
        PRIMARY KEY PRIMARY (i`d)
        UNIQUE u`k (b.c, i`d)
        table t
        y`z INT(11), whole number
        FOREIGN KEY f`k (y`z) -> p`a (i`d)
        INDEX f`k (y`z)
        """,
    ),
    Shape(
        "an index that queries do not use",
        "CREATE TABLE t (a INT, UNIQUE u (a) IGNORED)",
        "table t\na INT(11), whole number\nUNIQUE u (a)",
    ),
    Shape(
        "what is unique at a time",
        "CREATE TABLE t (a INT, s DATE, e DATE, PERIOD FOR p (s, e), UNIQUE u (a, p WITHOUT OVERLAPS))",
        """
        table t
        a INT(11), whole number
        s DATE, date NOT NULL
        e DATE, date NOT NULL
        CHECK p `s` < `e`
        UNIQUE u (a, e, s)
        """,
    ),
    Shape(
        "system versioning with columns of its own",
        "CREATE TABLE t (id INT PRIMARY KEY, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START,"
        " e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
        """
        table t
        id INT(11), whole number NOT NULL
        s TIMESTAMP(6), timestamp NOT NULL GENERATED stored ROW START
        e TIMESTAMP(6), timestamp NOT NULL GENERATED stored ROW END
        PRIMARY KEY PRIMARY (id)
        """,
    ),
]
