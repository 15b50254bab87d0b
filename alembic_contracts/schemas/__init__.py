"""What a database looks like, as immutable values: observed, predicted or read from a snapshot.

schema            the values: Schema, Table, Column, Type, Constraint, Index ...
layers            the mappings in it: thousands of them that differ in little
remarks           texts of it that remember how PostgreSQL prints them
steps             the values: the schema after every operation of every revision; what is unproven
surroundings      the values: what there is around tables: names, ties, routines, where names lead
passing           a table -> those that its rows are stored in
uses              who uses a table, and how badly a difference hurts them
schema_json       Schema -> JSON and back
snapshots         a committed file -> Schema and back

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""
