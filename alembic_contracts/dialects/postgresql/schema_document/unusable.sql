-- The privileges on one relation ("asked" of tables.sql) that are of no use as a JSON array, a subquery of tables.sql: what a
-- view reads is closed to its owner or, by security_invoker, to who uses it; so is the sequence of a default.
SELECT
    pg_catalog.json_agg(
        pg_catalog.json_build_array(
            CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) ELSE 'PUBLIC' END,
            e.privilege_type,
            NULL
        )
    )
FROM pg_catalog.aclexplode(CASE WHEN asked.relkind IN ('v', 'r', 'p') THEN asked.relacl END) AS e
WHERE
    e.grantee <> asked.relowner
    AND e.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    AND CASE
        WHEN asked.relkind = 'v' THEN (
            SELECT
                CASE
                    WHEN e.privilege_type = 'SELECT' THEN pg_catalog.bool_or(NOT u.usable)
                    ELSE pg_catalog.bool_and(NOT u.usable)
                END
            FROM (
                SELECT
                    CASE
                        WHEN e.privilege_type = 'DELETE' THEN pg_catalog.has_table_privilege(w.who, d.refobjid, 'DELETE')
                        WHEN e.privilege_type = 'SELECT' AND d.refobjsubid > 0
                            THEN pg_catalog.has_column_privilege(w.who, d.refobjid, d.refobjsubid::int2, 'SELECT')
                        ELSE pg_catalog.has_any_column_privilege(w.who, d.refobjid, e.privilege_type)
                    END AS usable
                FROM pg_catalog.pg_rewrite AS r
                INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 2618 AND r.oid = d.objid
                CROSS JOIN LATERAL (
                    SELECT
                        CASE
                            WHEN EXISTS (
                                SELECT
                                FROM pg_catalog.pg_options_to_table(asked.reloptions) AS o
                                WHERE
                                    o.option_name = 'security_invoker'
                                    AND pg_catalog.lower(o.option_value) IN ('true', 'on', 'yes', '1', 't', 'y')
                            ) THEN e.grantee
                            ELSE asked.relowner
                        END AS who
                ) AS w
                WHERE
                    r.ev_class = asked.oid
                    AND r.rulename = '_RETURN'
                    AND d.refclassid = 1259
                    AND d.refobjid <> asked.oid
            ) AS u
        )
        WHEN e.privilege_type = 'INSERT' THEN EXISTS (
            SELECT
            FROM pg_catalog.pg_attrdef AS f
            INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 2604 AND f.oid = d.objid AND d.refclassid = 1259
            INNER JOIN pg_catalog.pg_class AS s ON d.refobjid = s.oid
            WHERE
                f.adrelid = asked.oid
                AND CASE
                    WHEN s.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(e.grantee, s.oid, 'USAGE, UPDATE')
                END
        )
        ELSE false
    END
