-- The constraints of one relation ("asked" of tables.sql) as a JSON array: a subquery of tables.sql.
SELECT
    pg_catalog.json_agg(
        pg_catalog.json_build_object(
            'name', c.conname,
            'kind', c.contype,
            'columns', (
                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY AS k (attnum, position)
                INNER JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.conrelid AND k.attnum = a.attnum
            ),
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
            'on_delete_columns', (
                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                FROM pg_catalog.jsonb_array_elements_text(
                    NULLIF(pg_catalog.to_jsonb(c) -> 'confdelsetcols', 'null'::jsonb)
                ) WITH ORDINALITY AS k (attnum, position)
                INNER JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = c.conrelid AND k.attnum = a.attnum::text
            ),
            'deferrable', c.condeferrable,
            'initially_deferred', c.condeferred,
            'valid', c.convalidated,
            'not_enforced', pg_catalog.to_jsonb(c) ->> 'conenforced' = 'false',
            'nulls_not_distinct', CASE WHEN c.contype = 'u' THEN (
                SELECT pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct'
                FROM pg_catalog.pg_index AS i
                WHERE i.indexrelid = c.conindid
            ) END,
            'period', COALESCE(pg_catalog.to_jsonb(c) ->> 'conperiod' = 'true', FALSE),
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
FROM pg_catalog.pg_constraint AS c
WHERE
    c.conrelid = asked.oid
    AND c.contype IN ('p', 'u', 'c', 'f', 'x', 'n')
    -- A foreign key to a partitioned table has a row more for each of that table's partitions.
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_constraint AS parent
        WHERE parent.oid = c.conparentid AND parent.conrelid = c.conrelid
    )
