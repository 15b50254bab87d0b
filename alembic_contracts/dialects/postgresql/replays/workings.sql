-- Everything of users' own that runs code or decides which code runs, as (kind, name, definition).
-- Much of it is printed under a lock: "patience" is set, locally to the transaction, before any of it is.
WITH patience AS MATERIALIZED (
    SELECT pg_catalog.set_config('lock_timeout', '5s', true) AS value
),

extension_members AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'
)

SELECT found.*
FROM patience
CROSS JOIN LATERAL (
    SELECT working.*
    FROM (
        SELECT
            'function' AS kind,
            n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
            CASE
                WHEN p.prokind = 'a' THEN CAST(a AS text)
                ELSE pg_catalog.pg_get_functiondef(p.oid)
            END AS definition
        FROM pg_catalog.pg_proc AS p
        INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
        LEFT JOIN LATERAL (
            SELECT g.aggkind, g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggsortop, g.agginitval
            FROM pg_catalog.pg_aggregate AS g
            WHERE g.aggfnoid = p.oid
        ) AS a ON true
        WHERE
            p.oid >= 16384
            AND NOT EXISTS (
                SELECT 1 FROM extension_members AS m
                WHERE m.classid = CAST('pg_catalog.pg_proc' AS pg_catalog.regclass) AND m.objid = p.oid
            )
        UNION ALL
        SELECT
            'trigger',
            n.nspname || '.' || c.relname || '.' || t.tgname,
            pg_catalog.pg_get_triggerdef(t.oid) || ' ' || CAST(t.tgenabled AS text)
        FROM pg_catalog.pg_trigger AS t
        INNER JOIN pg_catalog.pg_class AS c ON t.tgrelid = c.oid
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
        WHERE NOT t.tgisinternal
        UNION ALL
        SELECT
            'rule',
            n.nspname || '.' || c.relname || '.' || r.rulename,
            pg_catalog.pg_get_ruledef(r.oid) || ' ' || CAST(r.ev_enabled AS text)
        FROM pg_catalog.pg_rewrite AS r
        INNER JOIN pg_catalog.pg_class AS c ON r.ev_class = c.oid
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
        WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'
        UNION ALL
        SELECT
            'policy',
            n.nspname || '.' || c.relname || '.' || p.polname,
            pg_catalog.concat_ws(
                ' ', p.polcmd, p.polpermissive,
                pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
            )
        FROM pg_catalog.pg_policy AS p
        INNER JOIN pg_catalog.pg_class AS c ON p.polrelid = c.oid
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
        UNION ALL
        SELECT
            'partition',
            n.nspname || '.' || c.relname,
            pg_catalog.pg_get_expr(c.relpartbound, c.oid)
        FROM pg_catalog.pg_class AS c
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
        WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
        UNION ALL
        SELECT
            'event trigger',
            e.evtname,
            pg_catalog.concat_ws(' ', e.evtevent, CAST(e.evtfoid AS pg_catalog.regprocedure), e.evtenabled, e.evttags)
        FROM pg_catalog.pg_event_trigger AS e
        UNION ALL
        SELECT
            'extension',
            x.extname,
            x.extversion
        FROM pg_catalog.pg_extension AS x
        UNION ALL
        SELECT
            o.kind,
            i.identity,
            ''
        FROM (
            SELECT 'operator' AS kind, 'pg_catalog.pg_operator' AS catalog, x.oid FROM pg_catalog.pg_operator AS x
            UNION ALL SELECT 'cast', 'pg_catalog.pg_cast', x.oid FROM pg_catalog.pg_cast AS x
            UNION ALL SELECT 'collation', 'pg_catalog.pg_collation', x.oid FROM pg_catalog.pg_collation AS x
            UNION ALL SELECT 'conversion', 'pg_catalog.pg_conversion', x.oid FROM pg_catalog.pg_conversion AS x
            UNION ALL SELECT 'language', 'pg_catalog.pg_language', x.oid FROM pg_catalog.pg_language AS x
            UNION ALL SELECT 'operator class', 'pg_catalog.pg_opclass', x.oid FROM pg_catalog.pg_opclass AS x
            UNION ALL SELECT 'foreign server', 'pg_catalog.pg_foreign_server', x.oid FROM pg_catalog.pg_foreign_server AS x
            UNION ALL SELECT 'statistics', 'pg_catalog.pg_statistic_ext', x.oid FROM pg_catalog.pg_statistic_ext AS x
            UNION ALL SELECT 'configuration', 'pg_catalog.pg_ts_config', x.oid FROM pg_catalog.pg_ts_config AS x
            UNION ALL SELECT 'dictionary', 'pg_catalog.pg_ts_dict', x.oid FROM pg_catalog.pg_ts_dict AS x
        ) AS o
        CROSS JOIN LATERAL pg_catalog.pg_identify_object(CAST(o.catalog AS pg_catalog.regclass), o.oid, 0) AS i
        WHERE
            o.oid >= 16384
            AND NOT EXISTS (
                SELECT 1 FROM extension_members AS m
                WHERE m.classid = CAST(o.catalog AS pg_catalog.regclass) AND m.objid = o.oid
            )
    ) AS working
    WHERE patience.value IS NOT NULL
    OFFSET 0
) AS found
