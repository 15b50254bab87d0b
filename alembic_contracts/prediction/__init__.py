"""Version scripts in, the schemas that they lead to out, without a database: see ``scripts.predict``.

    sql               PostgreSQL's grammar, and what belongs to text
    containment       code of others, run in a process of its own
    catalog           the state in memory
    queries           what the names in a query mean
    printing          how PostgreSQL prints what is stored
    answers           the rows that a query gets
    plpgsql           blocks and functions
    tables            parts of tables, as DDL writes them
    statements        one module a kind of statement: SQL -> the catalog changed
    driver            a DBAPI, dialect and reflection that send nothing
    scripts           version scripts run on that driver

Each imports from those above it alone; `driver` and `statements` do not know each other.

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""
