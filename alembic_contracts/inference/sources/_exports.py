"""A file that another tool has exported in, the statements in it out: CSV, JSON lines or a JSON array.

Which column has the text is told by its name, and so are those with the user, the database and the number of calls.
Logs of PostgreSQL are exports as well (csvlog, jsonlog; pgaudit's entries in them): a message may hold a statement.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from alembic_contracts.documents.files import read_text
from alembic_contracts.errors import CannotCheck, InvalidContracts
from alembic_contracts.inference.sources._ran import Ran
from alembic_contracts.patterns import pattern
from alembic_contracts.support.paths import shown
from alembic_contracts.support.suggestions import did_you_mean

__all__ = ["Export", "read"]

MAXIMUM_BYTES = 512 * 1024 * 1024

_TEXTS = ("query", "sql", "statement", "querytext", "sqltext", "statementtext", "nativequery", "rawquery", "rawsql")
_MESSAGES = ("message", "msg", "text")
"""Columns of logs, which are taken where there is none of the others."""
_USERS = ("user", "username", "usename", "rolname", "role", "rolename", "dbuser", "databaseuser", "sessionuser")
_DATABASES = ("datname", "database", "databasename", "dbname", "db")
_CALLS = ("calls", "count", "executions", "execcount", "executioncount", "numcalls")
_TOP = ("toplevel",)
"""pg_stat_statements: false for what functions run, which is the database's own code."""
_LOG_COLUMNS = frozenset({"message", "error_severity"})
"""What tells a log of PostgreSQL: the statement that it has in a column of its own is one that failed."""

_CSVLOG = """
    log_time user_name database_name process_id connection_from session_id session_line_num command_tag
    session_start_time virtual_transaction_id transaction_id error_severity sql_state_code message detail hint
    internal_query internal_query_pos context query query_pos location application_name backend_type leader_pid query_id
""".split()  # noqa: SIM905 - one a line would be a page
"""The columns of PostgreSQL's log as CSV, which has no head."""
_LOG_TIME = pattern(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+")
_LOGGED = pattern(
    r"(?:duration: [\d.]+ ms  )?(?:statement|(?:execute|parse|bind) [^\n:]*): (?P<text>.*)", re.DOTALL | re.IGNORECASE
)
_QUERY = pattern(r"\s*(?:select|insert|update|delete|merge|with|copy)\b", re.IGNORECASE)
_AUDITED = pattern(r"AUDIT: (?P<entry>.*)", re.DOTALL)
_NO_TEXT = frozenset({"<previously logged>", "<not logged>", "<insufficient privilege>", ""})


class Export(Struct, frozen=True, kw_only=True):
    """What an export holds."""

    file: str
    ran: tuple[Ran, ...]
    has_roles: bool
    notes: tuple[str, ...] = ()


class _Row(Struct, frozen=True):
    """One row of an export."""

    values: Mapping[str, Any]
    line: int
    """Where it begins."""
    lines: Mapping[str, int]
    """How many lines further down the value of a column begins."""


def read(path: str, *, column: str | None = None, database: str | None = None) -> Export:
    """Return the statements of a file.

    Args:
        path: the file.
        column: the one with the texts; None: it is told by its name.
        database: whose statements are wanted, where the export says which database they were run in.

    Raises:
        CannotCheck: it cannot be read, or no column can be told.
    """
    file = shown(path)
    try:
        text = read_text(Path(path), MAXIMUM_BYTES, "an export")
    except InvalidContracts as invalid:
        raise CannotCheck(str(invalid)) from None
    rows = list(_json(text, file) if text.lstrip()[:1] in ("{", "[") else _csv(text, file))
    known = list(dict.fromkeys(name for row in rows for name in row.values))
    of_text = _text_column(known, column, file)
    of_user, of_database, of_calls, of_top = (_column(known, each) for each in (_USERS, _DATABASES, _CALLS, _TOP))
    databases = {str(row.values.get(of_database)) for row in rows} if of_database else set()
    kept = [row for row in rows if database not in databases or row.values.get(of_database or "") == database]
    notes = []
    if len(kept) < len(rows):
        notes.append(f"{len(rows) - len(kept):,} entries of {file} are of other databases than {database}: left out.")
    kept = [row for row in kept if str(row.values.get(of_top or "")).lower() not in ("false", "f")]
    return Export(
        file=file,
        ran=tuple(_ran(kept, of_text, of_user, of_calls)),
        has_roles=of_user is not None,
        notes=tuple(notes),
    )


def _ran(rows: Iterable[_Row], of_text: str, of_user: str | None, of_calls: str | None) -> Iterator[Ran]:
    is_message = _bare(of_text) in _MESSAGES
    for row in rows:
        text = _statement(str(row.values.get(of_text) or ""), is_message=is_message)
        if text is None or text.strip() in _NO_TEXT:
            continue
        yield Ran(
            text=text,
            role=str(row.values.get(of_user or "") or ""),
            calls=_number(row.values.get(of_calls or "")),
            line=row.line + row.lines.get(of_text, 0),
        )


def _statement(text: str, *, is_message: bool) -> str | None:
    """Return the statement of a text, which may be what PostgreSQL or pgaudit has logged; None for other messages."""
    logged = _LOGGED.fullmatch(text)
    if logged is not None:
        return logged["text"]
    audited = _AUDITED.fullmatch(text)
    if audited is not None:
        entry = next(csv.reader([audited["entry"]]), [])
        return entry[7] if len(entry) > 7 else None
    return text if not is_message or _QUERY.match(text) else None


def _number(value: Any) -> int:
    try:
        return int(str(value).replace(",", ""))
    except ValueError:
        return 1


def _text_column(known: list[str], wanted: str | None, file: str) -> str:
    if wanted is not None:
        if wanted in known:
            return wanted
        raise CannotCheck(f"{file} has no column `{wanted}`{did_you_mean(wanted, known)}")
    for names in (_TEXTS, _MESSAGES):
        found = [name for name in known if _bare(name) in names]
        if _LOG_COLUMNS.issubset(known):
            found = ["message"]
        if len(found) > 1:
            raise CannotCheck(
                f"{file} has several columns that could hold the statements: {', '.join(found)}. "
                f"Say which: --query-column {found[0]}"
            )
        if found:
            return found[0]
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    raise CannotCheck(
        f"{file} has no column that is known to hold statements. Say which: --query-column; here: {listed}"
    )


def _column(known: Iterable[str], names: tuple[str, ...]) -> str | None:
    """Return the column that has one of some names, those first preferred."""
    bare = {_bare(name): name for name in reversed(list(known))}
    return next((bare[name] for name in names if name in bare), None)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _csv(text: str, file: str) -> Iterator[_Row]:
    """Yield the rows of a CSV file, whatever its delimiter; the log of PostgreSQL has no head."""
    csv.field_size_limit(MAXIMUM_BYTES)
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    head: list[str] | None = list(_CSVLOG) if _LOG_TIME.match(first) else None
    begin = 1
    try:
        for values in reader:
            if head is None:
                head = [name.strip() for name in values]
            elif values:
                lines, passed = {}, 0
                for name, value in zip(head, values, strict=False):
                    lines[name] = passed
                    passed += value.count("\n")
                yield _Row(dict(zip(head, values, strict=False)), begin, lines)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise CannotCheck(f"{file}:{reader.line_num}: no CSV: {error}") from None


def _json(text: str, file: str) -> Iterator[_Row]:
    """Yield the rows of JSON lines, or of an array in one document."""
    decoder = json.JSONDecoder()
    is_array = text.lstrip()[:1] == "["
    position = text.index("[") + 1 if is_array else 0
    line, counted = 1, 0
    between = pattern(r"[\s,]*\]?\s*" if is_array else r"\s*")
    while True:
        skipped = between.match(text, position)
        position = skipped.end() if skipped is not None else position
        if position >= len(text):
            return
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = getattr(error, "msg", "it is nested too deep")
            raise CannotCheck(f"{file}:{line}: no JSON: {reason}") from None
        if not isinstance(value, dict):
            raise CannotCheck(f"{file}:{line}: not an object with a statement in one of its keys")
        yield _Row(value, line, {})
