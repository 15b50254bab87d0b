-- The indexes of one relation ("asked" of tables.sql) as a JSON array: a subquery of tables.sql.
SELECT
    pg_catalog.json_agg(
        pg_catalog.json_build_object(
            'name', x.relname,
            'key_columns', i.indnkeyatts,
            'columns', CASE WHEN i.indnatts = 1 THEN pg_catalog.json_build_array((
                SELECT a.attname
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attnum <> 0
            )) ELSE (
                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
                LEFT JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND k.attnum = a.attnum AND a.attnum <> 0
            ) END,
            'expressions', CASE WHEN i.indexprs IS NOT NULL AND asked.printable THEN (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.pg_get_indexdef(i.indexrelid, k.position::int, false)
                        ORDER BY k.position
                    )
                FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
                WHERE k.attnum = 0
            ) END,
            'unique', i.indisunique,
            'valid', i.indisvalid,
            'method', (SELECT m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = x.relam),
            'options', /* if rest */ CASE WHEN x.reloptions IS NULL AND x.reltablespace = 0 THEN (
                SELECT
                    pg_catalog.json_agg(
                        CASE
                            WHEN k.collation_id <> COALESCE(NULLIF(a.attcollation, 0), 100) AND k.collation_id <> 0 THEN NULL
                            WHEN NOT o.opcdefault AND o.opcnamespace <> 11 THEN NULL
                            ELSE pg_catalog.concat(
                                CASE WHEN NOT o.opcdefault THEN ' ' || pg_catalog.quote_ident(o.opcname) END,
                                CASE k.sorting & 3 WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                                    WHEN 3 THEN ' DESC' END
                            )
                        END
                        ORDER BY k.position
                    )
                FROM
                    ROWS FROM (
                        pg_catalog.unnest(i.indoption::int2[]),
                        pg_catalog.unnest(i.indclass::oid[]),
                        pg_catalog.unnest(i.indcollation::oid[])
                    ) WITH ORDINALITY
                        AS k (sorting, class_id, collation_id, position)
                INNER JOIN pg_catalog.pg_opclass AS o ON k.class_id = o.oid
                LEFT JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.position - 1] AND a.attnum <> 0
            ) END /* end */,
            'predicate', CASE WHEN asked.printable THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END,
            'nulls_not_distinct', i.nulls_not_distinct::text,
            'constraint', (
                SELECT c.conname
                FROM pg_catalog.pg_constraint AS c
                WHERE
                    c.conrelid = i.indrelid
                    AND c.conindid = i.indexrelid
                    AND c.contype IN ('p', 'u', 'x')
            ),
            'comment', /* if rest */ (
                SELECT d.description
                FROM pg_catalog.pg_description AS d
                WHERE d.objoid = x.oid AND d.classoid = 1259 AND d.objsubid = 0
            ) /* end */
        )
        ORDER BY x.relname
    )
-- Without a table's name before it, it is what "older" has where the server's pg_index has no such column.
FROM (SELECT FALSE AS indnullsnotdistinct) AS older
CROSS JOIN LATERAL (
    SELECT
        k.*,
        indnullsnotdistinct AS nulls_not_distinct
    FROM pg_catalog.pg_index AS k
    WHERE k.indrelid = asked.oid
) AS i
INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
