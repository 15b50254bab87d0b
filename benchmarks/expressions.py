"""Random expressions asked of a real PostgreSQL and of the prediction: every answer is the same, or unknown.

    python -m benchmarks.expressions --count 100000 --seed 1

Half of them are over the functions, operators and casts of the register, the rest over all that PostgreSQL has.
A wrong answer is printed with the smallest part of it that is wrong, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from alembic_contracts import embedded
from alembic_contracts.prediction.answers.bindings import Scope
from alembic_contracts.prediction.answers.evaluation import evaluate
from alembic_contracts.prediction.answers.register import registered
from alembic_contracts.prediction.answers.rows import Data
from alembic_contracts.prediction.answers.texts import cast_text
from alembic_contracts.prediction.answers.values import Literal, TypedNull, UnanswerableError, Unknown, type_of
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.prediction.sql import parser, system
from alembic_contracts.prediction.sql.sqlstate import PostgresError

TRY = """
CREATE FUNCTION pg_temp.try(expression text) RETURNS bytea[] LANGUAGE plpgsql AS $$
DECLARE answer text; type_name text;
BEGIN
    EXECUTE format('SELECT (v)::text, pg_typeof(v)::text FROM (SELECT %s AS v) AS q', expression)
        INTO answer, type_name;
    RETURN ARRAY[textsend('value'), textsend(answer), textsend(type_name)];
EXCEPTION WHEN OTHERS THEN RETURN ARRAY[textsend('error'), textsend(SQLSTATE), textsend(SQLERRM)];
END $$
"""
"""Answers are bytes: PostgreSQL cuts values in its messages without regard to characters (``to_date('aä', 'DD')``)."""

ATOMS: dict[str, tuple[str, ...]] = {
    "int4": ("0", "1", "-1", "2", "3", "7", "-7", "10", "100", "2147483647", "(-2147483648)", "'5'::int", "NULL::int"),
    "int2": ("1::int2", "(-7)::smallint", "32767::int2", "NULL::int2"),
    "int8": ("1::int8", "9999999999", "(-5)::bigint", "9223372036854775807", "NULL::int8"),
    "numeric": (
        "0.0",
        "1.5",
        "2.5",
        "-2.5",
        "3.14",
        "1.50",
        "100.005",
        "-0.5",
        "1e0::numeric",
        "'7.10'::numeric",
        "NULL::numeric",
    ),
    "float8": ("1.5::float8", "2.5::float8", "-3.5::float8", "0.1::float8", "100::float8", "NULL::float8"),
    "bool": ("true", "false", "NULL::bool", "'t'::bool", "'off'::bool"),
    "text": (
        "'abc'::text",
        "''::text",
        "'Hello World'::text",
        "'a,b,c'::text",
        "'2024-01-31'::text",
        "'%a_'::text",
        "'12'::text",
        "E'b\\\\s'::text",
        "'it''s'::text",
        "'äöÜ'::text",
        "' x '::text",
        "'aXbXc'::text",
        "NULL::text",
        "'select'::text",
        "'m_2024'::text",
        "'MiXed'::text",
        "'a b'::text",
        "'public'::text",
    ),
    "unknown": (
        "'abc'",
        "''",
        "'5'",
        "'t'",
        "'2024-01-31'",
        "'{\"a\": 1}'",
        "'{a,b}'",
        "'x_y'",
        "NULL",
        "'%'",
        "'a,b'",
    ),
    "varchar": ("'abc'::varchar", "'abcdef'::varchar(3)", "''::varchar(2)"),
    "name": ("'abc'::name", "'Tab'::name", "current_schema()"),
    "bpchar": ("'ab'::char(4)",),
    "date": ("date '2024-01-31'", "date '1999-12-01'", "'2024-02-29'::date", "NULL::date"),
    "timestamp": ("timestamp '2024-01-31 10:20:30'", "'2023-12-31 23:59:59'::timestamp", "NULL::timestamp"),
    "timestamptz": ("now()", "timestamptz '2024-01-31 10:20:30+02'"),
    "interval": ("interval '1 day'", "interval '2 hours'"),
    "time": ("time '10:20:30'",),
    "uuid": ("'00000000-0000-0000-0000-000000000001'::uuid",),
    "json": ('\'{"a": [1, 2], "b": "x"}\'::json', "'[1,2,3]'::json", "'\"s\"'::json", "'null'::json", "'{}'::json"),
    "jsonb": (
        '\'{"b": {"c": 1.50}, "a": "x", "d": null}\'::jsonb',
        "'[1, \"2\", true]'::jsonb",
        "'{}'::jsonb",
        "'5'::jsonb",
        "'[]'::jsonb",
    ),
    "_text": (
        "ARRAY['a','b']",
        "'{x,y,NULL}'::text[]",
        "ARRAY[]::text[]",
        "string_to_array('a,b', ',')",
        "ARRAY['a b','c\"d']",
    ),
    "_int4": ("ARRAY[1,2,3]", "'{}'::int[]", "ARRAY[5, NULL]"),
    "oid": ("1::oid", "'16384'::oid"),
}
"""Expressions of each type, the usual and the edges."""

CASTS = ("int4", "int8", "int2", "numeric", "float8", "text", "varchar", "varchar(2)", "bool", "date", "timestamp",
         "numeric(5,2)", "json", "jsonb", "uuid", "name", "text[]", "int[]", "char(3)", "oid", "interval")  # fmt: skip
FORMATS = ("'%s-%s'", "'%I'", "'%L'", "'%1$s %1$s'", "'%2$s'", "'%%'", "'%s'", "'%5s'", "'x'", "'%s %I %L'")
TEMPLATES = ("'YYYYMM'", "'YYYY-MM-DD'", "'DD/MM/YYYY'", "'HH24:MI:SS'", "'Mon YYYY'", "'YYYY_MM'", "'Q'", "'YYYYMMDD'")
PATTERNS = (
    "'a%'",
    "'%b%'",
    "'_b_'",
    "'%'",
    "'A%'",
    "'^a'",
    "'b$'",
    "'[a-c]+'",
    "'(a|b)c'",
    "'\\\\d+'",
    "'a.c'",
    "'[[:alpha:]]'",
    "'x*'",
)
FIELDS = ("'year'", "'month'", "'day'", "'hour'", "'dow'", "'quarter'", "'epoch'", "'week'")


SPECIAL_SYNTAX = frozenset(
    {"position", "substring", "extract", "overlay", "normalize", "time", "timestamp", "interval", "bit", "char"}
)
"""Functions that the grammar calls otherwise, unless their name is qualified."""


@dataclass
class Tally:
    """What came of the expressions."""

    right: int = 0
    unknown: int = 0
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    unknown_by_reason: Counter[str] = field(default_factory=Counter)


class Generator:
    """Makes expressions of a type."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        functions, operators = registered()
        self._functions, self._operators = functions, operators
        self._all_functions = [
            (name, signature.arguments)
            for name, signatures in system.functions().items()
            for signature in signatures
            if signature.kind == "f" and not signature.is_set
            and not name.startswith(("pg_", "lo_", "binary_", "txid_"))
            and all(argument in ATOMS for argument in signature.arguments)
        ]  # fmt: skip
        self._all_operators = [
            (name, left, right)
            for name, signatures in system.operators().items()
            for left, right, _ in signatures
            if left in ATOMS and right in ATOMS
        ]

    def expression(self) -> str:
        """Return the next expression."""
        choice = self._random.random()
        if choice < 0.3:
            return self._call(*self._random.choice(self._functions), 2)
        if choice < 0.5:
            return self._operation(*self._random.choice(self._operators), 2)
        if choice < 0.6:
            return f"({self._any(2)})::{self._random.choice(CASTS)}"
        if choice < 0.7:
            return self._call(*self._random.choice(self._all_functions), 1)
        if choice < 0.8:
            return self._operation(*self._random.choice(self._all_operators), 1)
        return self._construct(2)

    def _any(self, depth: int) -> str:
        return self._of(self._random.choice(list(ATOMS)), depth)

    def _of(self, type_: str, depth: int) -> str:
        if type_ in {"any", "anyelement", "anynonarray"}:
            type_ = self._random.choice(("int4", "text", "unknown", "bool", "numeric", "date", "uuid", "_text"))
        elif type_ == "anyarray":
            type_ = self._random.choice(("_text", "_int4"))
        elif type_ == "char":
            return "'r'::\"char\""
        if depth > 0 and self._random.random() < 0.35:
            made = self._made(type_, depth - 1)
            if made is not None:
                return made
        if type_ in {"text", "name"} and self._random.random() < 0.3:
            type_ = self._random.choice(("unknown", "varchar", "name", "text"))
        return self._random.choice(ATOMS.get(type_, ("NULL",)))

    def _made(self, type_: str, depth: int) -> str | None:
        choices = {
            "int4": (["+", "-", "*", "/", "%"], "int4 int4"),
            "numeric": (["+", "-", "*", "%"], "numeric numeric"),
            "text": (["||"], "text text"),
            "bool": (
                ["=", "<>", "<", ">"],
                self._random.choice(("int4 int4", "text text", "numeric int4", "date date")),
            ),
            "int8": (["+", "*"], "int8 int4"),
        }.get(type_)
        if choices is None:
            return None
        left, right = choices[1].split()
        return self._operation(self._random.choice(choices[0]), left, right, depth)

    def _call(self, name: str, types: Sequence[str], depth: int) -> str:
        arguments = [self._of(type_, depth) for type_ in types]
        if types and types[-1] == "any":
            arguments += [self._of("any", depth) for _ in range(self._random.randint(0, 2))]
        special = {
            "format": FORMATS,
            "to_char": TEMPLATES,
            "extract": FIELDS,
            "date_part": FIELDS,
            "date_trunc": FIELDS,
        }.get(name)
        if special is not None and arguments:
            position = 1 if name == "to_char" else 0
            arguments[position] = self._random.choice(special)
        if name == "repeat" and len(arguments) == 2:
            arguments[1] = self._random.choice(("0", "3", "-1", "NULL"))
        quoted = f'pg_catalog."{name}"' if name in SPECIAL_SYNTAX else name
        return f"{quoted}({', '.join(arguments)})"

    def _operation(self, name: str, left: str, right: str, depth: int) -> str:
        one, other = self._of(left, depth), self._of(right, depth)
        if "~" in name and right == "text":
            other = self._random.choice(PATTERNS)
        return f"({one} {name} {other})"

    def _construct(self, depth: int) -> str:
        of = lambda type_: self._of(type_, depth - 1)  # noqa: E731
        some = self._random.choice(("int4", "text", "numeric", "bool", "date"))
        return self._random.choice((
            f"CASE WHEN {of('bool')} THEN {of(some)} ELSE {of(some)} END",
            f"coalesce({of(some)}, {of(some)})",
            f"coalesce({of(some)}, {of('unknown')})",
            f"nullif({of(some)}, {of(some)})",
            f"greatest({of('int4')}, {of('int4')}, {of('int8')})",
            f"least({of(some)}, {of(some)})",
            f"({of('bool')} AND {of('bool')})",
            f"({of('bool')} OR NOT {of('bool')})",
            f"({of(some)} IN ({of(some)}, {of(some)}))",
            f"({of('int4')} BETWEEN {of('int4')} AND {of('int4')})",
            f"({of(some)} IS NOT DISTINCT FROM {of(some)})",
            f"({of(some)} IS NULL)",
            f"({of('bool')} IS NOT TRUE)",
            f"({of('text')} = ANY ({of('_text')}))",
            f"({of('int4')} <> ALL ({of('_int4')}))",
            f"({of('_text')})[{of('int4')}]",
            f"ARRAY[{of(some)}, {of(some)}]",
            f"-{of('int4')}", f"(-{of('numeric')})", f"(- {of('float8')})",
            f"substring({of('text')} from {of('int4')} for {of('int4')})",
            f"position({of('text')} in {of('text')})",
            f"extract(year from {of('date')})",
            f"trim({of('text')})", f"trim(both 'a' from {of('text')})",
            f"(date '2024-01-31' + {of('int4')})",
            f"to_char({of('date')}, {self._random.choice(TEMPLATES)})",
            f"('m_' || to_char({of('date')}, {self._random.choice(TEMPLATES)}))",
            f"({of('date')} + {of('interval')})",
            f"({of('unknown')} || {of('int4')})",
            f"({of('unknown')} = {of('unknown')})",
            f"cast({of('unknown')} as {self._random.choice(CASTS)})",
            f"(SELECT string_agg(x, ',' ORDER BY x DESC) FROM unnest({of('_text')}) AS x)",
            f"(SELECT count(*) FROM unnest({of('_int4')}) AS x WHERE x > 1)",
            f"(SELECT array_agg(x ORDER BY x) FROM unnest({of('_int4')}) AS x)",
            f"(SELECT max(x) FROM unnest({of('_int4')}) AS x)",
        ))  # fmt: skip


def predicted(expression: str, server_version: int = 180_000) -> tuple[str, str | None, str | None]:
    """Return the prediction's answer as the server's is given; ``unknown`` with a reason where there is none."""
    try:
        node = parser.parse_expression(expression)
        if node is None:
            return "unknown", "does not parse", None
        value = evaluate(node, Scope(Data(Catalog(server_version=server_version), "empty")))
    except PostgresError as error:
        return "error", error.sqlstate, error.message
    except UnanswerableError as error:
        return "unknown", str(error), None
    if isinstance(value, Unknown):
        return "unknown", value.reason, None
    if value is None or isinstance(value, TypedNull):
        return "value", None, None
    text: Any = cast_text(value)
    if isinstance(text, Unknown):
        if isinstance(value, list):
            return "unknown", text.reason, None
        text = value.isoformat(" ") if type_of(value) == "timestamp" else str(value)
    name = "text" if isinstance(value, Literal) else type_of(value)
    return "value", text, name


_SPELLED = {"int4": "integer", "int2": "smallint", "int8": "bigint", "float8": "double precision", "bool": "boolean",
            "varchar": "character varying", "bpchar": "character", "timestamp": "timestamp without time zone",
            "time": "time without time zone", "char": '"char"'}  # fmt: skip


def is_right(answer: Sequence[str | None], ours: tuple[str, str | None, str | None]) -> bool:
    """Return whether an answer that is not unknown is the server's."""
    if answer[0] != ours[0]:
        return False
    if ours[0] == "error":
        return answer[1] == ours[1]
    if ours[1] is None or answer[1] is None:
        return ours[1] is answer[1]
    name = ours[2] or ""
    spelled = f"{_SPELLED.get(name[1:], name[1:])}[]" if name.startswith("_") else _SPELLED.get(name, name)
    return answer[1] == ours[1] and answer[2] == spelled


def compare(connection: psycopg.Connection[Any], expressions: Sequence[str], tally: Tally) -> None:
    """Ask both, and count."""
    answers = connection.execute("SELECT pg_temp.try(e) FROM unnest(%s::text[]) WITH ORDINALITY AS q (e, n) ORDER BY n",
                                 [list(expressions)]).fetchall()  # fmt: skip
    for expression, (parts,) in zip(expressions, answers, strict=True):
        answer = [None if part is None else part.decode(errors="backslashreplace") for part in parts]
        ours = predicted(expression, connection.info.server_version)
        if ours[0] == "unknown":
            tally.unknown += 1
            tally.unknown_by_reason[str(ours[1])] += 1
        elif is_right(answer, ours):
            tally.right += 1
        else:
            tally.wrong.append((expression, str(answer), str(ours)))


def run(connection: psycopg.Connection[Any], count: int, seed: int) -> Tally:
    """Compare so many expressions."""
    connection.execute(TRY)
    generator, tally = Generator(seed), Tally()
    for start in range(0, count, 500):
        compare(connection, [generator.expression() for _ in range(min(500, count - start))], tally)
    return tally


def lines(tally: Tally, seconds: float) -> Iterator[str]:
    total = tally.right + tally.unknown + len(tally.wrong)
    wrong = len(tally.wrong)
    yield f"{total} expressions in {seconds:.1f} s: {tally.right} right, {tally.unknown} unknown, {wrong} wrong"
    for expression, theirs, ours in sorted(tally.wrong, key=lambda each: len(each[0]))[:40]:
        yield f"  {expression}\n    PostgreSQL: {theirs}\n    predicted:  {ours}"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--url", help="a server; default: an embedded one")
    arguments.add_argument("--reasons", action="store_true", help="say what is unknown most often")
    given = arguments.parse_args()
    started = time.monotonic()
    if given.url:
        with psycopg.connect(given.url, autocommit=True) as connection:
            tally = run(connection, given.count, given.seed)
    else:
        with (
            embedded.scratch() as server,
            psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as connection,
        ):
            tally = run(connection, given.count, given.seed)
    print("\n".join(lines(tally, time.monotonic() - started)))
    for reason, number in tally.unknown_by_reason.most_common(30 if given.reasons else 0):
        print(f"  {number:6} {reason}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
