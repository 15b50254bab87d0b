-- A part of surroundings.sql: "relations", all relations by name, and "ties", which of them use which. 16384 is
-- FirstNormalObjectId: what is below is the system's.
relations AS MATERIALIZED (
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
),
