-- Everything that a schema is made of, as one JSON document. PostgreSQL 14 to 18; reads pg_catalog and no user table.
--
-- Expressions (defaults, checks, views) are printed as the session's settings say: names are qualified according to
-- search_path, dates as DateStyle has it. So the settings are put aside for the statement and restored by it, locally to
-- the transaction, which changes nothing that outlives it. "quiet" is read before the document is made, and the document
-- is made (OFFSET 0 keeps it apart) before the settings are restored.
--
-- "wanted" is one of two queries, see observation.py: the tables that were named, or all of them. The planner takes the
-- array that it becomes for ten tables. Together with subqueries instead of joins this keeps planning, which would be
-- most of the time, at a tenth, and the estimated cost below what switches the slow just-in-time compiler on.
--
-- jsonb reaches columns of the catalog that older versions lack: "->> 'indnullsnotdistinct'" is null before 15.
-- What publications have only since 15 is taken out for 14, see observation.py.
-- 1259 is pg_class, 2606 pg_constraint and 2618 pg_rewrite: the oid of a catalog never changes.
WITH quiet AS MATERIALIZED (
    SELECT
        setting.name,
        pg_catalog.current_setting(setting.name) AS before,
        pg_catalog.set_config(setting.name, setting.value, true) AS value
    FROM (
        VALUES
            ('search_path', ''),
            ('DateStyle', 'ISO, YMD'),
            ('IntervalStyle', 'postgres'),
            ('TimeZone', 'UTC'),
            ('bytea_output', 'hex'),
            ('extra_float_digits', '1'),
            ('quote_all_identifiers', 'off')
    ) AS setting (name, value)
),

asked AS MATERIALIZED (
    SELECT c.*
    FROM pg_catalog.unnest(ARRAY(/* wanted */)) AS wanted (oid)
    INNER JOIN pg_catalog.pg_class AS c ON wanted.oid = c.oid
),

tables AS (
    SELECT
        pg_catalog.json_build_object(
            'name', pg_catalog.json_build_array(
                (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = asked.relnamespace), asked.relname
            ),
            'kind', asked.relkind,
            'persistence', asked.relpersistence,
            'columns', (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_object(
                            'name', a.attname,
                            'type', a.atttypid,
                            'modifier', CASE
                                WHEN a.atttypmod >= 0 THEN pg_catalog.format_type(a.atttypid, a.atttypmod)
                            END,
                            'dimensions', a.attndims,
                            'not_null', a.attnotnull,
                            'expression', CASE WHEN a.atthasdef THEN (
                                -- A table's name makes it wait for whoever has locked the table; defaults need none.
                                SELECT
                                    pg_catalog.pg_get_expr(
                                        d.adbin, CASE WHEN a.attgenerated = '' THEN 0::oid ELSE d.adrelid END
                                    )
                                FROM pg_catalog.pg_attrdef AS d
                                WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
                            ) END,
                            'identity', a.attidentity,
                            'generated', a.attgenerated,
                            'collation', CASE WHEN a.attcollation <> 0 THEN (
                                SELECT pg_catalog.json_build_array(n.nspname, l.collname)
                                FROM pg_catalog.pg_collation AS l
                                INNER JOIN pg_catalog.pg_namespace AS n ON l.collnamespace = n.oid
                                INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                                WHERE l.oid = a.attcollation AND l.oid <> t.typcollation
                            ) END,
                            'updatable', CASE
                                WHEN asked.relkind IN ('r', 'p') THEN true
                                WHEN asked.relkind = 'm' THEN false
                                -- A foreign table's wrapper may be without the code that could answer.
                                WHEN asked.relkind = 'f' AND NOT EXISTS (
                                    SELECT
                                    FROM pg_catalog.pg_foreign_table AS f
                                    INNER JOIN pg_catalog.pg_foreign_server AS s ON f.ftserver = s.oid
                                    INNER JOIN pg_catalog.pg_foreign_data_wrapper AS w ON s.srvfdw = w.oid
                                    WHERE f.ftrelid = asked.oid AND w.fdwhandler <> 0
                                ) THEN false
                                ELSE pg_catalog.pg_column_is_updatable(a.attrelid, a.attnum, false)
                            END,
                            'comment', (
                                SELECT d.description
                                FROM pg_catalog.pg_description AS d
                                WHERE d.objoid = a.attrelid AND d.classoid = 1259 AND d.objsubid = a.attnum
                            )
                        )
                        ORDER BY a.attnum
                    )
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = asked.oid AND a.attnum > 0 AND NOT a.attisdropped
            ),
            'constraints', (
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
                            'expression', CASE c.contype
                                WHEN 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid)
                                WHEN 'x' THEN pg_catalog.pg_get_constraintdef(c.oid)
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
                            'deferrable', c.condeferrable,
                            'initially_deferred', c.condeferred,
                            'valid', c.convalidated,
                            'nulls_not_distinct', CASE WHEN c.contype = 'u' THEN (
                                SELECT pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct'
                                FROM pg_catalog.pg_index AS i
                                WHERE i.indexrelid = c.conindid
                            ) END,
                            'no_inherit', c.connoinherit,
                            'inherited', c.coninhcount > 0,
                            'comment', (
                                SELECT d.description
                                FROM pg_catalog.pg_description AS d
                                WHERE d.objoid = c.oid AND d.classoid = 2606 AND d.objsubid = 0
                            )
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
            ),
            'indexes', CASE WHEN asked.relhasindex THEN (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_object(
                            'name', x.relname,
                            'key_columns', i.indnkeyatts,
                            'columns', (
                                SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
                                FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
                                LEFT JOIN pg_catalog.pg_attribute AS a
                                    ON a.attrelid = i.indrelid AND k.attnum = a.attnum AND a.attnum <> 0
                            ),
                            'expressions', CASE WHEN i.indexprs IS NOT NULL THEN (
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
                            'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
                            'nulls_not_distinct', pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct',
                            'constraint', (
                                SELECT c.conname
                                FROM pg_catalog.pg_constraint AS c
                                WHERE
                                    c.conrelid = i.indrelid
                                    AND c.conindid = i.indexrelid
                                    AND c.contype IN ('p', 'u', 'x')
                            ),
                            'comment', (
                                SELECT d.description
                                FROM pg_catalog.pg_description AS d
                                WHERE d.objoid = x.oid AND d.classoid = 1259 AND d.objsubid = 0
                            )
                        )
                        ORDER BY x.relname
                    )
                FROM pg_catalog.pg_index AS i
                INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
                WHERE i.indrelid = asked.oid
            ) END,
            'parents', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, p.relname) ORDER BY h.inhseqno)
                FROM pg_catalog.pg_inherits AS h
                INNER JOIN pg_catalog.pg_class AS p ON h.inhparent = p.oid
                INNER JOIN pg_catalog.pg_namespace AS n ON p.relnamespace = n.oid
                WHERE h.inhrelid = asked.oid
            ),
            'partition', asked.relispartition,
            'row_security', asked.relrowsecurity,
            'row_security_forced', asked.relforcerowsecurity,
            'replica_identity', asked.relreplident,
            'replica_index', CASE WHEN asked.relreplident = 'i' THEN (
                SELECT x.relname
                FROM pg_catalog.pg_index AS i
                INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
                WHERE i.indrelid = asked.oid AND i.indisreplident
            ) END,
            'grants', (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_array(
                            CASE WHEN g.grantee <> 0 THEN pg_catalog.pg_get_userbyid(g.grantee) ELSE 'PUBLIC' END,
                            g.privilege_type,
                            g.attname
                        )
                    )
                FROM (
                    SELECT
                        e.grantee,
                        e.privilege_type,
                        NULL::name AS attname
                    FROM pg_catalog.aclexplode(asked.relacl) AS e
                    UNION ALL
                    SELECT
                        e.grantee,
                        e.privilege_type,
                        a.attname
                    FROM pg_catalog.pg_attribute AS a
                    CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS e
                    WHERE a.attrelid = asked.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
                ) AS g
                WHERE g.grantee <> asked.relowner
            ),
            'publications', CASE WHEN asked.relkind IN ('r', 'p') AND asked.relpersistence = 'p' THEN (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_array(
                            p.pubname,
                            (
                                SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)
                                FROM pg_catalog.unnest(r.prattrs::int2[]) AS k (attnum)
                                INNER JOIN pg_catalog.pg_attribute AS a
                                    ON a.attrelid = asked.oid AND k.attnum = a.attnum
                            ),
                            pg_catalog.pg_get_expr(r.prqual, asked.oid)
                        )
                        ORDER BY p.pubname
                    )
                FROM pg_catalog.pg_publication AS p
                LEFT JOIN pg_catalog.pg_publication_rel AS r ON p.oid = r.prpubid AND asked.oid = r.prrelid
                WHERE
                    p.puballtables
                    OR r.prrelid IS NOT NULL
                    OR EXISTS (
                        SELECT
                        FROM pg_catalog.pg_publication_namespace AS s
                        WHERE s.pnpubid = p.oid AND s.pnnspid = asked.relnamespace
                    )
            ) END,
            'partition_key', CASE
                WHEN asked.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(asked.oid)
            END,
            'definition', CASE
                WHEN asked.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(asked.oid)
            END,
            'sources', CASE WHEN asked.relkind IN ('v', 'm') THEN (
                SELECT
                    pg_catalog.jsonb_agg(
                        DISTINCT pg_catalog.jsonb_build_array(n.nspname, s.relname, COALESCE(a.attname, ''))
                    )
                FROM pg_catalog.pg_rewrite AS r
                INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 2618 AND r.oid = d.objid
                INNER JOIN pg_catalog.pg_class AS s ON d.refobjid = s.oid
                INNER JOIN pg_catalog.pg_namespace AS n ON s.relnamespace = n.oid
                LEFT JOIN pg_catalog.pg_attribute AS a
                    ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND a.attnum <> 0
                WHERE r.ev_class = asked.oid AND d.refclassid = 1259 AND d.refobjid <> asked.oid
            ) END,
            'owner', pg_catalog.pg_get_userbyid(asked.relowner),
            'comment', (
                SELECT d.description
                FROM pg_catalog.pg_description AS d
                WHERE d.objoid = asked.oid AND d.classoid = 1259 AND d.objsubid = 0
            )
        ) AS document
    FROM asked
),

used AS MATERIALIZED (
    SELECT a.atttypid AS type
    FROM asked
    INNER JOIN pg_catalog.pg_attribute AS a ON asked.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT t.typbasetype
    FROM pg_catalog.pg_type AS t
    WHERE t.typtype = 'd'
    UNION
    SELECT a.atttypid
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid
    WHERE c.relkind = 'c' AND a.attnum > 0 AND NOT a.attisdropped
),

type_names AS (
    SELECT
        t.oid,
        pg_catalog.json_build_array(
            (
                SELECT n.nspname
                FROM pg_catalog.pg_namespace AS n
                WHERE n.oid = COALESCE(element.typnamespace, t.typnamespace)
            ),
            COALESCE(element.typname, t.typname),
            element.oid IS NOT NULL
        ) AS document
    FROM used
    INNER JOIN pg_catalog.pg_type AS t ON used.type = t.oid
    LEFT JOIN pg_catalog.pg_type AS element ON t.typelem = element.oid AND element.typarray = t.oid
),

types AS (
    SELECT
        pg_catalog.json_build_object(
            'name', pg_catalog.json_build_array(n.nspname, t.typname),
            'kind', t.typtype,
            'labels', CASE WHEN t.typtype = 'e' THEN (
                SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
                FROM pg_catalog.pg_enum AS e
                WHERE e.enumtypid = t.oid
            ) END,
            'base', CASE WHEN t.typtype = 'd' THEN pg_catalog.json_build_object(
                'type', t.typbasetype,
                'modifier', CASE
                    WHEN t.typtypmod >= 0 THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
                END,
                'dimensions', t.typndims
            ) END,
            'not_null', t.typnotnull,
            'default', CASE WHEN t.typtype = 'd' THEN pg_catalog.pg_get_expr(t.typdefaultbin, 0) END,
            'checks', CASE WHEN t.typtype = 'd' THEN (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_object(
                            'name', c.conname,
                            'expression', pg_catalog.pg_get_expr(c.conbin, 0),
                            'valid', c.convalidated
                        )
                        ORDER BY c.conname
                    )
                FROM pg_catalog.pg_constraint AS c
                WHERE c.contypid = t.oid AND c.contype = 'c'
            ) END,
            'fields', CASE WHEN t.typtype = 'c' THEN (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_object(
                            'name', a.attname,
                            'type', a.atttypid,
                            'modifier', CASE
                                WHEN a.atttypmod >= 0 THEN pg_catalog.format_type(a.atttypid, a.atttypmod)
                            END,
                            'dimensions', a.attndims
                        )
                        ORDER BY a.attnum
                    )
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
            ) END
        ) AS document
    FROM pg_catalog.pg_type AS t
    INNER JOIN pg_catalog.pg_namespace AS n ON t.typnamespace = n.oid
    WHERE
        n.nspname !~ '^pg_'
        AND CASE
            WHEN t.typtype IN ('e', 'd', 'r') THEN
                n.nspname <> 'information_schema' OR t.oid IN (SELECT used.type FROM used)
            WHEN t.typtype = 'c' THEN
                n.nspname <> 'information_schema' AND EXISTS (
                    SELECT
                    FROM pg_catalog.pg_class AS c
                    WHERE c.oid = t.typrelid AND c.relkind = 'c'
                )
            WHEN t.typtype = 'b' THEN
                (t.oid IN (SELECT used.type FROM used) OR t.typarray IN (SELECT used.type FROM used))
                -- Array types are base types themselves, which nobody would call types of their own.
                AND NOT EXISTS (
                    SELECT
                    FROM pg_catalog.pg_type AS element
                    WHERE element.oid = t.typelem AND element.typarray = t.oid
                )
            ELSE false
        END
)

SELECT
    made.document,
    (SELECT pg_catalog.count(pg_catalog.set_config(quiet.name, quiet.before, true)) FROM quiet) AS restored
FROM (
    SELECT
        pg_catalog.json_build_object(
            'catalog', pg_catalog.current_database(),
            'namespaces', (
                SELECT pg_catalog.json_agg(n.nspname)
                FROM pg_catalog.pg_namespace AS n
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            ),
            'sequences', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname))
                FROM pg_catalog.pg_class AS c
                INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
                WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
            ),
            'tables', (SELECT pg_catalog.json_agg(tables.document) FROM tables),
            'roles', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.rolname, r.rolsuper, r.rolinherit))
                FROM pg_catalog.pg_roles AS r
            ),
            'memberships', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.member, m.role))
                FROM (
                    SELECT
                        r.rolname AS member,
                        pg_catalog.pg_get_userbyid(a.roleid) AS role
                    FROM pg_catalog.pg_auth_members AS a
                    INNER JOIN pg_catalog.pg_roles AS r ON a.member = r.oid
                    WHERE COALESCE((pg_catalog.to_jsonb(a) ->> 'inherit_option')::boolean, r.rolinherit)
                    UNION ALL
                    SELECT
                        pg_catalog.pg_get_userbyid(d.datdba),
                        'pg_database_owner'
                    FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database()
                ) AS m
            ),
            'schema_usage', (
                SELECT
                    pg_catalog.json_agg(
                        DISTINCT pg_catalog.jsonb_build_array(
                            n.nspname,
                            CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) ELSE 'PUBLIC' END
                        )
                    )
                FROM pg_catalog.pg_namespace AS n
                CROSS JOIN LATERAL pg_catalog.aclexplode(
                    COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
                ) AS e
                WHERE
                    n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                    AND (e.privilege_type = 'USAGE' OR e.grantee = n.nspowner)
            ),
            'default_grants', (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_array(
                            pg_catalog.pg_get_userbyid(a.defaclrole),
                            (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = a.defaclnamespace),
                            CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) ELSE 'PUBLIC' END,
                            e.privilege_type
                        )
                    )
                FROM pg_catalog.pg_default_acl AS a
                CROSS JOIN LATERAL pg_catalog.aclexplode(a.defaclacl) AS e
                WHERE a.defaclobjtype = 'r' AND e.grantee <> a.defaclrole
            ),
            'publications', (
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.json_build_array(
                            p.pubname,
                            p.puballtables,
                            (
                                SELECT pg_catalog.json_agg(n.nspname)
                                FROM pg_catalog.pg_publication_namespace AS s
                                INNER JOIN pg_catalog.pg_namespace AS n ON s.pnnspid = n.oid
                                WHERE s.pnpubid = p.oid
                            )
                        )
                    )
                FROM pg_catalog.pg_publication AS p
            ),
            'type_names', (SELECT pg_catalog.json_object_agg(type_names.oid, type_names.document) FROM type_names),
            'types', (SELECT pg_catalog.json_agg(types.document) FROM types)
        )::text AS document
    FROM (SELECT pg_catalog.count(quiet.value) AS settings FROM quiet) AS ready
    WHERE ready.settings > 0
    OFFSET 0
) AS made
