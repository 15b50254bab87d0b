-- The names of all relations and what ties them together, as one JSON document: little beside their definitions.
-- PostgreSQL 14 to 18; reads pg_catalog and no user table. 16384 is FirstNormalObjectId: what is below is the system's.
WITH relations AS MATERIALIZED (
    SELECT
        c.oid,
        n.nspname,
        c.relname,
        c.relkind,
        coalesce(i.indrelid, 0) AS indexed
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
),

uses AS (
    SELECT d.objid AS user_oid, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL
    SELECT r.ev_class, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_rewrite AS r ON d.objid = r.oid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    UNION ALL
    SELECT a.adrelid, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_attrdef AS a ON d.objid = a.oid
    WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    UNION ALL
    SELECT k.conrelid, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_constraint AS k ON d.objid = k.oid
    WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.conrelid <> 0
    UNION ALL
    SELECT p.polrelid, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_policy AS p ON d.objid = p.oid
    WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
),

ties AS (
    SELECT DISTINCT u.user_oid, coalesce(t.typrelid, u.refobjid) AS used_oid
    FROM uses AS u
    LEFT JOIN pg_catalog.pg_type AS e
        ON u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND u.refobjid = e.oid
    LEFT JOIN pg_catalog.pg_type AS t
        ON t.oid = CASE WHEN e.typelem <> 0 THEN e.typelem ELSE e.oid END
    WHERE
        (u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass OR t.typrelid <> 0)
        AND u.user_oid >= 16384 AND u.refobjid >= 16384
)

SELECT pg_catalog.json_build_object(
    'relations', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(oid::pg_catalog.int8, nspname, relname, relkind, indexed::pg_catalog.int8)) FROM relations
    ),
    'ties', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(user_oid::pg_catalog.int8, used_oid::pg_catalog.int8))
        FROM ties
        WHERE user_oid <> used_oid
    ),
    'constraints', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, k.conname))
        FROM pg_catalog.pg_constraint AS k
        INNER JOIN pg_catalog.pg_namespace AS n ON k.connamespace = n.oid
        WHERE k.conrelid >= 16384
    )
)::pg_catalog.text AS document
