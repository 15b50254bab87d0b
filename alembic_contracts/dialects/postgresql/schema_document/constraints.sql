-- The constraints of one relation ("asked" of tables.sql) as a JSON array: a subquery of tables.sql.
SELECT
    pg_catalog.json_agg(
        pg_catalog.json_build_object(
            'name', c.conname,
            'kind', c.contype,
            'columns', CASE WHEN pg_catalog.cardinality(c.conkey) = 1 THEN (
                SELECT pg_catalog.json_build_array(a.attname)
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            ) ELSE (
                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY AS k (attnum, position)
                INNER JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.conrelid AND k.attnum = a.attnum
            ) END,
            'expression', CASE
                WHEN NOT asked.printable THEN NULL
                WHEN c.contype = 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid)
                WHEN c.contype = 'x' THEN pg_catalog.pg_get_constraintdef(c.oid)
            END,
            'references', CASE WHEN c.contype = 'f' THEN (
                SELECT pg_catalog.json_build_array(n.nspname, f.relname)
                FROM pg_catalog.pg_class AS f
                INNER JOIN pg_catalog.pg_namespace AS n ON f.relnamespace = n.oid
                WHERE f.oid = c.confrelid
            ) END,
            'referenced_columns', CASE WHEN c.contype = 'f' THEN (
                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                FROM pg_catalog.unnest(c.confkey) WITH ORDINALITY AS k (attnum, position)
                INNER JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.confrelid AND k.attnum = a.attnum
            ) END,
            'on_update', c.confupdtype,
            'on_delete', c.confdeltype,
            'match_full', c.confmatchtype = 'f',
            'on_delete_columns', CASE WHEN c.reset IS NOT NULL THEN (
                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                FROM pg_catalog.unnest(c.reset) WITH ORDINALITY AS k (attnum, position)
                INNER JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.conrelid AND k.attnum = a.attnum
            ) END,
            'deferrable', c.condeferrable,
            'initially_deferred', c.condeferred,
            'valid', c.convalidated,
            'not_enforced', NOT c.enforced,
            'nulls_not_distinct', CASE WHEN c.contype = 'u' THEN (
                SELECT pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct'
                FROM pg_catalog.pg_index AS i
                WHERE i.indexrelid = c.conindid
            ) END,
            'period', c.period,
            'no_inherit', c.connoinherit,
            'inherited', c.coninhcount > 0,
            'comment', /* if rest */ (
                SELECT d.description
                FROM pg_catalog.pg_description AS d
                WHERE d.objoid = c.oid AND d.classoid = 2606 AND d.objsubid = 0
            ) /* end */
        )
        ORDER BY c.conname, c.oid
    )
-- A column without a table's name before it is that of "older" where the server's pg_constraint has none of that name.
FROM (SELECT NULL::int2[] AS confdelsetcols, TRUE AS conenforced, FALSE AS conperiod) AS older
CROSS JOIN LATERAL (
    SELECT
        k.*,
        confdelsetcols AS reset,
        conenforced AS enforced,
        conperiod AS period
    FROM pg_catalog.pg_constraint AS k
    WHERE
        k.conrelid = asked.oid
        AND k.contype IN ('p', 'u', 'c', 'f', 'x', 'n')
        -- A foreign key to a partitioned table has a row more for each of that table's partitions.
        AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint AS parent
            WHERE parent.oid = k.conparentid AND parent.conrelid = k.conrelid
        )
) AS c
