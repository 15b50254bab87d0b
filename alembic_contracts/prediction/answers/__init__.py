"""A query in, the rows out that a script gets: a small evaluator over the catalog and the few rows that are known.

reader            a statement's effect -> the answer that the script gets (answer: the value)
rows              a table's name -> its rows, as far as scripts put them there
select, sources   SELECT and FROM -> columns and rows
evaluation        a scalar expression -> its value: operators, functions, casts, aggregates, comparisons, logic
register          one module a family of types: the functions and operators that are answered; overloads chooses
texts             a value -> its text and back, as the type's output and input functions have it
ordering          values -> their order, where collations agree
row_changes       INSERT, UPDATE, DELETE -> the known rows changed
system_relations  one module a schema: pg_catalog, information_schema
existence         a query -> whether it asks for no more than whether there are rows
definitions       an object -> what pg_get_... says of it
bindings, values, noticing, oids, hashable         what names, values and numbers are in between
deferred, elsewhere, type_modifiers                values of the catalog: put off, of the server's own, of types
"""
