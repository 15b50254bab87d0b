"""What consumers are seen to use in, a contract that says so out: nobody has to write the first one.

uses, asked       the values: uses with their places, and what could not be read; what a source is asked
queries, usage    texts of SQL and a schema -> uses: what several sources need; usage: its parts
metadata          an application's SQLAlchemy models -> the tables and columns that it reads and writes
sources           one module a source, found by itself: queries, a dbt project, models ... -> uses
drafts            uses and a schema -> what a contract states of each table and column, in no format yet
regeneration      a contract as it would be anew and the one that is there -> what is written, with people's changes
files             a draft and the files that are there -> the files that are written

A source knows nothing of contracts, and what writes them nothing of sources.
"""
