-- Members of the document of surroundings.sql: what users made or extensions brought along beside what whole.sql has.
-- From 16384 on (FirstNormalObjectId) objects are not the server's own.
'casts', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(source.name, target.name, c.castcontext))
    FROM pg_catalog.pg_cast AS c
    INNER JOIN type_names AS source ON source.oid = c.castsource
    INNER JOIN type_names AS target ON target.oid = c.casttarget
    WHERE c.oid >= 16384
),
'names', (
    SELECT pg_catalog.json_agg(DISTINCT CAST(o.oprname AS text))
    FROM pg_catalog.pg_operator AS o WHERE o.oid >= 16384
),
'classes', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.amname, key.name))
    FROM pg_catalog.pg_opclass AS c
    INNER JOIN pg_catalog.pg_am AS m ON m.oid = c.opcmethod
    INNER JOIN type_names AS key ON key.oid = c.opcintype
    WHERE c.oid >= 16384 AND c.opcdefault
),
'types', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, t.typname))
    FROM pg_catalog.pg_type AS t
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE t.oid >= 16384 AND t.typtype IN ('b', 'm', 'p') AND t.typcategory <> 'A'
),
'typed', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, tn.nspname, t.typname))
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    INNER JOIN pg_catalog.pg_type AS t ON t.oid = c.reloftype
    INNER JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace
    WHERE c.reloftype <> 0
),
'hidden', (
    EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_opclass WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_collation WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_ts_config WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_ts_dict WHERE oid >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql')
),
'hanging', (
    EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal)
    OR EXISTS (SELECT FROM pg_catalog.pg_policy)
    OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN')
),
'local', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, a.attname))
    FROM pg_catalog.pg_inherits AS i
    INNER JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
    WHERE NOT c.relispartition AND c.relkind IN ('r', 'f') AND a.attinhcount > 0 AND a.attislocal
),
'sequences', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        n.nspname, s.relname, tn.nspname, t.relname, a.attname, d.deptype
    ))
    FROM pg_catalog.pg_class AS s
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
    LEFT JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE s.relkind = 'S' AND s.relpersistence <> 't' AND (
        t.oid IS NULL OR s.relnamespace <> t.relnamespace
        OR s.relname <> pg_catalog.concat(t.relname, '_', a.attname, '_seq')
    )
)
