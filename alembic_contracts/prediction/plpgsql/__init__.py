"""PL/pgSQL, the language of DO blocks and most functions: its text in, what it does to the catalog out.

tokens, grammar, simple_statements   text -> tree (the values)
machine, embedded_sql                tree -> the catalog changed; frame: variables and their values
known_values      an expression -> its value, or UNKNOWN
templates         an EXECUTE's expression -> its text with placeholders
reach             a statement, block or function -> the tables that it could change at most
altering          a catalog -> which functions may change tables; a change of rows -> which triggers run one
row_changes       a statement -> the tables whose rows it may change
function_calls    a call -> the function's body done
indirect_calls    a statement -> doubts about functions that run with it, or later
conditions, row_dependence           error conditions; which statements rows can make fail
unchecked         which statements may be wrong in ways that are not looked at

What runs blocks, and what is asked of errors that are let pass, is imported when there are any: few scripts have some.
"""
