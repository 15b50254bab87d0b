"""A JSON text in, a ``Document`` out that knows where every key and value stands.

``json.loads`` says where a syntax error is, but not where a value that turns out to be wrong later stands, keeps the
last of two equal keys and accepts NaN. The reader in ``json_scanner`` does all of that, but is slow beside ``json``: so
``json`` reads what nothing is wrong with, as nearly always, and the scanner is imported, and goes over the same text,
when somebody asks where something stands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Literal

from alembic_contracts.documents.document import Budget, Content, Document, Position
from alembic_contracts.errors import InvalidContracts
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from alembic_contracts.documents.json_scanner import Scanner

__all__ = ["MAXIMUM_DEPTH", "MAXIMUM_VALUES", "parse"]

MAXIMUM_DEPTH = 64
"""Objects and lists within each other; a contract needs seven, Python's own stack allows about a thousand."""
MAXIMUM_VALUES = 100_000
"""Values of any kind in one document; 1,600 columns with everything that can be stated take a quarter of it."""

_SURROGATE = pattern("[\ud800-\udfff]")


def parse(text: str, file: str, *, maximum_values: int = MAXIMUM_VALUES) -> Document:
    """Return the document that a JSON text holds.

    Args:
        text: The file's content, without a byte order mark.
        file: The file's name for messages.
        maximum_values: How many values it may hold.

    Raises:
        InvalidContracts: it is not JSON (one problem), or keys are duplicated, numbers not finite, characters halved
            (one problem each).
    """
    return Document(file, partial(_content, text, file, maximum_values))


def _content(text: str, file: str, maximum_values: int) -> Content:
    places = _Places(text, file, maximum_values)
    try:
        value = _sound(text, Budget(maximum_values))
    except (ValueError, RecursionError):
        value = _scanned(places.scanner)
    return Content(value, _Positions(places, "values"), _Positions(places, "keys"))


def _scanned(scanner: Scanner) -> object:
    from alembic_contracts.documents.json_scanner import MalformedError

    value = None
    try:
        value = scanner.document()
    except MalformedError as error:
        scanner.note(error.offset, error.pointer, error.message)
    if scanner.problems:
        raise InvalidContracts(tuple(scanner.problems))
    return value


# -- what is sound -----------------------------------------------------------------------------------------------------


def _sound(text: str, budget: Budget) -> object:
    """Return what a text holds.

    Raises:
        ValueError: something is wrong with it, or may be.
        RecursionError: it is nested far too deep.
    """
    if "\\ud" in text or "\\uD" in text or (not text.isascii() and _SURROGATE.search(text)):
        raise ValueError("half of a character")
    value: object = _DECODER.decode(text)
    _refuse_too_much(value, budget)
    return value


def _refuse_too_much(value: object, budget: Budget) -> None:
    """Raise a ValueError for a value that is larger than the budget has it, or nested too deep, or nearly so."""
    budget.exceeded_by("")
    layer, longest = [value], 0
    for _ in range(MAXIMUM_DEPTH + 1):
        objects = [each for each in layer if isinstance(each, dict)]
        lists = [each for each in layer if isinstance(each, list)]
        if not objects and not lists:
            return
        layer = [*chain.from_iterable(each.values() for each in objects), *chain.from_iterable(lists)]
        # The pointers of this layer: a key may have up to twice its characters there, and a list numbers its items.
        longest += 1 + max(2 * max(map(len, chain.from_iterable(objects)), default=0), len(str(len(layer))))
        if budget.exceeded_by_several(len(layer), len(layer) * longest):
            raise ValueError("large")
    raise ValueError("deep")


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a key stands twice")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("too large")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_finite, parse_constant=_no_constant)


# -- where everything stands -----------------------------------------------------------------------------------------


class _Places:
    """One text, gone over when somebody asks where something stands: few are ever told."""

    def __init__(self, text: str, file: str, maximum_values: int) -> None:
        self._read = text, file, maximum_values

    @cached_property
    def scanner(self) -> Scanner:
        from alembic_contracts.documents.json_scanner import Scanner

        return Scanner(*self._read, MAXIMUM_DEPTH)


class _Positions(Mapping[str, Position]):
    """Positions by pointer."""

    def __init__(self, places: _Places, of: Literal["values", "keys"]) -> None:
        self._places, self._of = places, of

    def _found(self) -> Mapping[str, int]:
        scanner = self._places.scanner
        if not scanner.values:
            scanner.document()
        return scanner.values if self._of == "values" else scanner.keys

    def __getitem__(self, pointer: str) -> Position:
        return self._places.scanner.position(self._found()[pointer])

    def __contains__(self, pointer: object) -> bool:
        return pointer in self._found()

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())
