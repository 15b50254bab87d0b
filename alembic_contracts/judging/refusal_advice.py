"""Why a script could not be followed in, where the database would refuse it what to do about the migration out."""

from __future__ import annotations

import re

from alembic_contracts.schemas.steps import refusal

__all__ = ["advice"]

_ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"where Alembic marks the revision",
        (
            "let the script put search_path back at its end, or use SET LOCAL in a savepoint; or give "
            "context.configure() a version_table_schema."
        ),
    ),
    (
        r"no schema has been selected to create in, where Alembic makes its version table",
        (
            "create a schema that search_path names, set search_path otherwise (ALTER DATABASE or ROLE ... SET), or "
            "give context.configure() a version_table_schema."
        ),
    ),
    (
        r"(?i)no support for ALTER of constraints|near \"(alter|add|constraint|set|type|using)\": syntax error",
        "SQLite cannot alter this: do it in `with op.batch_alter_table(...) as batch:`, which works on every database.",
    ),
    (
        r"Cannot add a (NOT NULL|UNIQUE|PRIMARY KEY) column|non-constant default|cannot add a STORED column",
        (
            "SQLite adds no such column to a table that is there: give it a constant server_default, or add it in "
            '`with op.batch_alter_table(..., recreate="always") as batch:`.'
        ),
    ),
    (r"error in (view|trigger) ", "drop the view or trigger before the table is made anew, and make it again after."),
    (
        r"cannot drop (PRIMARY KEY|UNIQUE) column|error in (index|table) .* after drop column",
        "drop the index or key that has it before, or drop it in `with op.batch_alter_table(...) as batch:`.",
    ),
    (
        r"already exists|is already in use|duplicate column name|Duplicate column name",
        (
            "it is there already, although {revision} is still to run. Was the database stamped back, is the "
            "downgrade() of {revision} empty, or does something else than the scripts make it? Where the database is "
            "further than its version table says, `alembic stamp` sets that right. Contracts cannot be judged until "
            "then."
        ),
    ),
    (
        r"because other objects depend on it|requires it$|used by a (view|generated column)|used in a \w+ definition",
        "drop what depends on it before, and make it again after.",
    ),
    (r"cannot run inside a transaction block", "put it into `with op.get_context().autocommit_block():`."),
    (
        r"unsafe use of new value",
        (
            "a new label can be used once it is committed: put ALTER TYPE ... ADD VALUE into `with "
            "op.get_context().autocommit_block():`."
        ),
    ),
    (
        r"cannot be cast automatically",
        "say how the values are converted: postgresql_using=..., and drop the default before.",
    ),
    (r"cannot cast type", "PostgreSQL has no such cast; between enums the way is by text (USING a::text::new_type)."),
    (
        r"transaction is aborted|without a savepoint",
        "put what may fail into `with op.get_bind().begin_nested():`, or ask sa.inspect() before.",
    ),
    (r"has no default operator class", "index an expression (jsonb instead of json), or name an operator class."),
    (r"IMMUTABLE|not immutable", "what is stored must not depend on settings: for timestamptz, name a time zone."),
    (
        r"operator does not exist",
        "a check, an index or a default compares the old type: drop it before, and make it again for the new one.",
    ),
    (
        r"still names$",
        (
            "Alembic copies a CHECK as it is written: drop it in the same batch (drop_constraint), and create it again "
            "with the new name (create_check_constraint)."
        ),
    ),
    (
        r": role .* does not exist",
        (
            "roles are the server's, and no dump of a database has them: have it made there (CREATE ROLE) before the "
            "migration runs, or in a revision before this one; or name one that is there."
        ),
    ),
    (
        r"does not exist|doesn't exist|[Nn]o such (table|column|index|view|trigger|constraint)",
        (
            "it is not there: has an earlier revision renamed or dropped it, or does something else than the scripts "
            "make it (create_all, an extension, a dump)? Without a database, a snapshot can be where to start from."
        ),
    ),
)

_OF_TRANSACTIONS = (
    "leave commits to Alembic; what has to be outside of its transaction goes into `with "
    "op.get_context().autocommit_block():`, and is committed before and after that."
)


_OF_READING = "leave the setting out: by default PostgreSQL reads what is executed as it is read here."


def advice(reason: str, revision: str | None) -> str | None:
    """Return what to do about a migration that the real run does not bring to its end, or reads otherwise; or None."""
    if "ends Alembic's own transaction" in reason:
        return _OF_TRANSACTIONS
    if "may be read in another way" in reason:
        return _OF_READING
    if refusal(reason) is None:
        return None
    for pattern, text in _ADVICE:
        if re.search(pattern, reason):
            known = revision is not None and re.fullmatch(r"[\w.-]+", revision) is not None
            return text.format(revision=revision if known else "the revision")
    return "`upgrade` fails there: mend the script."
