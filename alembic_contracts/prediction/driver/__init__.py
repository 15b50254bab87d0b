"""What stands where a database driver would: a DBAPI and a dialect that send nothing, reflection, errors.

dbapi             connections and cursors (PEP 249); failures: its exceptions; literals: parameters
manners           a driver's name -> what it does otherwise than its like
recording_dialect the SQLAlchemy dialect over it
reflection        what inspect() and autoload ask -> answers from the catalog
descriptions, sqlalchemy_types      parts of those answers
shown_texts, unknown_text           texts as the server prints them, or strings that tell when they are looked at
"""
