"""A type's spelling in, a :class:`Type` out, and back: names in capitals, what is in parentheses as it is written."""

from __future__ import annotations

import re
from functools import lru_cache

from alembic_contracts.dialects.servers import is_like_mysql
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name, Type

__all__ = ["format_type", "parse_type", "split"]

_WORDS = pattern(r"\s*([^\W\d][\w$]*)")
_INSIDE = pattern(r"\s*\(((?:[^()']|'(?:[^'\\]|''|\\.)*'|\([^()]*\))*)\)")
_DIMENSION = pattern(r"\s*\[\s*\d*\s*\]")
_MODIFIER = pattern(r"\s*((?:[^,'()]|'(?:[^'\\]|''|\\.)*'|\([^()]*\))+?)\s*(?:,|$)")
_NO_TYPE = pattern(
    r"""('(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*")"""
    r"""|\s+(?:CHARACTER\s+SET|CHARSET|COLLATE)\s+(?:"[^"]*"|\S+)|\s+(?:NOT\s+)?NULL\b|\s+(?:UNICODE|ASCII)\b"""
    r"""|/\*.*?\*/""",
    re.IGNORECASE,
)
"""What stands behind a type and is kept beside it, such as what is about a text's characters, or how it is kept
(MariaDB's ``/*M! COMPRESSED*/``); or a label of an enum, which stays."""
_BEHIND = frozenset({"UNSIGNED", "ZEROFILL", "SIGNED", "WITH", "WITHOUT"})
"""Words that stand behind what is in parentheses, with all that follow them."""


@lru_cache(maxsize=1024)  # a thousand columns have a dozen types
def parse_type(text: str, kind: str) -> Type:
    """Return the type that is spelled ``varchar(50)``, ``INTEGER UNSIGNED``, ``timestamp(6) with time zone``.

    Args:
        text: the spelling.
        kind: the kind of database whose type it is.

    Raises:
        ValueError: it cannot be a type's name.
    """
    spelled, text = text, _NO_TYPE.sub(_label if is_like_mysql(kind) else r"\1", text)
    words: list[str] = []
    modifiers: list[str] = []
    dimensions, at = 0, 0
    while text[at:].strip():
        if not dimensions and (word := _WORDS.match(text, at)):
            words.append(word[1].upper())
            at = word.end()
        elif not dimensions and words and (inside := _INSIDE.match(text, at)):
            modifiers += _MODIFIER.findall(inside[1])
            at = inside.end()
        elif words and (dimension := _DIMENSION.match(text, at)):
            dimensions += 1
            at = dimension.end()
        else:
            raise ValueError(f"{spelled!r} is not a type: {text[at:].lstrip()[:1]!r} is not understood")
    if not words:
        raise ValueError("a type name is missing")
    return Type(Name(kind, " ".join(words)), tuple(modifiers), dimensions)


def _label(found: re.Match[str]) -> str:
    """Return a label as MySQL shows it, in single quotes; nothing of what is none."""
    written = found[1] or ""
    if written.startswith('"'):
        inside = written[1:-1].replace('""', '"').replace('\\"', '"').replace("\\'", "'")
        return "'" + inside.replace("'", "''") + "'"
    return written.replace("\\'", "''")


def split(name: str) -> tuple[str, str]:
    """Return a type's name without the words that stand behind what is in parentheses, and these words."""
    words = name.split()
    at = next((number for number, word in enumerate(words) if word in _BEHIND), len(words))
    return " ".join(words[:at]), " ".join(words[at:])


def format_type(type_: Type) -> str:
    """Return the spelling: ``DECIMAL(10,2) UNSIGNED``."""
    before, behind = split(type_.name.name)
    inside = f"({','.join(type_.modifiers)})" if type_.modifiers else ""
    return f"{before}{inside} {behind}".rstrip() + ("[]" if type_.dimensions else "")
