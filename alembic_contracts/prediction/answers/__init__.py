"""A query in, the rows out that a script gets: a small evaluator over the catalog and the few rows that are known.

reader            a statement's effect -> the answer that the script gets (answer: the value)
rows              a table's name -> its rows, as far as scripts put them there
select, sources   SELECT and FROM -> columns and rows
evaluation        a scalar expression -> its value: operators, functions, casts, aggregates
row_changes       INSERT, UPDATE, DELETE -> the known rows changed
system_relations  one module a schema: pg_catalog, information_schema
definitions       an object -> what pg_get_... says of it
bindings, values, oids, hashable   what names, values and numbers are in between
"""
