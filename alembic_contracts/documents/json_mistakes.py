"""A text that is no JSON and the place where it stops being it in, what people get wrong there out, in words."""

from __future__ import annotations

from alembic_contracts.patterns import pattern

__all__ = ["after_the_end", "broken_string", "no_comma", "no_key", "no_value"]

_WORD = pattern(r"[\w$.+-]+")
_CONFLICT = pattern(r"(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)")
_LITERALS = {"true": "true", "false": "false", "none": "null", "null": "null", "nil": "null", "undefined": "null"}
_LOOKALIKES = {
    "'": "a single quote; JSON takes double quotes",
    "`": "a backtick; JSON takes double quotes",
    "\u201c": "a typographic quote; JSON takes plain double quotes",
    "\u201d": "a typographic quote; JSON takes plain double quotes",
    "\u2018": "a typographic quote; JSON takes plain double quotes",
    "\u2019": "a typographic quote; JSON takes plain double quotes",
    "\u00a0": "a no-break space; JSON takes plain spaces",
    "\ufeff": "a byte order mark in the middle of the text; remove it",
    "#": "JSON has no comments; use a key that begins with `x-`",
}


def no_value(text: str, offset: int) -> str:
    """Explain what stands where a value should begin."""
    if offset >= len(text):
        return "the file ends where a value should begin"
    if special := _lookalike(text, offset):
        return special
    if text[offset] in ",}]:":
        return f"a value is missing before this `{text[offset]}`"
    if word := _WORD.match(text, offset):
        return _word_as_value(word.group())
    return f"{_character(text[offset])} cannot begin a value"


def no_key(text: str, offset: int, opened: str) -> str:
    """Explain what stands where a key should begin; ``opened`` names the bracket of the object."""
    if offset >= len(text):
        return f"the file ends before {opened} is closed"
    if special := _lookalike(text, offset):
        return special
    if word := _WORD.match(text, offset):
        return f"a key takes double quotes: `{_quoted(word.group())}`"
    if text[offset] == ",":
        return "a comma too many"
    return f"{_character(text[offset])} where a key in double quotes or `}}` should stand"


def no_comma(text: str, offset: int, closing: str, opened: str) -> str:
    """Explain what stands between two members; ``closing`` is the bracket that could also stand there."""
    if offset >= len(text):
        return f"the file ends before {opened} is closed"
    if special := _lookalike(text, offset):
        return special
    if text[offset] in "}]":
        return f"`{text[offset]}` where {opened} takes `{closing}`"
    if text[offset] in '"{[' or _WORD.match(text, offset):
        return "a comma is missing before this"
    return f"{_character(text[offset])} where `,` or `{closing}` should stand"


def after_the_end(text: str, offset: int) -> str:
    """Explain what stands after the document's one value."""
    return _lookalike(text, offset) or "the document ended before this; a file holds one JSON value"


def broken_string(text: str, start: int, offset: int) -> tuple[int, str]:
    """Return where and why a string goes wrong that begins at ``start`` and is well formed up to ``offset``."""
    character = text[offset : offset + 1]
    if not character:
        return start, "the double quote that begins here is never closed"
    if character in "\r\n":
        return start, r"the double quote that begins here is not closed on its line; a line break is `\n`"
    if character == "\\":
        return offset, r"a backslash takes one of `\" \\ \/ \b \f \n \r \t`, or `\u` and four hexadecimal digits"
    return offset, f"{_character(character)} must be written as an escape (`\\u{ord(character):04x}`)"


def _lookalike(text: str, offset: int) -> str | None:
    if text.startswith(("//", "/*"), offset):
        return _LOOKALIKES["#"]
    if _CONFLICT.match(text, offset):
        return "a conflict marker of a merge was left in the file"
    return _LOOKALIKES.get(text[offset])


def _word_as_value(word: str) -> str:
    if literal := _LITERALS.get(word.casefold()):
        return f"`{word}` is written `{literal}` in JSON"
    if word[0] in "0123456789+-.":
        return f"`{_short(word)}` is no number of JSON"
    return f"text takes double quotes: `{_quoted(word)}`"


def _quoted(word: str) -> str:
    return f'"{_short(word)}"'


def _short(word: str) -> str:
    return word if len(word) <= 40 else word[:40] + "..."


def _character(character: str) -> str:
    if character.isprintable() and not character.isspace():
        return f"`{character}`"
    return f"the character U+{ord(character):04X}"
