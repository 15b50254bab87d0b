"""PostgreSQL's grammar, and what belongs to the text of SQL alone.

parser            text -> parse tree (the only module that knows the library)
table_texts       a CREATE TABLE as SQLAlchemy writes it -> parse tree, of elements that were parsed before
system            what PostgreSQL brings along; data: its tables
sqlstate          PostgreSQL's errors
transaction_ends  a text -> where in it a transaction ends
named_objects     a statement -> the names of the objects that it uses, makes and takes away
statement_kinds   a kind of statement -> what it can do to tables at most
overload_choice   overloads that fit a call -> those that PostgreSQL prefers
failing           an expression -> whether it may fail for some values, and with which errors
mentions          an expression's text -> the columns, sequences, functions, types in it
spelling          the users' names in a text that PostgreSQL prints -> the text with others
view_options      what is said in WITH (...) of a view -> its options
scopes            a name in a query -> what it stands for
column_names      an expression without alias -> its column's name
"""
