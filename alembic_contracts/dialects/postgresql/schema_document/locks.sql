-- Parts of tables.sql: "locked", what others have locked so that nobody may look at it, and "hindered", the wanted
-- relations that cannot be printed therefore: they are locked, or views of what is.
--
-- Who has a lock on a relation is not hindered by those who wait for theirs.
locked AS MATERIALIZED (
    SELECT
        l.relation AS oid,
        COALESCE(l.pid, 0) AS pid
    FROM pg_catalog.pg_locks AS l
    INNER JOIN pg_catalog.pg_database AS d ON l.database = d.oid AND d.datname = pg_catalog.current_database()
    WHERE
        l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation >= 16384
        AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
        AND (
            l.granted
            OR NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_locks AS mine
                WHERE
                    mine.relation = l.relation AND mine.database = l.database
                    AND mine.pid = pg_catalog.pg_backend_pid() AND mine.granted
            )
        )
),

uses AS MATERIALIZED (
    WITH RECURSIVE uses AS (
        SELECT
            wanted.oid,
            wanted.oid AS used
        FROM wanted
        WHERE EXISTS (SELECT FROM locked)
        UNION
        SELECT
            uses.oid,
            d.refobjid
        FROM uses
        INNER JOIN pg_catalog.pg_rewrite AS r ON uses.used = r.ev_class
        INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 2618 AND r.oid = d.objid AND d.refclassid = 1259
    )

    SELECT * FROM uses
),

hindered AS MATERIALIZED (
    SELECT DISTINCT
        uses.oid,
        locked.oid AS locked,
        locked.pid
    FROM uses
    INNER JOIN locked ON uses.used = locked.oid
),
