-- Everything that a schema is made of, as one JSON document. PostgreSQL 14 to 18; reads pg_catalog and no user table.
-- queries.py puts the files that are named in comments in their places, and takes out what is not asked for (from "if" to
-- "end", for which what follows "else" comes in, or NULL): one statement, so one state of the catalog. It is planned anew
-- each time, which is most of what it costs: by the number of relations in it.
--
-- Expressions (defaults, checks, views) are printed as the session's settings say: names are qualified according to
-- search_path, dates as DateStyle has it. So the settings are put aside for the statement and restored by it, locally to
-- the transaction, which changes nothing that outlives it. "quiet" is read before the document is made, and the document
-- is made (OFFSET 0 keeps it apart) before the settings are restored.
--
-- What waits for a lock all the same, because somebody was faster, does so for a moment: observation.py tries again.
--
-- jsonb reaches columns of the catalog that older versions lack: "->> 'indnullsnotdistinct'" is null before 15.
-- What publications have only since 15 is taken out for 14, see queries.py.
-- 1259 is pg_class, 2606 pg_constraint and 2618 pg_rewrite: the oid of a catalog never changes.
WITH quiet AS MATERIALIZED (
    SELECT
        setting.name,
        pg_catalog.current_setting(setting.name) AS before,
        pg_catalog.set_config(setting.name, setting.value, true) AS value
    FROM (
        VALUES
            ('lock_timeout', '100ms'),
            ('search_path', ''),
            ('DateStyle', 'ISO, YMD'),
            ('IntervalStyle', 'postgres'),
            ('TimeZone', 'UTC'),
            ('bytea_output', 'hex'),
            ('extra_float_digits', '1'),
            ('quote_all_identifiers', 'off')
    ) AS setting (name, value)
),

/* tables.sql */

/* types.sql */

SELECT
    made.document,
    (SELECT pg_catalog.count(pg_catalog.set_config(quiet.name, quiet.before, true)) FROM quiet) AS restored
FROM (
    SELECT
        pg_catalog.json_build_object(
            'catalog', pg_catalog.current_database(),
            'namespaces', /* if rest */ (
                SELECT pg_catalog.json_agg(n.nspname)
                FROM pg_catalog.pg_namespace AS n
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            ) /* end */,
            'sequences', /* if all tables */ (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname))
                FROM pg_catalog.pg_class AS c
                INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
                WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
            ) /* end */,
            'tables', (SELECT pg_catalog.json_agg(tables.document) FROM tables),
            'hindered', (
                /* hindered.sql */
            ),
            'roles', /* if grants */ (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(r.rolname, r.rolsuper, r.rolinherit))
                FROM pg_catalog.pg_roles AS r
            ) /* end */,
            'memberships', /* if grants */ (
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
            ) /* end */,
            'schema_usage', /* if grants */ (
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
            ) /* end */,
            'default_grants', /* if grants */ (
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
            ) /* end */,
            'publications', /* if publications */ (
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
                            ),
                            pg_catalog.json_build_object(
                                'insert', p.pubinsert,
                                'update', p.pubupdate,
                                'delete', p.pubdelete,
                                'truncate', p.pubtruncate
                            ),
                            p.pubviaroot,
                            pg_catalog.to_jsonb(p) ->> 'pubgencols' = 's'
                        )
                    )
                FROM pg_catalog.pg_publication AS p
            ) /* end */,
            'fingerprints', /* if fingerprints */ (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(f.nspname, f.relname, f.fingerprint))
                FROM (
                    /* fingerprints.sql */
                ) AS f
            ) /* end */,
            'type_names', (SELECT pg_catalog.json_object_agg(type_names.oid, type_names.document) FROM type_names),
            'types', (SELECT pg_catalog.json_agg(types.document) FROM types)
        )::text AS document
    FROM (SELECT pg_catalog.count(quiet.value) AS settings FROM quiet) AS ready
    WHERE ready.settings > 0
    OFFSET 0
) AS made
