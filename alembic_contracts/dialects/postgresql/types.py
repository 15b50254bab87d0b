"""A type's name in any spelling in, a :class:`Type` out, and back, without a database."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NoReturn

from alembic_contracts.dialects.postgresql.names import ALIASES, BUILT_IN, CATALOG, SPELLINGS, fold, quote
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name, Type
from alembic_contracts.support.suggestions import is_one_slip

__all__ = ["format_type", "misspelt_type", "modifiers_of", "parse_type"]

_TOKEN = pattern(r'\s*(?:(?P<quoted>"(?:[^"]|"")*")|(?P<word>[^\W\d][\w$]*)|(?P<number>[+-]?\d+)|(?P<mark>[()\[\],.]))')
_LONGEST_PHRASE = 3
_SHORTEST = 4
"""Letters of a name; with fewer, others are a slip away by chance."""
_LENGTH = frozenset({"bpchar", "varchar", "bit", "varbit"})
_LONGEST = {"bpchar": 10_485_760, "varchar": 10_485_760, "bit": 83_886_080, "varbit": 83_886_080}
_TIMES = frozenset({"time", "timetz", "timestamp", "timestamptz"})
_INTERVAL_FIELDS = frozenset(
    """year,month,day,hour,minute,second,year to month,day to hour,day to minute,day to second,hour to minute,
    hour to second,minute to second""".replace("\n    ", "").split(",")
)
_PRECISION = 6


@lru_cache(maxsize=1024)  # a thousand columns have a dozen types
def parse_type(text: str) -> Type:
    """Return the type that a contract spells in any way that PostgreSQL accepts in a column definition.

    Names are folded as PostgreSQL does, so ``"MySchema"."MyType"`` needs its quotes. The serial pseudo-types mean the
    integer that such a column has. ``character`` and ``bit`` without a length mean *any* length here, as they do in
    ``information_schema`` (in DDL they mean a length of 1). A name that is neither qualified nor PostgreSQL's own
    means a type that users created, in whichever schema it is: its ``name.schema`` is ``""``, and ``same_type`` lets
    that match every schema.

    Raises:
        ValueError: it cannot be a type's name; the message says why.
    """
    return _Parser(text).parse()


def misspelt_type(type_: Type) -> str | None:
    """Return the name of PostgreSQL's own that is a slip away from that of a type without a schema, None where none is.

    Users can have made a type of this name: nobody who looks at the name alone can know.
    """
    name = type_.name.name
    if type_.name.schema or len(name) < _SHORTEST:
        return None
    return next((known for known in (*ALIASES, *sorted(BUILT_IN)) if is_one_slip(name, known)), None)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        if text.strip().upper() in ("ARRAY", "USER-DEFINED"):
            self._reject("information_schema says so for any array or user type; name the type itself")
        self._tokens = self._split(text)
        self._at = 0

    def parse(self) -> Type:
        if not self._tokens:
            raise ValueError("a type name is missing")
        dimensions = 0
        if len(self._tokens) > 1 and self._tokens[1] == ("mark", "."):
            name, modifiers = self._qualified(), self._modifiers()
        elif self._tokens[0][0] == "quoted":
            name, dimensions = self._own_or_user(self._take_identifier())
            modifiers = self._modifiers()
        elif self._tokens[0][0] == "word":
            name, modifiers, dimensions = self._phrase()
        else:
            self._reject("it does not begin with a name")
        modifiers = self._checked(name, modifiers)
        dimensions += self._dimensions()
        if self._at < len(self._tokens):
            self._reject(f"{self._tokens[self._at][1]!r} is not understood")
        return Type(name, modifiers, dimensions)

    def _qualified(self) -> Name:
        schema = self._take_identifier()
        self._take("mark", ".")
        name = self._take_identifier()
        if self._take("mark", "."):
            self._reject("it has more than a schema and a name")
        return Name(schema, name)

    def _phrase(self) -> tuple[Name, tuple[str, ...], int]:
        words = [fold(value) for kind, value in self._tokens[self._at : self._at + _LONGEST_PHRASE] if kind == "word"]
        for count in range(_LONGEST_PHRASE, 0, -1):
            if (phrase := " ".join(words[:count])) in ALIASES and count <= len(words):
                self._at += count
                name, modifiers = Name(CATALOG, ALIASES[phrase]), self._modifiers()
                return (self._float(modifiers), (), 0) if phrase == "float" and modifiers else (name, modifiers, 0)
        name, dimensions = self._own_or_user(self._take_identifier())
        if name == Name(CATALOG, "interval"):
            return name, self._interval_fields() + self._modifiers(), dimensions
        modifiers = self._modifiers()
        if name in (Name(CATALOG, "time"), Name(CATALOG, "timestamp")) and self._time_zone():
            name = Name(CATALOG, f"{name.name}tz")
        return name, modifiers, dimensions

    @staticmethod
    def _own_or_user(identifier: str) -> tuple[Name, int]:
        """Find an unqualified name where PostgreSQL would: in ``pg_catalog`` first; ``_text`` is its array of text."""
        if identifier in BUILT_IN:
            return Name(CATALOG, identifier), 0
        if identifier.startswith("_") and identifier[1:] in BUILT_IN:
            return Name(CATALOG, identifier[1:]), 1
        return Name("", identifier), 0

    def _float(self, modifiers: tuple[str, ...]) -> Name:
        """Return what ``float(n)`` means: n counts binary digits (SQL)."""
        if len(modifiers) > 1 or not modifiers[0].isdigit() or not 1 <= int(modifiers[0]) <= 53:
            self._reject("float takes 1 to 53 binary digits")
        return Name(CATALOG, "float4" if int(modifiers[0]) <= 24 else "float8")

    def _time_zone(self) -> bool:
        for word, answer in (("with", True), ("without", False)):
            if self._take("word", word):
                if not (self._take("word", "time") and self._take("word", "zone")):
                    self._reject(f"'time zone' has to follow {word!r}")
                return answer
        return False

    def _interval_fields(self) -> tuple[str, ...]:
        words = []
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "word":
            word = fold(self._tokens[self._at][1])
            if word == "array":
                break
            words.append(word)
            self._at += 1
        fields = " ".join(words)
        if fields and fields not in _INTERVAL_FIELDS:
            self._reject(f"an interval has no fields {fields!r}")
        return (fields,) if fields else ()

    def _modifiers(self) -> tuple[str, ...]:
        if not self._take("mark", "("):
            return ()
        values: list[str] = []
        while True:
            kind, value = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
            if kind not in ("number", "word", "quoted"):
                self._reject("the part in parentheses is not complete")
            self._at += 1
            values.append(value.removeprefix("+"))
            if self._take("mark", ")"):
                return tuple(values)
            if not self._take("mark", ","):
                self._reject("a comma or a closing parenthesis is missing")

    def _dimensions(self) -> int:
        count = 0
        if self._take("word", "array"):
            if self._take("mark", "["):
                self._end_of_dimension()
            return 1
        while self._take("mark", "["):
            self._end_of_dimension()
            count += 1
        return count

    def _end_of_dimension(self) -> None:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "number":
            self._at += 1
        if not self._take("mark", "]"):
            self._reject("']' is missing")

    def _checked(self, name: Name, modifiers: tuple[str, ...]) -> tuple[str, ...]:
        """Return modifiers as PostgreSQL stores them, or refuse what it would refuse."""
        if name.schema != CATALOG or not modifiers:
            return modifiers
        fields = modifiers[:1] if name.name == "interval" and modifiers[0] in _INTERVAL_FIELDS else ()
        try:
            numbers = [int(modifier) for modifier in modifiers[len(fields) :]]
        except ValueError:
            self._reject("what stands in parentheses has to be numbers")
        if name.name in _LENGTH:
            good = len(numbers) == 1 and 1 <= numbers[0] <= _LONGEST[name.name]
        elif name.name in _TIMES or name.name == "interval":
            good = len(numbers) <= 1 and all(0 <= number <= _PRECISION for number in numbers)
            good = good and not (numbers and fields and not fields[0].endswith("second"))
        elif name.name == "numeric":
            scale = numbers[1] if len(numbers) == 2 else 0
            good = len(numbers) <= 2 and 1 <= numbers[0] <= 1000 and -1000 <= scale <= 1000
            numbers = [numbers[0], scale]
        else:
            self._reject(f"{SPELLINGS.get(name.name, name.name)} takes nothing in parentheses")
        if not good:
            self._reject(f"({', '.join(str(number) for number in numbers)}) is out of range or too many")
        return (*fields, *(str(number) for number in numbers))

    def _take(self, kind: str, value: str) -> bool:
        if self._at < len(self._tokens):
            there = self._tokens[self._at]
            if there[0] == kind and (there[1] == value or (kind == "word" and fold(there[1]) == value)):
                self._at += 1
                return True
        return False

    def _take_identifier(self) -> str:
        kind, value = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        if kind not in ("quoted", "word") or value == '""':
            self._reject("a name is missing")
        self._at += 1
        return value[1:-1].replace('""', '"') if kind == "quoted" else fold(value)

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                self._reject(f"{text[position:].lstrip()[:1]!r} is not understood")
            tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def _reject(self, reason: str) -> NoReturn:
        raise ValueError(f"{self._text!r} is not a type: {reason}")


def format_type(type_: Type) -> str:
    """Return the SQL spelling as PostgreSQL's ``format_type(oid, typmod)`` gives it, but user types always qualified.

    It does not depend on ``search_path``. Without a length, ``character`` and ``bit`` are spelled so, as by
    ``format_type(oid, NULL)``: it is for people to read. (In DDL, which would take them for a length of 1, such a
    column is ``bpchar`` or ``"bit"``.)
    """
    return _element(type_) + ("[]" if type_.dimensions else "")


def _element(type_: Type) -> str:
    name, modifiers = type_.name, type_.modifiers
    inside = f"({','.join(modifiers)})" if modifiers else ""
    if name.schema != CATALOG:
        return ".".join(quote(part) for part in name if part) + inside
    if name.name == "interval":
        fields = [modifier for modifier in modifiers if not modifier.isdigit()]
        digits = [f"({modifier})" for modifier in modifiers if modifier.isdigit()]
        return " ".join(["interval", *fields]) + "".join(digits)
    spelling = SPELLINGS.get(name.name) or (name.name if name.name in BUILT_IN else quote(name.name))
    if name.name in _TIMES:
        first, rest = spelling.split(" ", 1)
        return f"{first}{inside} {rest}"
    return spelling + inside


def modifiers_of(formatted: str) -> tuple[str, ...]:
    """Return the modifiers in what ``format_type(oid, typmod)`` printed: ``("10", "2")`` for ``numeric(10,2)``."""
    unquoted = re.sub(r'"(?:[^"]|"")*"', "", formatted).removesuffix("[]")
    inside = re.search(r"\((.*)\)", unquoted)
    values = tuple(inside[1].split(",")) if inside is not None else ()
    if unquoted.startswith("interval "):
        return (unquoted.removeprefix("interval ").partition("(")[0], *values)
    return values
