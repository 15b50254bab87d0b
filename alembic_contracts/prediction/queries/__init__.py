"""What the names in a query mean: a query in, its columns, types, reads and calls out, or PostgreSQL's refusal.

lookup            a query -> its calls, every name looked up
analysis, dml     SELECT and data changes -> columns, types, what is read
expressions       an expression in a query -> its type (inference, coercion); literal_forms: what literals are read as
columns           a reference to a column, or to a whole row -> the columns that it uses
function_columns  a function in FROM -> the names of its columns
collations        an expression -> its collation, as far as it is written
calls             the functions that are called
ddl_expressions, constants          defaults, checks and index expressions of DDL
operator_classes, mutability        what cannot be a key of an index
"""
