-- A part of surroundings.sql: "routines", users' functions and procedures, and "routine_uses", where each may run without
-- being called by a statement: triggers, event triggers, and expressions of tables, views, rules and policies. What
-- extensions bring along runs no DDL by itself and is left out.
routines AS (
    SELECT p.oid, n.nspname, p.proname, l.lanname, p.prosrc, p.prosqlbody IS NOT NULL AS has_sql_body
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.prokind IN ('f', 'p')
      AND l.lanname NOT IN ('internal', 'c')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (
          SELECT 1 FROM pg_catalog.pg_depend e
          WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e'
      )
),
routine_uses AS (
    SELECT r.oid, t.tgrelid AS relation, 'trigger' AS how
    FROM routines r JOIN pg_catalog.pg_trigger t ON t.tgfoid = r.oid
    UNION
    SELECT r.oid, w.ev_class, 'trigger'  -- of a table that a rule of another one writes to
    FROM routines r
    JOIN pg_catalog.pg_trigger t ON t.tgfoid = r.oid
    JOIN pg_catalog.pg_depend d
      ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = t.tgrelid
     AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.ev_type <> '1'
    UNION
    SELECT r.oid, 0, 'event trigger'
    FROM routines r JOIN pg_catalog.pg_event_trigger t ON t.evtfoid = r.oid
    UNION
    SELECT r.oid,
           CASE d.classid
               WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                   THEN (SELECT a.adrelid FROM pg_catalog.pg_attrdef a WHERE a.oid = d.objid)
               WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass
                   THEN (SELECT c.conrelid FROM pg_catalog.pg_constraint c WHERE c.oid = d.objid)
               WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                   THEN (SELECT w.ev_class FROM pg_catalog.pg_rewrite w WHERE w.oid = d.objid)
               WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass
                   THEN (SELECT y.polrelid FROM pg_catalog.pg_policy y WHERE y.oid = d.objid)
               WHEN 'pg_catalog.pg_class'::pg_catalog.regclass
                   THEN coalesce((SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = d.objid), d.objid)
               ELSE 0  -- operators, casts, aggregates, domains: wherever these are used
           END,
           'expression'
    FROM routines r
    JOIN pg_catalog.pg_depend d
      ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = r.oid AND d.deptype <> 'e'
    WHERE d.classid NOT IN (
        'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass,
        'pg_catalog.pg_event_trigger'::pg_catalog.regclass
    )
),
