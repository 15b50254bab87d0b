-- For each of some relations of which something is printed under a lock, a digest of all that it is printed from: what is stored, and the names
-- of what that is about. Reading it takes no lock, which printing does: where two digests are the same, so is the print.
WITH RECURSIVE wanted AS MATERIALIZED (
    SELECT c.oid
    FROM pg_catalog.unnest(ARRAY(/* watched */)) AS name (oid)
    INNER JOIN pg_catalog.pg_class AS c ON name.oid = c.oid
    WHERE
        /* printed.sql */
),

uses AS (
    SELECT
        wanted.oid,
        wanted.oid AS used
    FROM wanted
    UNION
    SELECT
        uses.oid,
        d.refobjid
    FROM uses
    INNER JOIN pg_catalog.pg_rewrite AS r ON uses.used = r.ev_class
    INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 2618 AND r.oid = d.objid AND d.refclassid = 1259
),

relations AS MATERIALIZED (
    SELECT c.*
    FROM (SELECT DISTINCT uses.used FROM uses) AS u
    INNER JOIN pg_catalog.pg_class AS c ON u.used = c.oid
),

stored AS (
    SELECT
        c.oid AS relation,
        1259 AS class,
        c.oid,
        pg_catalog.concat_ws(' ', c.relnamespace::pg_catalog.regnamespace, c.relname, c.relkind, c.reloptions) AS text
    FROM relations AS c
    UNION ALL
    SELECT
        c.oid, 0, 0,
        pg_catalog.concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attgenerated)
    FROM relations AS c INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid
    WHERE a.attnum > 0
    UNION ALL
    SELECT c.oid, 2604, d.oid, d::text
    FROM relations AS c INNER JOIN pg_catalog.pg_attrdef AS d ON c.oid = d.adrelid
    UNION ALL
    SELECT c.oid, 2606, k.oid, k::text
    FROM relations AS c INNER JOIN pg_catalog.pg_constraint AS k ON c.oid = k.conrelid
    UNION ALL
    SELECT c.oid, 1259, i.indexrelid, i::text
    FROM relations AS c INNER JOIN pg_catalog.pg_index AS i ON c.oid = i.indrelid
    UNION ALL
    SELECT c.oid, 2618, r.oid, r::text
    FROM relations AS c INNER JOIN pg_catalog.pg_rewrite AS r ON c.oid = r.ev_class
    UNION ALL
    SELECT c.oid, 2620, t.oid, t::text
    FROM relations AS c INNER JOIN pg_catalog.pg_trigger AS t ON c.oid = t.tgrelid
    UNION ALL
    SELECT c.oid, 0, 0, p::text
    FROM relations AS c INNER JOIN pg_catalog.pg_partitioned_table AS p ON c.oid = p.partrelid
    UNION ALL
    SELECT c.oid, 0, 0, pg_catalog.concat_ws(' ', f::text, s::text)
    FROM relations AS c INNER JOIN pg_catalog.pg_foreign_table AS f ON c.oid = f.ftrelid
    INNER JOIN pg_catalog.pg_foreign_server AS s ON f.ftserver = s.oid
    UNION ALL
    SELECT c.oid, 6106, r.oid, r::text
    FROM relations AS c INNER JOIN pg_catalog.pg_publication_rel AS r ON c.oid = r.prrelid
),

parts AS (
    SELECT stored.relation, stored.text FROM stored
    UNION ALL
    SELECT
        stored.relation,
        pg_catalog.concat_ws(' ', d.classid, d.objid, o.type, o.identity)
    FROM stored
    INNER JOIN pg_catalog.pg_depend AS d ON stored.class = d.classid AND stored.oid = d.objid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) AS o
)

SELECT
    n.nspname,
    c.relname,
    pg_catalog.md5(pg_catalog.string_agg(parts.text, ' ' ORDER BY parts.text COLLATE "C")) AS fingerprint
FROM uses
INNER JOIN parts ON uses.used = parts.relation
INNER JOIN pg_catalog.pg_class AS c ON uses.oid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
GROUP BY n.nspname, c.relname
