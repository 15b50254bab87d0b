"""What is noted of an observed database that has objects of which nothing else is kept: the names of those notes."""

from __future__ import annotations

__all__ = ["HANGING", "HIDDEN", "IN_SCHEMA", "ROW_WRITERS", "SQL_BODY"]

HIDDEN = "functions, operators and the like"
"""The trait of a database that has some of which nothing is kept but this."""
HANGING = "triggers, rules and policies"
"""The same of these."""
ROW_WRITERS = "functions that change rows"
"""The same of these."""
SQL_BODY = "a body of SQL"
"""The trait of a database in which a function has one."""
IN_SCHEMA = "in the schema"
"""The trait of a schema with collations, operators and other objects of which nothing is kept but this."""
