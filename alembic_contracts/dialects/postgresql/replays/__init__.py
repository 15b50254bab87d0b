"""What a replay on a scratch PostgreSQL shows of another server, and what only of itself.

workings          a connection -> everything that runs code or has a say in it, beside what a ``Schema`` shows
restoration       a connection -> its schema in an empty database of a scratch server (pg_dump)
repeated_looks    a connection, tables -> their ``Schema``, whenever it is asked for
witness           a connection -> the parse trees of all that it executes, nested statements included
parse_trees       one parse tree as the server prints it -> ``Tree``
reliance          trees -> what they read that another server may have otherwise: rows, clock, settings, roles
"""
