"""Files and the environment in, the settings that somebody wrote there out: keys and values, with their place.

``[alembic_contracts]`` of alembic.ini and ``[tool.alembic_contracts]`` of pyproject.toml are for every section of
Alembic's; ``[alembic_contracts:NAME]`` and ``[tool.alembic_contracts.sections.NAME]`` for ``alembic -n NAME`` alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts import texts
from alembic_contracts.documents import files
from alembic_contracts.errors import InvalidContracts, InvalidSettings
from alembic_contracts.support.paths import shown
from alembic_contracts.support.suggestions import did_you_mean, is_nearly

__all__ = ["CLOCK", "INFER", "KEYS", "Source", "of_environment", "of_ini", "of_toml"]

CLOCK = "today"
"""A setting of the environment alone."""
_OF_THE_ENVIRONMENT = (CLOCK, "report")
"""What no file can set; the file that ``report`` names is ``running/report_file.py``'s business."""
INFER = "infer"
"""A table for each consumer whose contract is worked out, in pyproject.toml alone."""
_SECTION = "alembic_contracts"
_OF_SECTIONS = "sections"
_PREFIX = "ALEMBIC_CONTRACTS_"
_LARGE = 2**63
KEYS = (
    "contracts",
    "enforce",
    "downgrade",
    "unproven",
    "autogenerate",
    "settle",
    "elsewhere",
    "exec",
    "keep_predictions",
    "predict_timeout",
    "predict_memory",
    "shadow_url",
    "snapshot",
    "lock_timeout",
    "releases",
    "rules",
)


class Source(Struct, frozen=True):
    """Keys and values as somebody wrote them."""

    values: Mapping[str, object]
    folder: Path
    """Where relative paths count from."""
    file: Path | None
    section: str
    """What the settings stand under."""

    @property
    def place(self) -> str:
        """File and section, for messages."""
        return f"{shown(self.file)}, [{self.section}]" if self.file else "the environment"

    def name(self, key: str) -> str:
        """Return a key as it is written there."""
        return f"`{key}`" if self.file else f"`{_PREFIX}{key.upper()}`"

    def invalid(self, message: str) -> InvalidSettings:
        """Return the error that says what is wrong, and where."""
        said = texts.line(texts.shortened(message, 1000))
        return InvalidSettings(f"{shown(self.file)}, [{self.section}]: {said}" if self.file else said)


def of_toml(file: Path, section: str, known: Collection[str]) -> tuple[Source, ...]:
    """Return the settings in a pyproject.toml: those for all of Alembic's sections, then those for one of them.

    Args:
        file: a pyproject.toml.
        section: the one in use, as in ``alembic --name``.
        known: all sections that there are; none where that is not known.

    Raises:
        InvalidSettings: the file is malformed, or a key in it is unknown.
    """
    with _of_settings():
        text = files.read_text(file, what="settings")
    tools = _tools(text, file)
    if _SECTION not in tools:
        return ()
    place = f"tool.{_SECTION}"
    values = dict(_table(file, place, tools[_SECTION]))
    inferred = {
        name: dict(_table(file, f"{place}.{INFER}.{name}", each))
        for name, each in _table(file, f"{place}.{INFER}", values.pop(INFER, {})).items()
    }
    sections = dict(_table(file, f"{place}.{_OF_SECTIONS}", values.pop(_OF_SECTIONS, {})))
    for name in sections:
        _refuse_unknown_section(file, f"{place}.{_OF_SECTIONS}.{name}", name, {*known, section} if known else ())
    for_all = (
        [_of_table(file, place, values, (*KEYS, _OF_SECTIONS, INFER))] if values or inferred or not sections else []
    )
    if inferred and for_all:
        for_all = [replace(for_all[0], values={**for_all[0].values, INFER: inferred})]
    own = [_of_table(file, f"{place}.{_OF_SECTIONS}.{section}", sections[section])] if section in sections else []
    return (*for_all, *own)


@lru_cache(maxsize=1)  # a command asks for its settings in several places
def _tools(text: str, file: Path) -> Mapping[str, object]:
    """Return what a pyproject.toml says of each tool."""
    from alembic_contracts.documents import toml_text

    document = toml_text.parse(text, shown(file))
    tool = document.get("tool")
    tools = tool if isinstance(tool, dict) else {}
    for each in tools:
        _refuse_misspelt(file, f"tool.{each}", f"tool.{_SECTION}")
    for each in document:
        _refuse_misspelt(file, each, f"tool.{_SECTION}")
    return tools


def _table(file: Path, place: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InvalidSettings(f"{shown(file)}: `{texts.line(place)}` must be a table.")
    return value


def _of_table(file: Path, place: str, value: object, known: Collection[str] = KEYS) -> Source:
    folder = file.absolute().parent
    values = _table(file, place, value)
    for key, stated in values.items():
        if isinstance(stated, int) and abs(stated) >= _LARGE:  # which Python may refuse to write in a message
            raise InvalidSettings(f"{shown(file)}, [{texts.line(place)}]: `{texts.line(key)}` is no such number.")
    values = {key: _with_folder(stated, folder) for key, stated in values.items()}
    return _checked(Source(values, folder, file, place), known)


@contextmanager
def _of_settings() -> Iterator[None]:
    """Tell what is wrong with a file as what is wrong with settings."""
    try:
        yield
    except InvalidContracts as error:
        raise InvalidSettings(str(error)) from None


def _with_folder(value: object, folder: Path) -> object:
    """Put the file's folder in place of ``%(here)s``, as Alembic does for its own settings."""
    if isinstance(value, str):
        return value.replace("%(here)s", folder.as_posix())
    return [_with_folder(item, folder) for item in value] if isinstance(value, list) else value


def of_ini(file: Path, section: str) -> tuple[tuple[Source, ...], frozenset[str]]:
    """Return the settings in an alembic.ini: those for all of Alembic's sections, then those for one of them.

    Args:
        file: an alembic.ini.
        section: the one in use, as in ``alembic --name``.

    Returns:
        the settings, and the names of all sections in the file.

    Raises:
        InvalidSettings: the file is malformed, or a key in it is unknown.
    """
    from alembic_contracts.documents import ini_text

    # Any bytes will do in other sections: they are Alembic's business.
    with _of_settings():
        text = files.read_bytes(file, what="settings").decode("utf-8", "surrogateescape")
    folder, sections = file.absolute().parent, set[str]()

    def read(name: str, beneath: tuple[str, ...]) -> tuple[Source, ...]:
        found = ini_text.section(text, shown(file), name, here=folder.as_posix(), known=beneath, look=sections.add)
        if found is None:
            return ()
        source = _checked(Source({**found}, folder, file, name))
        return (Source(_split_lists(source, r"[,\n]"), folder, file, name),)

    for_all = read(_SECTION, KEYS)
    for each in sorted(sections):
        _refuse_misplaced(file, each, sections, section)
    name = f"{_SECTION}:{section}"
    return (*for_all, *(read(name, ()) if name in sections else ())), frozenset(sections)


def _refuse_misplaced(file: Path, each: str, sections: Collection[str], section: str) -> None:
    """Refuse a section of an alembic.ini that is meant for us, and would be passed over in silence."""
    name = each.removeprefix(f"{_SECTION}:")
    if name == each or name == "rules" not in sections:
        _refuse_misspelt(file, each, _SECTION)
    else:
        _refuse_unknown_section(file, each, name, {*sections, section})


def of_environment(environ: Mapping[str, str], folder: Path) -> Source:
    """Return the settings in the environment, whose paths begin in a folder.

    A variable that looks like one but is none is refused: a mistyped way past the guard must not go unnoticed.
    """
    known = {f"{_PREFIX}{key.upper()}": key for key in (*KEYS, *_OF_THE_ENVIRONMENT)}
    values: dict[str, object] = {}
    for name, value in environ.items():
        if name in known:
            if value.strip():
                values[known[name]] = value.strip()
        elif name.upper().startswith(_PREFIX.rstrip("S_")):
            raise InvalidSettings(f"unknown environment variable `{name}`{did_you_mean(name, list(known))}")
    source = Source(values, folder, None, "")
    return Source(_split_lists(source, f"[,\n{re.escape(os.pathsep)}]"), source.folder, None, "")


def _split_lists(source: Source, separators: str) -> dict[str, object]:
    """Return the values with lists made of what is one text where there are no lists."""
    values = dict(source.values)
    if "contracts" in values:
        values["contracts"] = _items(values["contracts"], separators)
    if "releases" in values:
        values["releases"] = _items(values["releases"], r"[,\n]")
    if "rules" in values:
        switches: dict[str, str] = {}
        for item in _items(values["rules"], r"[,\n]"):
            rule, equals, switch = (part.strip() for part in item.partition("="))
            if not equals:
                raise source.invalid(
                    f"{source.name('rules')} must be pairs such as `column-type=warning`, not `{item}`."
                )
            if rule in switches:
                raise source.invalid(f"{source.name('rules')} names the rule `{rule}` twice.")
            switches[rule] = switch
        values["rules"] = switches
    return values


def _items(text: object, separators: str) -> list[str]:
    return [item.strip() for item in re.split(separators, str(text)) if item.strip()]


def _checked(source: Source, known: Collection[str] = KEYS) -> Source:
    for key in source.values:
        if key not in known:
            raise source.invalid(f"unknown setting `{key}`{did_you_mean(key, known)}")
    return source


def _refuse_unknown_section(file: Path, place: str, name: str, known: Collection[str]) -> None:
    """Refuse settings for a section of Alembic's that is not there: they would be passed over in silence."""
    if known and name not in known:
        ours = [each for each in known if not each.startswith(_SECTION)]
        raise InvalidSettings(
            f"{shown(file)}: [{texts.line(place)}] is for a section [{texts.line(name)}], which is not in the .ini "
            f"file{did_you_mean(name, sorted(ours))}"
        )


def _refuse_misspelt(file: Path, section: str, known: str) -> None:
    """Refuse a section whose name is nearly ours: its settings would be passed over in silence."""
    if section == known or len(section) > 2 * len(known):
        return
    bare, target = (re.sub(r"[^a-z]|^tool\.", "", name.casefold()) for name in (section, known))
    if bare.startswith(target) or is_nearly(bare, target):
        hint = " Rules are a setting in it." if bare == f"{target}rules" else ""
        raise InvalidSettings(f"{shown(file)}: unknown section [{section}]; did you mean [{known}]?{hint}")
