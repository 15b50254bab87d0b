"""A document and a JSON Schema in, one message for each mistake out, in words rather than in JSON Schema's terms.

Beyond the standard keywords two of the editors' are used (Visual Studio Code shows them, too): where a ``pattern``
fails, ``patternErrorMessage`` of the same schema says what is wrong, and where ``anyOf`` does, ``errorMessage``.

Whether a document is valid is told by ``jsonschema_rs``, which is a hundred times as fast; ``jsonschema``, whose errors
say what and where, is imported for documents that are not, and has the last word on them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, reduce
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from alembic_contracts.documents.document import MAXIMUM_PROBLEMS, Document, child
from alembic_contracts.support.suggestions import did_you_mean, nearest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator as QuickValidator

    from alembic_contracts.errors import Problem

__all__ = ["is_valid", "validate", "validate_part"]

_MAXIMUM_ERRORS = 1000
_TYPES = {
    "array": "a list `[...]`",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object `{...}`",
    "string": "text in double quotes",
}


def validate(document: Document, schema: Path) -> tuple[Problem, ...]:
    """Return what is wrong with a document, the first 100 problems at most, nothing if it is valid.

    Args:
        document: What was read.
        schema: The file of a JSON Schema.
    """
    if is_valid(document.value, schema):
        return ()
    return tuple(islice(_once(_problems(document, schema)), MAXIMUM_PROBLEMS))


def is_valid(value: object, schema: Path, path: tuple[str, ...] = ()) -> bool:
    """Return whether a value is certainly valid.

    Args:
        value: of a document, or a name in it.
        schema: the file of a JSON Schema.
        path: where in that schema the value's own schema stands.
    """
    try:
        return _quick_validator(schema, path).is_valid(value)
    except (ValueError, OverflowError, RecursionError):  # halves of characters, endless numbers: not for Rust
        return False


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield each of them once, and look for no more than are wanted: a file can have a hundred thousand."""
    seen: set[Problem] = set()
    for problem in problems:
        if problem not in seen:
            seen.add(problem)
            yield problem


def validate_part(
    document: Document, pointer: str, value: object, schema: Path, path: tuple[str, ...]
) -> tuple[Problem, ...]:
    """Return what is wrong with one value of a document.

    Args:
        document: What was read.
        pointer: Where in it the value stands.
        value: The value.
        schema: The file of a JSON Schema.
        path: Where in that schema its own schema stands.
    """
    if is_valid(value, schema, path):
        return ()
    from jsonschema import Draft202012Validator

    found = []
    for error in Draft202012Validator(_part(schema, path)).iter_errors(value):
        mistake = _mistake(error, _keys_with_homes(schema))
        if mistake.is_worded and mistake.unknown_keys:
            continue
        at = reduce(child, mistake.path, pointer)
        subject = mistake.subject if mistake.path else f"`{path[-1]}`"
        message = f"{subject} {mistake.schema['errorMessage']}" if mistake.is_worded else f"{subject}: {error.message}"
        found.append(document.problem(at if at in document.values else pointer, message))
    return tuple(found)


def _problems(document: Document, schema: Path) -> Iterator[Problem]:
    from jsonschema.exceptions import best_match

    errors = list(islice(_validator(schema).iter_errors(cast("Any", document.value)), _MAXIMUM_ERRORS))
    for error in errors:
        if error.validator == "unevaluatedProperties":
            yield from _unevaluated(document, error, errors, _words(schema))
            continue
        # Of several ways to be valid, what is nearest to one of them is what was meant.
        mistake = _mistake(error, _keys_with_homes(schema))
        if error.context and not mistake.is_worded:
            mistake = _mistake(best_match([error]) or error, _keys_with_homes(schema))
        yield from _EXPLANATIONS.get(mistake.keyword, _anything_else)(document, mistake)


@cache
def _quick_validator(schema: Path, path: tuple[str, ...]) -> QuickValidator:
    from jsonschema_rs import Draft202012Validator, validator_for

    part = _part(schema, path)  # which does not say which draft it is in
    return cast("QuickValidator", Draft202012Validator(part) if path else validator_for(part))


@cache
def _validator(schema: Path) -> Validator:
    from jsonschema.validators import validator_for

    return validator_for(_schema(schema))(_schema(schema))


@cache
def _schema(schema: Path) -> Mapping[str, object]:
    return cast("Mapping[str, object]", json.loads(schema.read_text("utf-8")))


def _part(schema: Path, path: tuple[str, ...]) -> Any:
    """Return what stands at a place of a schema."""
    return reduce(lambda part, key: part[key], path, cast("Any", _schema(schema)))


@cache
def _keys_with_homes(schema: Path) -> Mapping[str, str]:
    """Return the keys that are known in one or two other objects only, each with those objects' own keys."""
    homes: dict[str, list[str]] = {}

    def walk(schema: object, key: str) -> None:
        if not isinstance(schema, Mapping):
            return
        for name, inner in schema.get("properties", {}).items():
            homes.setdefault(name, []).append(key)
            walk(inner, name)
        walk(schema.get("additionalProperties"), "")

    walk(_schema(schema), "")
    return {
        name: " or ".join(f"`{key}`" for key in keys)
        for name, keys in homes.items()
        if len(keys) <= 2 and "" not in keys  # the document itself and values of free keys have no key to name
    }


@cache
def _words(schema: Path) -> frozenset[str]:
    """Return the keys that a schema knows anywhere."""
    found: set[str] = set()

    def walk(part: object) -> None:
        if isinstance(part, Mapping):
            properties = part.get("properties")
            found.update(properties if isinstance(properties, Mapping) else ())
        for inner in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
            walk(inner)

    walk(_schema(schema))
    return frozenset(found)


def _unevaluated(
    document: Document, error: ValidationError, errors: Collection[ValidationError], words: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for each key that no part of a schema knows.

    Where another mistake makes a part of the schema fail, all keys that this part knows count as unknown as well: then
    only those are that stand nowhere in the schema.
    """
    path = tuple(error.absolute_path)
    others = any(tuple(e.absolute_path)[: len(path)] == path for e in errors if e.validator != error.validator)
    named = set(re.findall(r"'((?:[^'\\]|\\.)*)'", error.message))
    for key in cast("Mapping[str, object]", error.instance):
        if key in named and not (others and key in words):
            close = nearest(key, words)
            hint = f"; did you mean `{close}`?" if close is not None and close != key else ""
            yield document.key_problem(reduce(child, (*path, key), ""), f"unknown key `{key}`{hint}")


class _Mistake(Struct, frozen=True):
    """What ``jsonschema.exceptions.ValidationError`` says, without the attributes that it may not have set."""

    keyword: str
    """The keyword of JSON Schema that does not hold."""
    argument: Any
    schema: Mapping[str, Any]
    """The (sub)schema in which the keyword stands."""
    value: Any
    path: tuple[str | int, ...]
    message: str
    of_key: bool
    """Whether ``value`` is a key of the object at ``path`` rather than the value at it."""
    homes: Mapping[str, str]
    """Keys that are known elsewhere, with where that is."""

    @property
    def pointer(self) -> str:
        return reduce(child, self.path, "")

    @property
    def subject(self) -> str:
        """The name of what is wrong: its key, or its place in a list."""
        if not self.path:
            return "a contract"
        last = self.path[-1]
        return f"item {last + 1}" if isinstance(last, int) else f"`{last}`"

    @property
    def is_worded(self) -> bool:
        """Whether the schema itself says what is asked for."""
        return self.keyword == "anyOf" and "errorMessage" in self.schema

    @property
    def known_keys(self) -> list[str]:
        """Keys that the object may have, without those for editors (``$schema``)."""
        return [key for key in self.schema.get("properties", {}) if not key.startswith("$")]

    @property
    def unknown_keys(self) -> list[str]:
        """Keys of the object that its schema does not know; it may know patterns of them, such as ``^x-``."""
        if self.schema.get("additionalProperties") is not False:
            return []
        known, patterns = self.schema.get("properties", {}), self.schema.get("patternProperties", {})
        return [key for key in self.value if key not in known and not any(re.search(p, key) for p in patterns)]


def _mistake(error: ValidationError, homes: Mapping[str, str]) -> _Mistake:
    return _Mistake(
        keyword=str(error.validator),
        argument=error.validator_value,
        schema=cast("Mapping[str, Any]", error.schema),
        value=error.instance,
        path=tuple(error.absolute_path),
        message=error.message,
        of_key="propertyNames" in error.absolute_schema_path,
        homes=homes,
    )


def _unknown_keys(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    for key in mistake.unknown_keys:
        message = f"unknown key `{key}`" + did_you_mean(key, mistake.known_keys)
        if key in mistake.homes:
            message = f"`{key}` does not belong here but in {mistake.homes[key]}"
        yield document.key_problem(child(mistake.pointer, key), message)


def _missing_key(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    """Say which key is missing, unless an unknown key is that key mistyped: one mistake, one message."""
    missing = next(key for key in mistake.argument if mistake.message.startswith(repr(key)))
    if missing not in {nearest(key, mistake.known_keys) for key in mistake.unknown_keys}:
        yield document.problem(mistake.pointer, f"the key `{missing}` is missing")


def _wrong_type(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    types = [mistake.argument] if isinstance(mistake.argument, str) else mistake.argument
    expected = " or ".join(_TYPES[name] for name in types if name != "null")
    message = f"{mistake.subject} must be {expected}, not {_described(mistake.value)}"
    yield document.problem(mistake.pointer, message + _hint_at_quotes(mistake.value, types))


def _wrong_text(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    """Explain a ``pattern`` or ``minLength`` that failed, of a value or (under ``propertyNames``) of a key."""
    empty = mistake.value == ""
    if empty and mistake.keyword == "pattern" and "minLength" in mistake.schema:
        return  # minLength says so already
    reason = mistake.schema.get("patternErrorMessage", "is not of the form that is asked for")
    reason = "must not be empty" if empty else f"{reason}, not {_described(mistake.value)}"
    if mistake.of_key:
        yield document.key_problem(child(mistake.pointer, mistake.value), f"the key {reason}")
    else:
        yield document.problem(mistake.pointer, f"{mistake.subject} {reason}")


def _out_of_range(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    bound = "at least" if mistake.keyword == "minimum" else "at most"
    message = f"{mistake.subject} must be {bound} {mistake.argument}, not {mistake.value}"
    yield document.problem(mistake.pointer, message)


def _none_of_these(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    known = [value for value in mistake.argument if isinstance(value, str)]
    hint = did_you_mean(mistake.value, known) if isinstance(mistake.value, str) else ""
    expected = ", ".join(f'"{value}"' for value in known)
    message = f"{mistake.subject} must be one of {expected}, not {_described(mistake.value)}"
    yield document.problem(mistake.pointer, message + (hint if hint.endswith("?") else ""))


def _too_long(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    message = f"{mistake.subject} has {len(mistake.value):,} characters; {mistake.argument:,} are enough"
    yield document.problem(mistake.pointer, message)


def _none_of_several(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    """Say what a schema asks for in words of its own; not where a key that is mistyped says it all."""
    if not mistake.is_worded:
        yield from _anything_else(document, mistake)
    elif not mistake.unknown_keys:
        yield document.problem(mistake.pointer, f"{mistake.subject} {mistake.schema['errorMessage']}")


def _too_short(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    yield document.problem(mistake.pointer, f"{mistake.subject} must not be empty")


def _anything_else(document: Document, mistake: _Mistake) -> Iterator[Problem]:
    """Pass on what JSON Schema itself says, for keywords that have no explanation of their own here."""
    yield document.problem(mistake.pointer, mistake.message)


_EXPLANATIONS: Mapping[str, Callable[[Document, _Mistake], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "anyOf": _none_of_several,
    "enum": _none_of_these,
    "maximum": _out_of_range,
    "maxLength": _too_long,
    "minItems": _too_short,
    "minLength": _wrong_text,
    "minimum": _out_of_range,
    "pattern": _wrong_text,
    "required": _missing_key,
    "type": _wrong_type,
}


def _described(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the text "{value}"' if len(value) <= 60 else f'the text "{value[:60]}..."'
        case list():
            return "a list"
        case _:
            return "an object"


def _hint_at_quotes(value: object, types: Collection[str]) -> str:
    """Say that quotes make text of what would be right without them."""
    boolean = isinstance(value, str) and value in {"true", "false"} and "boolean" in types
    integer = isinstance(value, str) and value.isdecimal() and "integer" in types
    return "; leave the quotes out" if boolean or integer else ""
