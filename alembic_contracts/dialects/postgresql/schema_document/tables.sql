-- Parts of whole.sql: "asked", the relations that are wanted, and "tables", one JSON object for each of them.
--
-- PostgreSQL prints some definitions under a lock on the relation, and waits for whoever has locked it. So these are left
-- out, null in the document, where somebody else has ("hindered"): everything else is read without any lock.
--
-- "wanted" is one of two queries, see observation.py: the tables that were named, or all of them. The planner takes the
-- array that it becomes for ten tables. Together with subqueries instead of joins this keeps planning, which would be
-- most of the time, at a tenth, and the estimated cost below what switches the slow just-in-time compiler on. So what
-- columns.sql, constraints.sql and indexes.sql hold are subqueries of one table, not queries of all.
wanted AS MATERIALIZED (
    SELECT name.oid FROM pg_catalog.unnest(ARRAY(/* wanted */)) AS name (oid)
),

/* locks.sql */

asked AS MATERIALIZED (
    SELECT
        c.*,
        c.oid NOT IN (SELECT hindered.oid FROM hindered) AS printable
    FROM wanted
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
                /* columns.sql */
            ),
            'constraints', (
                /* constraints.sql */
            ),
            'indexes', /* if indexes */ CASE WHEN asked.relhasindex THEN (
                /* indexes.sql */
            ) END /* end */,
            'parents', /* if rest */ (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, p.relname) ORDER BY h.inhseqno)
                FROM pg_catalog.pg_inherits AS h
                INNER JOIN pg_catalog.pg_class AS p ON h.inhparent = p.oid
                INNER JOIN pg_catalog.pg_namespace AS n ON p.relnamespace = n.oid
                WHERE h.inhrelid = asked.oid
            ) /* end */,
            'partition', asked.relispartition,
            'bounds', /* if partitions */ CASE WHEN asked.relispartition THEN (
                -- Without a table's name printing takes no lock, and bounds have none in them.
                -- Other partitions are looked at for a default one alone. LIMIT, as each has one parent: without it the
                -- planner goes through all of pg_inherits for each partition.
                SELECT
                    pg_catalog.json_agg(
                        pg_catalog.concat(
                            CASE WHEN b.oid <> h.inhrelid THEN 'not ' END,
                            pg_catalog.pg_get_expr(b.relpartbound, 0::oid),
                            ' by column ',
                            k.partattrs
                        )
                    )
                FROM pg_catalog.pg_partition_ancestors(asked.oid) AS part (relid)
                CROSS JOIN LATERAL (
                    SELECT
                        i.inhrelid,
                        i.inhparent
                    FROM pg_catalog.pg_inherits AS i
                    WHERE i.inhrelid = part.relid
                    LIMIT 1
                ) AS h
                INNER JOIN pg_catalog.pg_partitioned_table AS k ON h.inhparent = k.partrelid
                CROSS JOIN LATERAL (
                    SELECT h.inhrelid AS relid
                    WHERE k.partdefid <> h.inhrelid
                    UNION ALL
                    SELECT other.inhrelid AS relid
                    FROM pg_catalog.pg_inherits AS other
                    WHERE k.partdefid = h.inhrelid AND k.partrelid = other.inhparent AND other.inhrelid <> h.inhrelid
                ) AS bound
                INNER JOIN pg_catalog.pg_class AS b ON bound.relid = b.oid
            ) END /* end */,
            'default_partition', /* if partitions */ asked.relispartition AND EXISTS (
                SELECT
                FROM pg_catalog.pg_partitioned_table AS k
                WHERE k.partdefid = asked.oid
            ) /* else */ false /* end */,
            'partition_bounds', /* if partitions */ CASE WHEN asked.relkind = 'p' THEN (
                SELECT pg_catalog.json_agg(pg_catalog.pg_get_expr(p.relpartbound, 0::oid))
                FROM pg_catalog.pg_inherits AS h
                INNER JOIN pg_catalog.pg_class AS p ON h.inhrelid = p.oid
                WHERE h.inhparent = asked.oid
            ) END /* end */,
            'options', CASE WHEN asked.relkind = 'v' THEN asked.reloptions END,
            'taken', /* if views */ CASE WHEN asked.relkind = 'v' THEN (
                SELECT pg_catalog.json_agg(e.event)
                FROM (VALUES ('UPDATE', 16, '2'), ('INSERT', 4, '3'), ('DELETE', 8, '4')) AS e (event, bit, rule)
                WHERE
                    EXISTS (
                        SELECT
                        FROM pg_catalog.pg_trigger AS t
                        WHERE t.tgrelid = asked.oid AND t.tgtype & 64 <> 0 AND t.tgtype & e.bit <> 0
                    )
                    OR EXISTS (
                        SELECT
                        FROM pg_catalog.pg_rewrite AS r
                        WHERE r.ev_class = asked.oid AND r.ev_type::text = e.rule AND r.is_instead AND r.ev_qual = '<>'
                    )
            ) END /* end */,
            'row_security', asked.relrowsecurity,
            'row_security_forced', asked.relforcerowsecurity,
            'replica_identity', asked.relreplident,
            'replica_index', CASE WHEN asked.relreplident = 'i' THEN (
                SELECT x.relname
                FROM pg_catalog.pg_index AS i
                INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
                WHERE i.indrelid = asked.oid AND i.indisreplident
            ) END,
            'grants', /* if grants */ (
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
            ) /* end */,
            'unusable', /* if grants */ (
                /* unusable.sql */
            ) /* end */,
            'publications', /* if publications */ CASE WHEN asked.relkind IN ('r', 'p') AND asked.relpersistence = 'p' THEN (
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
                            CASE WHEN asked.printable THEN pg_catalog.pg_get_expr(r.prqual, asked.oid) END
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
            ) END /* end */,
            'published_above', /* if publications */ CASE WHEN asked.relispartition THEN (
                SELECT pg_catalog.json_agg(DISTINCT p.pubname)
                FROM pg_catalog.pg_partition_ancestors(asked.oid) AS part (relid)
                INNER JOIN pg_catalog.pg_class AS a ON part.relid = a.oid
                CROSS JOIN pg_catalog.pg_publication AS p
                WHERE
                    a.oid <> asked.oid
                    AND (
                        p.puballtables
                        OR EXISTS (
                            SELECT
                            FROM pg_catalog.pg_publication_rel AS r
                            WHERE p.oid = r.prpubid AND a.oid = r.prrelid
                        )
                        OR EXISTS (
                            SELECT
                            FROM pg_catalog.pg_publication_namespace AS s
                            WHERE s.pnpubid = p.oid AND s.pnnspid = a.relnamespace
                        )
                    )
            ) END /* end */,
            'partition_key', /* if partitions */ CASE WHEN asked.relkind = 'p' THEN COALESCE(
                /* if rest */ CASE WHEN asked.printable THEN pg_catalog.pg_get_partkeydef(asked.oid) END /* end */,
                -- Printing takes a lock, so columns alone are put together.
                (
                    SELECT
                        pg_catalog.concat(
                            CASE k.partstrat WHEN 'r' THEN 'RANGE' WHEN 'l' THEN 'LIST' ELSE 'HASH' END,
                            ' (',
                            pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY p.number),
                            ')'
                        )
                    FROM pg_catalog.pg_partitioned_table AS k
                    CROSS JOIN LATERAL pg_catalog.unnest(k.partattrs::int2[]) WITH ORDINALITY AS p (attnum, number)
                    INNER JOIN pg_catalog.pg_attribute AS a ON k.partrelid = a.attrelid AND p.attnum = a.attnum
                    WHERE k.partrelid = asked.oid AND k.partexprs IS NULL
                    GROUP BY k.partstrat
                )
            ) END /* end */,
            'definition', /* if rest */ CASE
                WHEN asked.relkind IN ('v', 'm') AND asked.printable THEN pg_catalog.pg_get_viewdef(asked.oid)
            END /* end */,
            'sources', /* if rest */ /* if views */ CASE WHEN asked.relkind IN ('v', 'm') THEN (
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
                WHERE
                    r.ev_class = asked.oid
                    AND r.rulename = '_RETURN'
                    AND d.refclassid = 1259
                    AND d.refobjid <> asked.oid
            ) END /* end */ /* end */,
            'owner', pg_catalog.pg_get_userbyid(asked.relowner),
            'comment', /* if rest */ (
                SELECT d.description
                FROM pg_catalog.pg_description AS d
                WHERE d.objoid = asked.oid AND d.classoid = 1259 AND d.objsubid = 0
            ) /* end */
        ) AS document
    FROM asked
),
