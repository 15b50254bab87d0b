"""The state in memory: what PostgreSQL's catalog would hold, and who finds, renames, removes and undoes in it.

catalog           the value that everybody reads: a schema in, what is there now out
state, journal    what it holds, and how that is undone; unread: what was not read of the baseline
snapshots         the tables and types now, as a ``Schema``, with what rows of the tables asked for get into
operators         those of users' own, by name
traits            what is noted of a baseline with objects of which nothing else is kept
table_changes     a table before and after -> the parts that it lost and got; ties: what follows from all tables
uncertainty       what the server may have otherwise, as something unknown has decided about it
transactions      BEGIN, COMMIT, ROLLBACK, SAVEPOINT
execution         one statement while it is applied; doubts: what it may be instead of understood
relations, type_names, user_types   a written name -> the object
generated_names   the names that PostgreSQL makes up
object_names      what messages call an object
new_names, dependencies, removal    renaming and dropping, with all that mentions or depends
unseen_users      what is dropped -> a doubt where something that is not held may depend on it
pending_events    changes of rows -> the tables that cannot be altered before COMMIT
functional_dependencies             a view that groups by a table's key
stored_texts      the expressions in a table or type -> others
partition_bounds  a table that becomes a partition, or is none any more -> which rows it takes
access, publishing                  owners, roles, grants and publications
"""
