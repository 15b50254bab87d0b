-- A database but for what its tables look like, as one JSON document: little beside their definitions. PostgreSQL 14 to
-- 18; reads pg_catalog and no user table.
WITH
/* outline.sql */

/* routines.sql */

type_names AS (
    SELECT t.oid, pg_catalog.json_build_array(n.nspname, coalesce(e.typname, t.typname), e.oid IS NOT NULL) AS name
    FROM pg_catalog.pg_type AS t
    LEFT JOIN pg_catalog.pg_type AS e ON t.typcategory = 'A' AND e.typarray = t.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(e.typnamespace, t.typnamespace)
)

SELECT pg_catalog.json_build_object(
    'database', pg_catalog.current_database(),
    'user', current_user,
    'search_path', pg_catalog.current_setting('search_path'),
    'version', pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
    'relations', (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(
                r.oid::pg_catalog.int8, r.nspname, r.relname, r.relkind, r.indexed::pg_catalog.int8
            )
        )
        FROM relations AS r
    ),
    'ties', (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(t.user_oid::pg_catalog.int8, t.used_oid::pg_catalog.int8)
        )
        FROM ties AS t
        WHERE t.user_oid <> t.used_oid
    ),
    'constraints', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, k.conname))
        FROM pg_catalog.pg_constraint AS k
        INNER JOIN pg_catalog.pg_namespace AS n ON k.connamespace = n.oid
        WHERE k.conrelid >= 16384
    ),
    'routines', (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(
                r.nspname, r.proname, r.lanname, CASE WHEN r.has_sql_body THEN NULL ELSE r.prosrc END,
                rn.nspname, c.relname, u.how
            )
            ORDER BY r.nspname, r.proname, rn.nspname, c.relname, u.how
        )
        FROM routines AS r
        LEFT JOIN routine_uses AS u ON u.oid = r.oid
        LEFT JOIN pg_catalog.pg_class AS c ON c.oid = u.relation
        LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid = c.relnamespace
    ),
    'published', EXISTS (SELECT FROM pg_catalog.pg_publication),
    'printed', (
        SELECT pg_catalog.json_agg(p.oid::pg_catalog.int8)
        FROM (
            SELECT k.conrelid AS oid FROM pg_catalog.pg_constraint AS k WHERE k.contype IN ('c', 'x')
            UNION
            SELECT i.indrelid
            FROM pg_catalog.pg_index AS i
            WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
            UNION
            SELECT d.adrelid
            FROM pg_catalog.pg_attrdef AS d
            INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE a.attgenerated <> ''
            UNION
            SELECT r.prrelid FROM pg_catalog.pg_publication_rel AS r WHERE r.prqual IS NOT NULL
        ) AS p
        WHERE p.oid >= 16384
    ),
    /* others.sql */
)::pg_catalog.text AS document
