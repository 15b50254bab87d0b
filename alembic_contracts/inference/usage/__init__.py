"""A text of SQL in, the tables and columns of this database that it uses out, with the line of each.

texts             a file's text -> what PostgreSQL's grammar reads, placeholders and psql's commands taken out
notes             the uses of one text, collected
relations         the name of a relation -> a table of this database, one of the consumer's own, or the server's
columns           a name inside of a query -> the column that it stands for, noted as used
expressions       an expression -> the columns that its value comes from
result_columns    a query -> the columns that it yields, and where each comes from
changes           INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE
others            all other statements: those that define something, those that hold queries
bodies            the body of a function or a DO block -> the queries in it
reader            one statement -> its kind's part of the above
grammar           what a grammar does for those above; PostgreSQL's
other_grammars    those of warehouses, by sqlglot, which is imported when one is asked for; other_queries: their queries
"""
