"""An .ini text in, the settings of one of its sections out; what is wrong with it as an error with a place.

The reader is imported when there is such a file to read: many projects have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from alembic_contracts import texts
from alembic_contracts.errors import InvalidSettings
from alembic_contracts.patterns import pattern

if TYPE_CHECKING:
    from configparser import ConfigParser, Error

__all__ = ["section"]

_LINES = 20_000
_REFERENCES = 30
"""``%(name)s`` of one section: each may lead to others, ten levels deep."""
_PLACE = pattern(r"While reading from .*? \[line +\d+\]:|file: .*?, line: \d+|: .[^\n]*.(?=\n\t\[line)")


def section(
    text: str, file: str, name: str, *, here: str, known: tuple[str, ...], look: Callable[[str], None]
) -> dict[str, str] | None:
    """Return a section's settings with their references replaced, None where there is no such section.

    Args:
        text: the file's content.
        file: its name for messages.
        name: of the section.
        here: what ``%(here)s`` stands for.
        known: settings that may stand among the defaults, too.
        look: called with the name of every section.

    Raises:
        InvalidSettings: the file or a reference is malformed.
    """
    from configparser import ConfigParser, Error

    if text.count("\n") > _LINES:
        raise InvalidSettings(f"{file}:{_LINES}: settings have fewer lines.")
    parser = ConfigParser({"here": here})
    try:
        parser.read_string(text, source=file)
        for each in parser.sections():
            look(each)
        if not parser.has_section(name):
            return None
        written = _written(text, name)
        stated = [key for key in parser.options(name) if key in known or key in written]
        _refuse_endless_references(parser, file, name)
        return {key: parser.get(name, key) for key in stated}
    except Error as error:
        raise InvalidSettings(f"{file}{_line(error, text)}: {_words(error)}") from None


def _written(text: str, name: str) -> set[str]:
    """Return the keys that stand in a section itself, not among the defaults alone."""
    from configparser import RawConfigParser

    parser = RawConfigParser(default_section="", strict=False)  # which no section can be called
    parser.read_string(text)
    return set(parser.options(name))


def _refuse_endless_references(parser: ConfigParser, file: str, name: str) -> None:
    count = sum(parser.get(name, key, raw=True).count("%(") for key in parser.options(name))
    if count > _REFERENCES:
        raise InvalidSettings(f"{file}: [{name}] refers to other settings {count} times; it may {_REFERENCES} times.")


def _line(error: Error, text: str) -> str:
    """Return ``:12``; of references the line is that of the setting."""
    several = getattr(error, "errors", None)  # of ParsingError
    number = several[0][0] if several else getattr(error, "lineno", None)
    option = getattr(error, "option", None)
    if number is None and option is not None:
        found = re.search(rf"^{re.escape(option)}\s*[=:]", text, re.MULTILINE | re.IGNORECASE)
        number = None if found is None else text.count("\n", 0, found.start()) + 1
    return "" if number is None else f":{number}"


def _words(error: Error) -> str:
    return texts.line(texts.shortened(" ".join(_PLACE.sub(" ", error.message).split()), 500))
