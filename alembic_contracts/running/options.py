"""The options of ``check``, said once for both of its command lines (argparse in Alembic's, click in ours)."""

from __future__ import annotations

import os
from typing import NamedTuple

__all__ = [
    "BASE",
    "CHECK",
    "COLOR",
    "DATABASE",
    "DESCRIPTION",
    "DIALECT",
    "EXAMPLES",
    "FORMATS",
    "FROM",
    "NO_EXEC",
    "OFFLINE",
    "OUTPUT",
    "QUIET",
    "RELEASE",
    "SHADOW",
    "SUMMARY",
    "TO",
    "VERBOSE",
    "Option",
]

FORMATS = tuple(
    sorted(
        file.removesuffix(".py")
        for file in os.listdir(os.path.join(os.path.dirname(__file__), os.pardir, "reporters"))  # noqa: PTH118, PTH120, PTH208
        if file.endswith(".py") and not file.startswith("_")
    )
)
"""One module a format; their names are looked up without importing any, for the sake of every other command."""


class Option(NamedTuple):
    """One option. ``metavar`` is None for a flag; ``choices`` is empty where any text will do."""

    flag: str
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    repeated: bool = False


OFFLINE = Option("--offline", "Use no database: predict the whole history from an empty one.")
SHADOW = Option(
    "--shadow", "Replay the history on a scratch PostgreSQL and observe: exact where a prediction has doubts."
)
NO_EXEC = Option(
    "--no-exec",
    "Run no version script: operations whose arguments are written out are known, all else is unproven.",
)
FROM = Option("--from", "Start from this revision instead of the database's own, its schema predicted.", "REV")
TO = Option("--to", "Judge the schema at this revision (default: heads).", "REV")
BASE = Option(
    "--base",
    "Hold the migrations to the contracts at this git ref, too: what a branch takes out of them counts.",
    "REF",
)
RELEASE = Option(
    "--release",
    "Hold the migrations to what the application at this git ref reads and writes, by its models; may be repeated.",
    "REF",
    repeated=True,
)
DIALECT = Option(
    "--dialect",
    "With --offline: do not run env.py, which may import the application; the version scripts are for this database.",
    "NAME",
    ("postgresql", "sqlite"),
)
DATABASE = Option(
    "--database", "The one to look at where env.py migrates several, as env.py or its URL names it.", "NAME"
)
OUTPUT = Option("--output", "Write the report to this file instead of standard output.", "FILE")

COLOR = Option(
    "--color",
    "Colour the text report: auto, always, never (default: auto, a terminal alone; NO_COLOR and FORCE_COLOR count).",
    "WHEN",
    ("auto", "always", "never"),
    "auto",
)
QUIET = Option("--quiet", "Write no report where all contracts are kept.")
VERBOSE = Option("--verbose", "Say on standard error what was read, from where, and how long it took.")

CHECK = (
    OFFLINE,
    SHADOW,
    NO_EXEC,
    FROM,
    TO,
    BASE,
    RELEASE,
    DIALECT,
    Option("--format", f"How to write the report: {', '.join(FORMATS)} (default: text).", "FORMAT", FORMATS, "text"),
    OUTPUT,
    COLOR,
    QUIET,
    VERBOSE,
)

SUMMARY = "Check the pending migrations and the schema they lead to against the data contracts."

DESCRIPTION = """\
Without options the database at its current revision is the starting point, and the pending revisions are predicted on
top of it. Every fact of every contract is judged at the target. Nothing is changed, and no row is read.

Exit codes: 0 kept, 1 broken, 2 could not check, 3 unproven and nothing broken.
"""

EXAMPLES = (
    ("", "what would `alembic upgrade head` do to the contracts?"),
    ("--offline", "the same without any database, for pull requests"),
    ("--shadow", "what an unproven verdict points to; needs alembic-contracts[embedded] or shadow_url"),
    ("--offline --from 1a2b3c --to heads", "only what these revisions break"),
    ("--offline --base origin/main", "for a pull request: deleting a contract in it does not help"),
    ("--offline --release origin/main", "could what runs now go on running? Needs no contract"),
    ("--offline --dialect postgresql", "without env.py, where the application is not installed"),
    ("--offline --no-exec", "for scripts that are not trusted; env.py is run, unless --dialect stands in for it"),
    ("--format json --output report.json", "for other programs"),
)
