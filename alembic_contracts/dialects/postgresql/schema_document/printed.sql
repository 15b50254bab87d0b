-- Whether something of a relation ("c", of pg_class) is printed under a lock: a condition of hindered.sql and
-- fingerprints.sql. "printed" in surroundings.sql asks the same of all relations at once.
    c.relkind IN ('p', 'v', 'm', 'f')
    OR EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attgenerated <> '' AND NOT a.attisdropped
    )
    OR EXISTS (
        SELECT
        FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x')
    )
    OR EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    )
    OR /* if publications */ EXISTS (
        SELECT
        FROM pg_catalog.pg_publication_rel AS r
        WHERE r.prrelid = c.oid AND r.prqual IS NOT NULL
    ) /* else */ false /* end */
