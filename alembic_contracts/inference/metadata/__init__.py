"""An application's SQLAlchemy models in, the tables and columns that it reads and writes out, with their lines.

tables            the values: tables as models have them
made              modules while they are imported -> which mappers and tables are made, and where
places            a class or a table -> the line that a column is written on
describing        MetaData, and what was watched -> tables
contained         a function that runs code of others -> what it returned, or why it did not
failures          what code of others raised -> one line that says so
interpreters      a module of ours and a question -> its answer, from an interpreter of its own
asked_module      the module that answers for `infer models`: a module's name -> tables

Code of others runs in a process of its own that reaches no database, no network and no file.
"""
