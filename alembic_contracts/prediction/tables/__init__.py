"""Parts of tables as CREATE TABLE and ALTER TABLE write them in, the catalog's table with them out.

columns, constraints, keys, foreign_keys, not_null, indexes, defaults   one part each
inheritance, like                   what a table takes from another one
from_query        a query -> the table made of it
"""
