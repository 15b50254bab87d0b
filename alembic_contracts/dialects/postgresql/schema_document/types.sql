-- Three parts of whole.sql: "used", the types that "asked" of tables.sql and other types have, "type_names", what all
-- of these are called, and "types", one JSON object for each type that users created or extensions brought.
used AS MATERIALIZED (
    /* if all types */
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
    /* else */
    -- The planner takes arrays for ten rows, where it would expect thousands from what they are made of.
    SELECT part.oid AS type
    FROM pg_catalog.unnest(
        ARRAY(
            WITH RECURSIVE parts AS (
                SELECT first.oid
                FROM
                    pg_catalog.unnest(
                        ARRAY(
                            SELECT a.atttypid
                            FROM asked
                            INNER JOIN pg_catalog.pg_attribute AS a ON asked.oid = a.attrelid
                            WHERE a.attnum > 0 AND NOT a.attisdropped
                            UNION
                            SELECT t.oid
                            FROM pg_catalog.pg_type AS t
                            WHERE
                                t.typname = ANY(
                                    ARRAY(
                                        SELECT stated.name::name
                                        FROM pg_catalog.json_array_elements_text(CAST(:types AS pg_catalog.json))
                                            AS stated (name)
                                    )
                                )
                                AND t.typtype IN ('e', 'd', 'c', 'r')
                        )
                    ) AS first (oid)
                UNION
                SELECT inner_part.oid
                FROM parts
                INNER JOIN pg_catalog.pg_type AS t ON parts.oid = t.oid
                CROSS JOIN LATERAL (
                    VALUES (t.typelem), (t.typbasetype)
                    UNION ALL
                    SELECT a.atttypid
                    FROM pg_catalog.pg_attribute AS a
                    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                ) AS inner_part (oid)
                WHERE inner_part.oid <> 0
            )

            SELECT parts.oid FROM parts
        )
    ) AS part (oid)
    /* end */
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
    FROM pg_catalog.unnest(
        ARRAY(
            SELECT used.type FROM used
            /* if all types */
            UNION
            SELECT t.typelem FROM used INNER JOIN pg_catalog.pg_type AS t ON used.type = t.oid
            UNION
            SELECT t.oid FROM pg_catalog.pg_type AS t WHERE t.typtype IN ('e', 'd', 'r')
            UNION
            SELECT c.reltype FROM pg_catalog.pg_class AS c WHERE c.relkind = 'c'
            /* else */
            /* end */
        )
    ) AS candidate (oid)
    INNER JOIN pg_catalog.pg_type AS t ON candidate.oid = t.oid
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
