"""Random version scripts in which something decides that nobody can predict, and ordinary statements follow.

A script is a tree of parts, so that it can be shrunk. What decides is a row, the clock, chance, a setting, a size, a
role, a function, or what the catalog looks like after all that; it gets into branches, loops, texts of statements,
names, defaults, errors and their handlers, in DO blocks and in Python.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.unknown_stock import CATALOG, DDL, HANDLED, NUMBERS, OF_VALUES, OPERATIONS, PARTIAL, TEXTS, TRUTHS

if TYPE_CHECKING:
    import random

__all__ = ["Part", "Parts", "script", "shrunk", "statements_in", "text_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """A statement, or several with others in them.

    A line of ``text`` that is ``<0>`` stands for the first of the ``bodies``, and so on; ``block`` says that it stands
    in PL/pgSQL, else in Python.
    """

    text: str
    bodies: tuple[Parts, ...] = ()
    block: bool = False


Parts = tuple[Part, ...]


def text_of(parts: Parts, *, block: bool = False) -> str:
    """Return the code of some parts."""
    return "\n".join(map(_text, parts)) or ("NULL;" if block else "pass")


def _text(part: Part) -> str:
    def body(match: re.Match[str]) -> str:
        inner = part.bodies[int(match[2])]
        return textwrap.indent(text_of(inner, block=part.block or part.text.startswith("op.execute(")), match[1])

    return re.sub(r"^( *)<(\d)>$", body, part.text, flags=re.MULTILINE)


def statements_in(parts: Parts) -> int:
    """Return how many parts there are, those in others included."""
    return sum(1 + sum(map(statements_in, part.bodies)) for part in parts)


def fewer(parts: Parts) -> Iterator[Parts]:
    """Yield what is left without one part, or with what is in it instead, the largest pieces first."""
    for index, part in enumerate(parts):
        before, after = parts[:index], parts[index + 1 :]
        yield before + after
        for number, body in enumerate(part.bodies):
            if all(inner.block == part.block for inner in body):
                yield before + body + after
            for less in fewer(body):
                bodies = (*part.bodies[:number], less, *part.bodies[number + 1 :])
                yield (*before, replace(part, bodies=bodies), *after)


_RAISE = "IF {truth} THEN RAISE EXCEPTION 'no'; END IF;"
_NESTED = "try:\n    with op.get_bind().begin_nested():\n"
_MISSING = "undefined_table OR undefined_column OR dependent_objects_still_exist"
_SHARP = 0.4
"""Share of scripts in which little is unknown, so that a table that is wrong is not among others that are unproven."""
_NO_ROW = "no_data_found THEN\n  NULL;\nWHEN too_many_rows"


class _Writer:
    """Makes parts, by chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._makers = {
            "truth": self.truth,
            "number": self.number,
            "value": self.value,
            "ddl": self._ddl,
            "partial": lambda: self._filled(chance.choice(PARTIAL)),
        }

    def truth(self) -> str:
        kind = self._chance.random()
        if kind < 0.12:
            return f"NOT ({self.truth()})"
        return self._chance.choice(TRUTHS if kind < 0.7 else CATALOG)

    def number(self) -> str:
        return self._chance.choice(NUMBERS)

    def value(self) -> str:
        return self._chance.choice(TEXTS)

    def _dynamic(self) -> str:
        """Return the expression of a statement's text."""
        template = self._chance.choice(OF_VALUES)
        if self._chance.random() < 0.3:
            return f"CASE WHEN {self.truth()} THEN {_quoted(self._ddl())} ELSE {_quoted(self._ddl())} END"
        before, after = template.split("{}")
        value = self.value()
        if self._chance.random() < 0.5:
            how = "%s" if "'" in template else self._chance.choice(("%I", "%s"))
            if after.startswith(("2", "_")):
                how = "%s"
            return f"format({_quoted(before + how + after)}, {value})"
        return f"{_quoted(before)} || {value} || {_quoted(after)}"

    def _ddl(self) -> str:
        return self._chance.choice(DDL)

    def _some(self, make: Callable[[int], Part], depth: int, most: int = 2) -> Parts:
        return tuple(make(depth - 1) for _ in range(self._chance.randint(1, most)))

    # -- PL/pgSQL ----------------------------------------------------------------------------------------------------

    def in_block(self, depth: int) -> Part:
        """Return a statement of a DO block."""
        if depth <= 0 or self._chance.random() < 0.4:
            return self._simple_in_block()
        template, count = self._chance.choice(self._BLOCKS)
        bodies = tuple(self._some(self.in_block, depth) for _ in range(count))
        return Part(self._filled(template), bodies, block=True)

    _BLOCKS = (
        ("IF {truth} THEN\n  <0>\nEND IF;", 1),
        ("IF {truth} THEN\n  <0>\nELSE\n  <1>\nEND IF;", 2),
        ("IF {truth} THEN\n  <0>\nELSIF {truth} THEN\n  <1>\nEND IF;", 2),
        ("CASE WHEN {truth} THEN\n  <0>\nELSE\n  <1>\nEND CASE;", 2),
        ("CASE {number} WHEN 0 THEN\n  <0>\nWHEN 1, 2 THEN\n  <1>\nELSE\n  NULL;\nEND CASE;", 2),
        ("FOR one IN SELECT * FROM r ORDER BY n LOOP\n  <0>\nEND LOOP;", 1),
        ("FOR i IN 1..{number} LOOP\n  <0>\n  EXIT;\nEND LOOP;", 1),
        ("WHILE {truth} LOOP\n  <0>\n  EXIT;\nEND LOOP;", 1),
        ("LOOP\n  EXIT WHEN {truth};\n  <0>\n  EXIT;\nEND LOOP;", 1),
        ("FOREACH word IN ARRAY ARRAY[{value}] LOOP\n  <0>\nEND LOOP;", 1),
        ("BEGIN\n  <0>\nEXCEPTION WHEN OTHERS THEN\n  <1>\nEND;", 2),
        (f"BEGIN\n  <0>\n  {_RAISE}\nEXCEPTION WHEN raise_exception THEN\n  <1>\nEND;", 2),
        ("BEGIN\n  <0>\n  num := 1 / {number};\nEXCEPTION WHEN division_by_zero THEN\n  <1>\nEND;", 2),
        (f"BEGIN\n  <0>\nEXCEPTION WHEN {_MISSING} THEN\n  <1>\nEND;", 2),
        (f"BEGIN\n  SELECT name INTO STRICT word FROM r;\n  <0>\nEXCEPTION WHEN {_NO_ROW} THEN\n  <1>\nEND;", 2),
    )

    def _simple_in_block(self) -> Part:
        kind = self._chance.random()
        if kind < 0.5:
            return Part(f"{self._ddl()};", block=True)
        if kind < 0.62:
            return Part(f"EXECUTE {self._dynamic()};", block=True)
        return Part(self._filled(self._chance.choice(self._SIMPLE)), block=True)

    _SIMPLE = (
        "num := {number};",
        "word := {value};",
        "IF {truth} THEN RETURN; END IF;",
        "IF {truth} THEN RAISE EXCEPTION 'stop'; END IF;",
        "IF num > 0 THEN {ddl}; END IF;",
        "IF word = 'b' THEN {ddl}; END IF;",
        "EXECUTE 'DROP TABLE IF EXISTS ' || coalesce(word, 'b');",
        "SELECT name INTO word FROM r ORDER BY n LIMIT 1;",
        "SELECT count(*) INTO num FROM r;",
        "SELECT 'c' INTO word WHERE {truth};",
        "UPDATE r SET ok = true WHERE n > 1; IF FOUND THEN {ddl}; END IF;",
        "DELETE FROM r; GET DIAGNOSTICS num = ROW_COUNT; IF num > 0 THEN {ddl}; END IF;",
        "PERFORM g({value});",
        "PERFORM g('b') WHERE {truth};",
        "PERFORM h();",
        "PERFORM set_config('search_path', {value}, false);",
        "PERFORM set_config('app.flag', 'on', false);",
        "ASSERT {truth};",
        "num := 1 / {number};",
        "EXECUTE 'ALTER TABLE c ADD COLUMN c' || {number} || ' int';",
        "FOR one IN SELECT name FROM r LOOP EXECUTE 'DROP TABLE IF EXISTS ' || quote_ident(one.name); END LOOP;",
        "INSERT INTO k VALUES ({number} + 1, 'new');",
    )

    def _filled(self, template: str) -> str:
        def made(match: re.Match[str]) -> str:
            text = self._makers[match[2]]()
            return _quoted(f"SELECT {text}") if match[1] else text

        return re.sub(r"\{(quoted )?(\w+)\}", made, template)

    # -- one thing that may fail -------------------------------------------------------------------------------------

    _MAY_FAIL = (
        "num := {partial};",
        "word := {partial};",
        "num := {value};",
        "PERFORM {partial};",
        "PERFORM {partial} FROM r;",
        "SELECT {partial} INTO num;",
        "SELECT name INTO num FROM r ORDER BY n LIMIT 1;",
        "SELECT n INTO STRICT num FROM r;",
        "IF {partial} IS NULL THEN NULL; END IF;",
        "WHILE {partial} IS NULL LOOP EXIT; END LOOP;",
        "FOR i IN 1..{number} LOOP NULL; END LOOP;",
        "FOR one IN SELECT {partial} FROM r LOOP NULL; END LOOP;",
        "FOR num IN SELECT name FROM r LOOP NULL; END LOOP;",
        "FOREACH word IN ARRAY (SELECT array_agg(name) FROM r) LOOP NULL; END LOOP;",
        "CASE {number} WHEN 5 THEN NULL; END CASE;",
        "CASE WHEN {truth} THEN NULL; END CASE;",
        "CASE {partial} WHEN NULL THEN NULL; ELSE NULL; END CASE;",
        "EXECUTE {quoted partial} USING {number};",
        "EXECUTE 'SELECT $1' USING {partial};",
        "EXECUTE {value};",
        "RAISE NOTICE '%', {partial};",
        "IF {truth} THEN RAISE undefined_table; END IF;",
        "IF {truth} THEN RAISE EXCEPTION USING errcode = 'division_by_zero'; END IF;",
        "LOOP EXIT WHEN {partial} IS NULL; EXIT; END LOOP;",
        "CREATE TABLE d AS SELECT {partial} AS d;",
        "CREATE INDEX ON r ((1 / n));",
        "BEGIN num := {partial}; EXCEPTION WHEN division_by_zero THEN num := 0; END;",
        "DECLARE i int := {partial}; BEGIN NULL; END;",
        "PERFORM partial({number});",
        "NULL;",
    )

    _READS = (
        "op.get_bind().execute(sa.text('SELECT 1 FROM r')).first()",
        "op.get_bind().execute(sa.text('SELECT count(*) FROM r')).scalar()",
        "op.get_bind().execute(sa.text('UPDATE r SET ok = true')).rowcount",
        "op.get_bind().execute(sa.text('UPDATE r SET ok = true WHERE n > 0')).rowcount",
        "op.get_bind().execute(sa.text('SELECT name FROM r WHERE n = 2')).scalar()",
        "all_of('SELECT name FROM r ORDER BY n')",
        "ask('SELECT EXISTS (SELECT FROM r)')",
        "ask('SELECT max(n) FROM r')",
        "op.get_bind().execute(sa.text('DELETE FROM r WHERE n = 3')).rowcount",
    )
    _AGAIN = (
        "found = {read}\nif {read}:\n    <0>",
        "if {read}:\n    pass\nif {read}:\n    <0>",
        "for number in range(4):\n    if {read} and number == {number}:\n        <0>",
        "number = 0\nwhile number < 4:\n    number += 1\n    if {read} and number == {number}:\n        <0>",
        "def find():\n    return {read}\nfind()\nif find():\n    <0>",
        "if [number for number in range(4) if {read}][1:]:\n    <0>",
    )

    def again(self) -> Parts:
        """Return a script that reads the same twice, and goes by it the second time."""
        read, number = self._chance.choice(self._READS), str(self._chance.randrange(4))
        text = self._chance.choice(self._AGAIN).replace("{read}", read).replace("{number}", number)
        return (Part(text, ((Part(f"op.execute({self._ddl()!r})"),),)),)

    def sharp(self) -> Parts:
        """Return a script in which one thing may fail that is handled, and little else is unknown."""
        if self._chance.random() < 0.2:
            return self.again()
        may_fail = self._filled(self._chance.choice(self._MAY_FAIL))
        before, after = ((Part(f"{self._ddl()};", block=True),) if self._chance.random() < 0.4 else () for _ in "ab")
        if self._chance.random() < 0.3:
            query = self._filled(
                self._chance.choice(("SELECT {partial}", "SELECT {partial} FROM r", "SELECT partial(n) FROM r"))
            )
            tried = Part(f"op.execute({query!r})")
            handler = Part(f"op.execute({self._ddl()!r})")
            return (Part(f"{_NESTED}        <0>\nexcept sa.exc.DBAPIError:\n    <1>", ((tried,), (handler,))),)
        guarded = Part(
            f"BEGIN\n  <0>\n  {may_fail}\n  <1>\nEXCEPTION WHEN {self._chance.choice(HANDLED)} THEN\n  <2>\nEND;",
            (before, after, (Part(f"{self._ddl()};", block=True),)),
            block=True,
        )
        declared = "DECLARE num int; word text; one record;"
        return (Part(f'op.execute(r"""DO $do$ {declared} BEGIN\n  <0>\nEND $do$""")', ((guarded,),)),)

    # -- Python ------------------------------------------------------------------------------------------------------

    def in_python(self, depth: int) -> Part:
        """Return a statement of a version script."""
        kind = self._chance.random()
        if kind < 0.35:
            return Part(f"op.execute({self._ddl()!r})")
        if kind < 0.65:
            declared = "DECLARE num int; word text; one record;"
            body = tuple(self.in_block(self._chance.choice((1, 1, 2))) for _ in range(self._chance.randint(1, 2)))
            return Part(f'op.execute(r"""DO $do$ {declared} BEGIN\n  <0>\nEND $do$""")', (body,))
        if depth <= 0 or kind < 0.75:
            return Part(self._filled_in_python(self._chance.choice(self._LINES)))
        template, count = self._chance.choice(self._PYTHON)
        return Part(self._filled_in_python(template), tuple(self._some(self.in_python, depth) for _ in range(count)))

    _PYTHON = (
        ("if <truth>:\n    <0>", 1),
        ("if <truth>:\n    <0>\nelse:\n    <1>", 2),
        ("if <truth> is None:\n    <0>", 1),
        ("if not <number>:\n    <0>", 1),
        ("if <number> in (1, 2):\n    <0>", 1),
        ("if (<number> or 0) > 1:\n    <0>", 1),
        ("if str(<value>).startswith('b'):\n    <0>", 1),
        ("if <value> == 'c':\n    <0>\nelse:\n    <1>", 2),
        ("if {'b': 1}.get(<value>):\n    <0>", 1),
        ("if max([<value> or 'a', 'b']) == 'b':\n    <0>", 1),
        ("for row in all_of('SELECT name FROM r ORDER BY n'):\n    <0>", 1),
        ("for number in range(<number> or 0):\n    <0>\n    break", 1),
        ("while <truth>:\n    <0>\n    break", 1),
        ("if len(all_of('SELECT * FROM r')) > 1:\n    <0>", 1),
        ("if op.get_bind().execute(sa.text('SELECT 1 FROM r WHERE n = 2')).first():\n    <0>", 1),
        ("if op.get_bind().execute(sa.text('UPDATE r SET ok = true')).rowcount:\n    <0>", 1),
        ("if any(row.ok for row in all_of('SELECT ok FROM r')):\n    <0>", 1),
        (f"{_NESTED}        <0>\nexcept sa.exc.DBAPIError:\n    <1>", 2),
        (f"{_NESTED}        <division>\n        <0>\nexcept sa.exc.DataError:\n    <1>", 2),
        ("try:\n    int(<value>)\nexcept (TypeError, ValueError):\n    <0>", 1),
        ("match <value>:\n    case 'b':\n        <0>\n    case _:\n        <1>", 2),
        ("if sa.inspect(op.get_bind()).has_table('b'):\n    <0>", 1),
        ("if not sa.inspect(op.get_bind()).has_table('c2'):\n    <0>", 1),
        ("if 'c' in sa.inspect(op.get_bind()).get_table_names():\n    <0>", 1),
        ("if 'v' not in sa.inspect(op.get_bind()).get_view_names():\n    <0>", 1),
        ("if any(each['name'] == 'x' for each in columns_of('c')):\n    <0>", 1),
        ("if has_index('b', 'b_x'):\n    <0>", 1),
    )

    _LINES = (
        "name = <value>\nop.execute(f'DROP TABLE IF EXISTS {name}')",
        "op.execute('DROP TABLE IF EXISTS %s' % <value>)",
        "op.drop_table(<value> or 'b')",
        "op.execute('ALTER TABLE c ADD COLUMN c' + str(<number>) + ' int')",
        "op.rename_table('b', ''.join(['b', str(<number>)]))",
        "op.add_column('c', sa.Column('z', sa.Text, server_default=<value>))",
        "for row in all_of('SELECT name FROM r'):\n    op.execute(f'DROP TABLE IF EXISTS {row[0]}')",
        "op.get_bind().execute(sa.text('UPDATE k SET name = :x'), {'x': <value>})",
        "ask(\"SELECT set_config('search_path', :x, false)\", x=<value>)",
        "<run g(*value*)>",
        "<run g(name) FROM r>",
        "<run g('b') WHERE *truth*>",
        "<run CASE WHEN *truth* THEN g('c') END>",
        "<run h()>",
        "<run set_config('search_path', *value*, false)>",
        "if <truth>:\n    raise RuntimeError('no')",
        "assert <number> != 1",
        "if <truth>:\n    return",
        "<operation>",
        "<operation>",
    )

    def _filled_in_python(self, template: str) -> str:
        """Put questions to the database where ``<truth>`` and the like stand, statements where ``<run ...>`` does."""

        def filled(match: re.Match[str]) -> str:
            what = match[1]
            if what == "operation":
                return self._chance.choice(OPERATIONS)
            if what == "division":
                return f"op.execute({f'SELECT 1 / {self.number()}'!r})"
            if what.startswith("run "):
                query = what.replace("run", "SELECT", 1).replace("*truth*", self.truth())
                return f"op.execute({query.replace('*value*', self.value())!r})"
            return f"ask({f'SELECT {self._makers[what]()}'!r})"

        return re.sub(r"<(truth|number|value|operation|division|run [^>]+)>", filled, template)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def script(chance: random.Random) -> Parts:
    """Return the body of an ``upgrade()``."""
    writer = _Writer(chance)
    if chance.random() < _SHARP:
        return writer.sharp()
    return tuple(writer.in_python(chance.choice((1, 1, 2))) for _ in range(chance.randint(1, 4)))


def shrunk(parts: Parts, still: Callable[[Parts], bool]) -> Parts:
    """Return as few parts as still have a property, which all of them have."""
    while True:
        less = next((each for each in fewer(parts) if still(each)), None)
        if less is None:
            return parts
        parts = less
