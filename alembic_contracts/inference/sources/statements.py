"""Statements that were run in, what they use out: from pg_stat_statements, or from what another tool has exported.

SQLAlchemy is imported where a database is asked: an export needs none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.queries import Query, look
from alembic_contracts.inference.sources import Option, _exports
from alembic_contracts.inference.sources._ran import OWN, Ran, is_whole, merged, queries
from alembic_contracts.inference.uses import Found, Guarantee, Unread, Use
from alembic_contracts.schemas.uses import Place
from alembic_contracts.support.suggestions import did_you_mean

if TYPE_CHECKING:
    from alembic_contracts.inference.sources import Asked

__all__ = ["EXAMPLES", "INPUTS", "OPTIONS", "SUMMARY", "uses"]

SUMMARY = "Statements that were run: pg_stat_statements, or an export of another tool (--file)."
INPUTS = ""
OPTIONS = (
    Option(
        "--role",
        "Whose statements (repeatable). Default: those of all roles in one contract, but of superusers' where "
        "others have run any.",
        "NAME",
        repeated=True,
    ),
    Option("--min-calls", "Leave out what was run less often than this (default: 1).", "N"),
    Option(
        "--file",
        "Read an export instead: CSV, JSON lines or a JSON array with a column of statements and maybe one of users, "
        "or PostgreSQL's own csvlog or jsonlog, with pgaudit's entries.",
        "EXPORT",
    ),
    Option("--query-column", "The export's column with the statements (default: query, sql, statement ...).", "NAME"),
)
EXAMPLES = (
    ("--role reporting", "what one role has run since the statistics were last reset"),
    ("--role reporting --min-calls 10", "without what somebody tried out once"),
    ("--file questions.csv --consumer metabase", "the SQL of another tool's questions"),
)

_VIEW = "pg_stat_statements"
_SHOWN = 160
"""Characters of a statement that something is said about."""
_CUT = ("at end of input", "unterminated")
"""How PostgreSQL's grammar says that a text ends too early."""
_CUTS = frozenset(2**power - 1 for power in range(10, 21))
"""Bytes that PostgreSQL leaves of a longer text in activity and logs: ``track_activity_query_size`` less one."""


class _Seen(Struct, frozen=True, kw_only=True):
    """What was run, from wherever it comes."""

    name: str
    """What to call all roles together."""
    file: str
    ran: tuple[Ran, ...]
    """Queries alone, each once."""
    is_export: bool = False
    has_roles: bool = True
    superusers: Collection[str] = ()
    paths: Mapping[str, tuple[str, ...]] = {}
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()


class _Looked(Struct, frozen=True):
    """What the statements of one role use."""

    uses: tuple[Use, ...]
    guarantees: tuple[Guarantee, ...]
    unread: tuple[Unread, ...]


def uses(asked: Asked) -> Found:
    """Return what the statements use.

    Raises:
        CannotCheck: there is nothing to read them from, or an option is wrong.
    """
    at_least = _number(_option(asked, "--min-calls") or "1")
    seen = _exported(asked) if _option(asked, "--file") else _counted(asked)
    ran, notes = _chosen(seen, asked.options.get("--role", ()))
    roles = {each.role for each in ran}
    often = [each for each in ran if each.calls >= at_least]
    found = [_looked(seen, role, often, asked) for role in sorted({each.role for each in often})]
    return Found(
        consumer=roles.pop() if len(roles) == 1 and seen.has_roles else seen.name,
        uses=tuple(use for each in found for use in each.uses),
        guarantees=tuple(guarantee for each in found for guarantee in each.guarantees),
        unread=(*seen.unread, *(unread for each in found for unread in each.unread)),
        notes=(*seen.notes, *notes),
    )


def _option(asked: Asked, flag: str) -> str | None:
    return next(iter(asked.options.get(flag, ())), None)


def _number(written: str) -> int:
    if not written.isdecimal():
        raise CannotCheck(f"--min-calls {written}: it is a number, such as 10.")
    return int(written)


def _exported(asked: Asked) -> _Seen:
    path = _option(asked, "--file") or ""
    export = _exports.read(path, column=_option(asked, "--query-column"), database=asked.schema.catalog)
    return _Seen(
        name=Path(path).stem,
        file=export.file,
        ran=tuple(_queries(export.ran, asked)),
        is_export=True,
        has_roles=export.has_roles,
        unread=tuple(_probably_cut(export.file, merged(export.ran))),
        notes=export.notes,
    )


def _counted(asked: Asked) -> _Seen:
    if asked.connection is None:
        raise CannotCheck(
            f"{_VIEW} is in the database: leave out --offline, in a project whose env.py connects to it. Or give an "
            "export of it, or of another tool: --file."
        )
    if asked.options.get("--query-column"):
        raise CannotCheck("--query-column is about an export: name it with --file.")
    from alembic_contracts.inference.sources import _statistics

    asked.require_postgresql("Statistics of the statements that were run")
    found = _statistics.read(asked.connection, asked.options.get("--role", ()))
    return _Seen(
        name=found.database,
        file=_VIEW,
        ran=tuple(_queries(found.ran, asked)),
        superusers=found.superusers,
        # What --search-path says goes before what roles are set to.
        paths=found.paths if asked.search_path == found.path else {},
        unread=found.unread,
        notes=found.notes,
    )


def _queries(ran: Iterable[Ran], asked: Asked) -> Iterator[Ran]:
    # Which statements are queries is told by PostgreSQL's grammar.
    tables = {name.name for name in asked.schema.tables}
    return queries(merged(ran), tables) if asked.sql_dialect is None else merged(ran)


def _chosen(seen: _Seen, wanted: Collection[str]) -> tuple[list[Ran], list[str]]:
    """Return the statements of the roles that are asked for, and what there is to say about the choice."""
    if wanted and not seen.has_roles:
        raise CannotCheck(f"{seen.file} does not say who has run a statement, so there is no choice by --role.")
    counts = Counter(each.role for each in seen.ran)
    if wanted:
        unknown = [role for role in wanted if role not in counts]
        if unknown and seen.is_export:
            raise CannotCheck(f"{seen.file} has no statement of `{unknown[0]}`{did_you_mean(unknown[0], list(counts))}")
        notes = [f"{_VIEW} has no statement of {role} that can be read." for role in unknown]
        return [each for each in seen.ran if each.role in wanted], notes
    others = [role for role in counts if role not in seen.superusers]
    left_out = sorted(role for role in counts if role in seen.superusers) if others else []
    notes = []
    taken = sorted(counts.keys() - set(left_out))
    if len(taken) > 1:
        listed = ", ".join(f"{role or 'nobody named'} ({counts[role]:,})" for role in taken)
        notes.append(f"All roles in one contract, --role tells them apart: {listed}.")
    if left_out:
        notes.append(f"Statements of superusers are left out, --role takes them in: {', '.join(left_out)}.")
    if not counts:
        notes.append(f"{seen.file} has no statement that can be read.")
    return [each for each in seen.ran if each.role not in left_out], notes


def _looked(seen: _Seen, role: str, ran: Iterable[Ran], asked: Asked) -> _Looked:
    """Return what the statements of one role use, and what could not be read of them."""
    own = [each for each in ran if each.role == role]
    what = f"role {role}" if role else ""
    asked = replace(asked, search_path=seen.paths.get(role, asked.search_path))
    # A statement's number stands for the file: it leads back from what is found to the statement.
    given = (Query(text=each.text, file=str(number), line=each.line or 1, what=what) for number, each in enumerate(own))
    looked = look(given, asked)
    found = dict.fromkeys(
        replace(use, place=_place(seen, use.place)) for use in looked.uses if use.table.name not in OWN
    )
    relied = [replace(each, place=each.place and _place(seen, each.place)) for each in looked.guarantees]
    unread = [_named(seen, own[int(each.file)], each) for each in looked.unread]
    return _Looked(tuple(found), tuple(relied), tuple(unread))


def _place(seen: _Seen, place: Place) -> Place:
    # The view has no lines, and a count of calls would be another one each time.
    return replace(place, file=seen.file, line=place.line if seen.is_export else None)


def _named(seen: _Seen, ran: Ran, unread: Unread) -> Unread:
    """Return what could not be read with the place of its statement, or the statement itself where it is in no file."""
    is_cut = any(words in unread.reason for words in _CUT)
    # What it ends in may be a value of somebody's.
    reason = f"truncated: {unread.reason.partition(' at or near ')[0]}" if is_cut else unread.reason
    if seen.is_export:
        return replace(unread, file=seen.file, column=None, reason=reason)
    text = " ".join(ran.text.split())
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return Unread(seen.file, None, None, f"{reason}, in {shown!r} of role {ran.role}")


def _probably_cut(file: str, ran: Iterable[Ran]) -> Iterator[Unread]:
    """Yield the statements that parse, and of which PostgreSQL has probably left only so much as there was room for."""
    for each in ran:
        size = len(each.text.encode())
        if size in _CUTS and is_whole(each.text):
            reason = f"probably truncated: {size:,} bytes are what track_activity_query_size leaves of a longer text"
            yield Unread(file, each.line, None, reason)
