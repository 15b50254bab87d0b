-- The columns of one relation ("asked" of tables.sql) as a JSON array: a subquery of tables.sql.
SELECT
    pg_catalog.json_agg(
        pg_catalog.json_build_object(
            'name', a.attname,
            'type', a.atttypid,
            'modifier', CASE
                WHEN a.atttypmod >= 0 THEN pg_catalog.format_type(a.atttypid, a.atttypmod)
            END,
            'dimensions', a.attndims,
            'not_null', a.attnotnull,
            'expression', CASE WHEN a.atthasdef AND (a.attgenerated = '' OR asked.printable) THEN (
                -- A table's name makes it wait for whoever has locked the table; defaults need none.
                SELECT
                    pg_catalog.pg_get_expr(
                        d.adbin, CASE WHEN a.attgenerated = '' THEN 0::oid ELSE d.adrelid END
                    )
                FROM pg_catalog.pg_attrdef AS d
                WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
            ) END,
            'identity', a.attidentity,
            'generated', a.attgenerated,
            'collation', CASE WHEN a.attcollation <> 0 THEN (
                SELECT pg_catalog.json_build_array(n.nspname, l.collname)
                FROM pg_catalog.pg_collation AS l
                INNER JOIN pg_catalog.pg_namespace AS n ON l.collnamespace = n.oid
                INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                WHERE l.oid = a.attcollation AND l.oid <> t.typcollation
            ) END,
            'updatable', CASE
                WHEN asked.relkind IN ('r', 'p') THEN true
                WHEN asked.relkind = 'm' THEN false
                -- A foreign table's wrapper may be without the code that could answer.
                WHEN asked.relkind = 'f' AND NOT /* if foreign tables */ EXISTS (
                    SELECT
                    FROM pg_catalog.pg_foreign_table AS f
                    INNER JOIN pg_catalog.pg_foreign_server AS s ON f.ftserver = s.oid
                    INNER JOIN pg_catalog.pg_foreign_data_wrapper AS w ON s.srvfdw = w.oid
                    WHERE f.ftrelid = asked.oid AND w.fdwhandler <> 0
                ) /* else */ true /* end */ THEN false
                WHEN asked.printable THEN pg_catalog.pg_column_is_updatable(a.attrelid, a.attnum, false)
            END,
            'comment', /* if rest */ (
                SELECT d.description
                FROM pg_catalog.pg_description AS d
                WHERE d.objoid = a.attrelid AND d.classoid = 1259 AND d.objsubid = a.attnum
            ) /* end */
        )
        ORDER BY a.attnum
    )
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = asked.oid AND a.attnum > 0 AND NOT a.attisdropped
