-- The relations of which something was not printed ("hindered" of locks.sql), what is locked, and by which process (0: a
-- prepared transaction), as a JSON array: a subquery of whole.sql.
SELECT
    pg_catalog.json_agg(
        pg_catalog.json_build_array(
            pg_catalog.json_build_array(n.nspname, c.relname), pg_catalog.json_build_array(m.nspname, l.relname), h.pid
        )
    )
FROM hindered AS h
INNER JOIN pg_catalog.pg_class AS c ON h.oid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_class AS l ON h.locked = l.oid
INNER JOIN pg_catalog.pg_namespace AS m ON l.relnamespace = m.oid
WHERE
    /* printed.sql */
