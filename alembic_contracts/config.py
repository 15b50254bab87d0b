"""Settings: where contracts are and what happens when one is broken.

They stand in ``pyproject.toml``::

    [tool.alembic_contracts]
    contracts = ["contracts", "../shared/contracts"]  # relative to this file; default: "contracts"
    enforce = "introduced"   # docs/reference/settings.md has all
    lock_timeout = 10        # seconds
    rules = { column-type = "warning", column-updatable = "off" }  # or "error", the default of every rule

or in ``alembic.ini``, where a list is split on line ends and commas, and ``%(here)s`` is the file's folder::

    [alembic_contracts]
    contracts =
        contracts
        ../shared/contracts
    rules =
        column-type = warning
        column-updatable = off

``ALEMBIC_CONTRACTS_CONTRACTS`` (relative to the working directory; split on commas and ``os.pathsep``),
``ALEMBIC_CONTRACTS_ENFORCE`` and so on win over the file; of ``..._RULES`` (``column-type=warning,primary-key=off``)
those that it does not name stay as in the file. Empty ones count as not set. ``ALEMBIC_CONTRACTS_TODAY=2030-12-31``
says what day it is to be, which no file can.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from alembic_contracts import texts
from alembic_contracts.documents import files, ini_text, toml_text
from alembic_contracts.errors import InvalidContracts, InvalidSettings
from alembic_contracts.support.paths import shown
from alembic_contracts.support.suggestions import did_you_mean, is_nearly

__all__ = ["Autogenerate", "Downgrade", "Enforce", "Settings", "Settle", "Switch", "Unproven", "read_settings"]

Enforce = Literal["introduced", "strict", "report"]
Downgrade = Literal["report", "refuse"]
Unproven = Literal["refuse", "warn"]
Autogenerate = Literal["refuse", "warn", "off"]
Settle = Literal["auto", "never"]
Switch = Literal["error", "warning", "off"]

_SECTION = "alembic_contracts"
_PREFIX = "ALEMBIC_CONTRACTS_"
_FOLDER = "contracts"
_SNAPSHOT = "schema_snapshot.json"
_CLOCK = "today"
_LARGE = 2**63
_KEYS = (
    "contracts",
    "enforce",
    "downgrade",
    "unproven",
    "autogenerate",
    "settle",
    "predict_timeout",
    "predict_memory",
    "shadow_url",
    "snapshot",
    "lock_timeout",
    "rules",
)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "enforce": ("introduced", "strict", "report"),
    "downgrade": ("report", "refuse"),
    "unproven": ("refuse", "warn"),
    "autogenerate": ("refuse", "warn", "off"),
    "settle": ("auto", "never"),
}
_AMOUNTS: Mapping[str, tuple[type[float], str, bool]] = {
    "predict_timeout": (float, "seconds", False),
    "predict_memory": (int, "megabytes", False),
    "lock_timeout": (float, "seconds", True),
}
_MOST = 1_000_000
_SWITCHES = ("error", "warning", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a project wants."""

    contracts: tuple[Path, ...]
    """Files and folders, absolute."""
    enforce: Enforce = "introduced"
    """Which breaks refuse an upgrade: those it introduces, standing ones as well, or none."""
    downgrade: Downgrade = "report"
    unproven: Unproven | None = None
    """None: unset; the default depends on what runs."""
    autogenerate: Autogenerate = "refuse"
    """What becomes of models that would break a contract: no revision, a warning, or nothing."""
    settle: Settle = "auto"
    """Whether `check` replays what is unproven on a scratch database, where a server can be had."""
    predict_timeout: float = 60.0
    """Seconds that the prediction of one revision may take."""
    predict_memory: int = 2048
    """Megabytes that it may take on top of what is there before."""
    shadow_url: str | None = field(default=None, repr=False)
    """SQLAlchemy URL of a scratch database; may hold a password."""
    snapshot: Path = Path(_SNAPSHOT)
    """Where a snapshot of the schema is, if there is one; absolute."""
    lock_timeout: float = 10
    """Seconds for which a look at a database waits for what another session has locked."""
    rules: Mapping[str, Switch] = field(default_factory=lambda: MappingProxyType({}))
    """By rule id; a rule that is not in it is an error."""
    today: date | None = None
    """What sunsets and expiries are compared with; only the environment can set it. None: the real day (UTC)."""
    source: Path | None = None
    """The file that holds the settings; None where no file does."""
    configured: bool = True
    """False where neither a setting nor a ``contracts`` folder asks for anything: the guard is off and silent."""


def read_settings(
    *, ini_file: Path | None, toml_file: Path | None, environ: Mapping[str, str], known_rules: Collection[str]
) -> Settings:
    """Return the settings of a project.

    Args:
        ini_file: alembic.ini, if there is one.
        toml_file: pyproject.toml, if there is one.
        environ: ``os.environ``.
        known_rules: Ids of all rules.

    Raises:
        InvalidSettings: a file cannot be read, both hold settings, a key is unknown, a value is not possible.
    """
    in_toml = _read_toml(toml_file) if toml_file is not None and toml_file.is_file() else None
    in_ini = _read_ini(ini_file) if ini_file is not None and ini_file.is_file() else None
    if in_toml is not None and in_ini is not None:
        raise InvalidSettings(
            f"Settings stand in both {in_toml.place} and {in_ini.place}; keep them in one of the two files."
        )
    stated = in_toml or in_ini
    overriding = _read_environment(environ)
    folders = [file.absolute().parent for file in (ini_file, toml_file) if file is not None and file.is_file()]
    contracts = _contracts(stated, overriding, folders or [Path.cwd()])
    values: dict[str, Any] = {}
    switches: dict[str, Switch] = {}
    for source in (stated, overriding):
        if source is not None:
            values.update(_simple_values(source))
            switches.update(_switches(source, known_rules))
    return Settings(
        contracts=contracts,
        snapshot=_snapshot(stated, overriding, folders or [Path.cwd()]),
        today=_today(overriding),
        rules=MappingProxyType(switches),
        source=stated.file if stated else None,
        configured=stated is not None or "contracts" in overriding.values or any(map(Path.is_dir, contracts)),
        **values,
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Keys and values as somebody wrote them."""

    values: Mapping[str, object]
    folder: Path
    """Where relative paths count from."""
    file: Path | None
    section: str
    """What the settings stand under."""

    @property
    def place(self) -> str:
        return f"{shown(self.file)}, [{self.section}]" if self.file else "the environment"

    def name(self, key: str) -> str:
        """Return a key as it is written there."""
        return f"`{key}`" if self.file else f"`{_PREFIX}{key.upper()}`"

    def invalid(self, message: str) -> InvalidSettings:
        said = texts.line(texts.shortened(message, 1000))
        return InvalidSettings(f"{shown(self.file)}, [{self.section}]: {said}" if self.file else said)


def _contracts(stated: _Source | None, overriding: _Source, folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the paths that are set, else the ``contracts`` folder next to the settings or next to Alembic's files."""
    for source in (overriding, stated):
        if source is not None and "contracts" in source.values:
            return tuple(source.folder / path for path in _paths(source))
    if stated is not None:
        return (stated.folder / _FOLDER,)
    defaults = tuple(dict.fromkeys(folder / _FOLDER for folder in folders))
    return tuple(folder for folder in defaults if folder.is_dir()) or defaults[:1]


def _today(overriding: _Source) -> date | None:
    value = overriding.values.get(_CLOCK)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise overriding.invalid(
            f"{overriding.name(_CLOCK)} must be a day such as 2030-12-31, not {value!r}."
        ) from None


def _snapshot(stated: _Source | None, overriding: _Source, folders: Sequence[Path]) -> Path:
    for source in (overriding, stated):
        if source is not None and "snapshot" in source.values:
            value = source.values["snapshot"]
            if not isinstance(value, str) or not value.strip():
                raise source.invalid(f"{source.name('snapshot')} must be the path of a file.")
            return source.folder / value
    return (folders[0] if stated is None else stated.folder) / _SNAPSHOT


def _paths(source: _Source) -> list[str]:
    value = source.values["contracts"]
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise source.invalid(f"{source.name('contracts')} must be a path or a list of paths, not {value!r}.")
    if not paths or not all(path.strip() for path in paths):
        raise source.invalid(f"{source.name('contracts')} names no path.")
    return paths


def _simple_values(source: _Source) -> dict[str, str | float]:
    """Return the settings that are one word, text or number."""
    values: dict[str, str | float] = {}
    for key, value in source.values.items():
        if key in _CHOICES:
            choices = _CHOICES[key]
            if value not in choices:
                hint = did_you_mean(value, choices) if isinstance(value, str) else ""
                expected = ", ".join(f'"{choice}"' for choice in choices)
                raise source.invalid(
                    f"{source.name(key)} must be one of {expected}, not {value!r}{hint if hint.endswith('?') else ''}"
                )
            values[key] = value
        elif key == "shadow_url":
            if not isinstance(value, str) or not value.strip():
                raise source.invalid(f"{source.name(key)} must be the URL of a scratch database.")
            values[key] = value
        elif key in _AMOUNTS:
            values[key] = _amount(source, key)
    return values


def _amount(source: _Source, key: str) -> float:
    """Return a setting that is a number; files for ini and the environment have texts."""
    value, (kind, what, may_be_none) = source.values[key], _AMOUNTS[key]
    try:
        amount = kind(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1
    except ValueError:
        amount = -1
    if not 0 <= amount <= _MOST or (amount == 0 and not may_be_none):
        raise source.invalid(f"{source.name(key)} must be a number of {what}, not {value!r}.")
    return amount


def _switches(source: _Source, known_rules: Collection[str]) -> dict[str, Switch]:
    """Return the severities that are set, by rule id."""
    stated = source.values.get("rules", {})
    if not isinstance(stated, Mapping):
        raise source.invalid(f"{source.name('rules')} must be a table of rule ids, not {stated!r}.")
    for rule, switch in stated.items():
        if rule not in known_rules:
            raise source.invalid(
                f"{source.name('rules')} names an unknown rule `{rule}`{did_you_mean(rule, sorted(known_rules))}"
            )
        if switch not in _SWITCHES:
            expected = ", ".join(f'"{choice}"' for choice in _SWITCHES)
            raise source.invalid(f"{source.name('rules')}: `{rule}` must be one of {expected}, not {switch!r}.")
    return dict(stated)


def _read_toml(file: Path) -> _Source | None:
    """Return the settings in a pyproject.toml, or None if it holds none."""
    document = toml_text.parse(_text(file), shown(file))
    tool = document.get("tool")
    tools = tool if isinstance(tool, dict) else {}
    for section in tools:
        _refuse_misspelt(file, f"tool.{section}", f"tool.{_SECTION}")
    for section in document:
        _refuse_misspelt(file, section, f"tool.{_SECTION}")
    if _SECTION not in tools:
        return None
    folder = file.absolute().parent
    values = tools[_SECTION]
    if not isinstance(values, dict):
        raise InvalidSettings(f"{shown(file)}: `tool.{_SECTION}` must be a table.")
    for key, value in values.items():
        if isinstance(value, int) and abs(value) >= _LARGE:  # which Python may refuse to write in a message
            raise InvalidSettings(f"{shown(file)}, [tool.{_SECTION}]: `{texts.line(key)}` is no such number.")
    values = {key: _with_folder(value, folder) for key, value in values.items()}
    return _checked(_Source(values, folder, file, f"tool.{_SECTION}"))


def _text(file: Path) -> str:
    try:
        return files.read_text(file, what="settings")
    except InvalidContracts as error:
        raise InvalidSettings(str(error)) from None


def _read(file: Path) -> bytes:
    try:
        return files.read_bytes(file, what="settings")
    except InvalidContracts as error:
        raise InvalidSettings(str(error)) from None


def _with_folder(value: object, folder: Path) -> object:
    """Put the file's folder in place of ``%(here)s``, as Alembic does for its own settings."""
    if isinstance(value, str):
        return value.replace("%(here)s", folder.as_posix())
    return [_with_folder(item, folder) for item in value] if isinstance(value, list) else value


def _read_ini(file: Path) -> _Source | None:
    """Return the settings in an alembic.ini, or None if it holds none."""
    folder = file.absolute().parent

    def look(section: str) -> None:
        _refuse_misspelt(file, section, _SECTION)

    # Any bytes will do in other sections: they are Alembic's business.
    text = _read(file).decode("utf-8", "surrogateescape")
    found = ini_text.section(text, shown(file), _SECTION, here=folder.as_posix(), known=_KEYS, look=look)
    if found is None:
        return None
    values: dict[str, object] = {**found}
    source = _checked(_Source(values, folder, file, _SECTION))
    return _Source(_split_lists(source, r"[,\n]"), folder, file, _SECTION)


def _read_environment(environ: Mapping[str, str]) -> _Source:
    """Return the settings in the environment.

    A variable that looks like one but is none is refused: a mistyped way past the guard must not go unnoticed.
    """
    known = {f"{_PREFIX}{key.upper()}": key for key in (*_KEYS, _CLOCK)}
    values: dict[str, object] = {}
    for name, value in environ.items():
        if name in known:
            if value.strip():
                values[known[name]] = value.strip()
        elif name.upper().startswith(_PREFIX.rstrip("S_")):
            raise InvalidSettings(f"unknown environment variable `{name}`{did_you_mean(name, list(known))}")
    source = _Source(values, Path.cwd(), None, "")
    return _Source(_split_lists(source, f"[,\n{re.escape(os.pathsep)}]"), source.folder, None, "")


def _split_lists(source: _Source, separators: str) -> dict[str, object]:
    """Return the values with lists made of what is one text where there are no lists."""
    values = dict(source.values)
    if "contracts" in values:
        values["contracts"] = _items(values["contracts"], separators)
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


def _checked(source: _Source) -> _Source:
    for key in source.values:
        if key not in _KEYS:
            raise source.invalid(f"unknown setting `{key}`{did_you_mean(key, _KEYS)}")
    return source


def _refuse_misspelt(file: Path, section: str, known: str) -> None:
    """Refuse a section whose name is nearly ours: its settings would be passed over in silence."""
    if section == known or len(section) > 2 * len(known):
        return
    bare, target = (re.sub(r"[^a-z]|^tool\.", "", name.casefold()) for name in (section, known))
    if bare.startswith(target) or is_nearly(bare, target):
        hint = " Rules are a setting in it." if bare == f"{target}rules" else ""
        raise InvalidSettings(f"{shown(file)}: unknown section [{section}]; did you mean [{known}]?{hint}")
