"""A TOML text in, its value out; what is wrong with it as an error with a place.

The reader is imported when there is TOML to read: many projects have none.
"""

from __future__ import annotations

from typing import Any

from alembic_contracts import texts
from alembic_contracts.errors import InvalidSettings
from alembic_contracts.patterns import pattern

__all__ = ["parse"]

_AT = pattern(r" \(at line (\d+), column (\d+)\)$")
_WORK = 20_000_000
"""What keys of many parts may cost: Python's reader takes the square of their number of steps."""


def parse(text: str, file: str) -> dict[str, Any]:
    """Return what a TOML text holds.

    Args:
        text: the file's content.
        file: its name for messages.

    Raises:
        InvalidSettings: it is not TOML, or too much for Python's reader.
    """
    import tomllib

    _refuse_endless_keys(text, file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _AT.search(message)
        place = f"{file}:{at[1]}:{at[2]}" if at else _at(file, text, len(text))
        said = texts.line(texts.shortened(message[: at.start()] if at else message, 500))
        raise InvalidSettings(f"{place}: {said}.") from None
    except RecursionError as error:
        raise InvalidSettings(f"{_place(error, text, file)}: nested too deep.") from None
    except ValueError as error:  # Python's limit on the digits of an int, a day that no calendar has
        raise InvalidSettings(f"{_place(error, text, file)}: {texts.line(texts.shortened(str(error), 500))}.") from None


def _refuse_endless_keys(text: str, file: str) -> None:
    work = 0
    for number, line in enumerate(text.split("\n"), 1):
        work += line.partition("=")[0].count(".") ** 2
        if work > _WORK:
            raise InvalidSettings(f"{file}:{number}:1: keys of this many parts are no settings.")


def _place(error: BaseException, text: str, file: str) -> str:
    """Return where the reader was when it failed: it says so itself only of mistakes in the syntax."""
    position, trace = None, error.__traceback__
    while trace is not None:
        found = trace.tb_frame.f_locals.get("pos")
        position, trace = found if isinstance(found, int) else position, trace.tb_next
    if position is None:
        return file
    return _at(file, text, position)


def _at(file: str, text: str, position: int) -> str:
    return f"{file}:{text.count(chr(10), 0, position) + 1}:{position - text.rfind(chr(10), 0, position)}"
