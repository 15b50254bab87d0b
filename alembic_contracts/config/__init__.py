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

Where a project has several sections for Alembic (``alembic --name other``), ``[alembic_contracts:other]``, or
``[tool.alembic_contracts.sections.other]``, has what differs for one of them; what it leaves out stays as above.

``ALEMBIC_CONTRACTS_CONTRACTS`` (relative to the working directory; split on commas and ``os.pathsep``),
``ALEMBIC_CONTRACTS_ENFORCE`` and so on win over the file; of ``..._RULES`` (``column-type=warning,primary-key=off``)
those that it does not name stay as in the file. Empty ones count as not set. ``ALEMBIC_CONTRACTS_TODAY=2030-12-31``
says what day it is to be, and ``ALEMBIC_CONTRACTS_REPORT=report.json`` where what is found is written; no file can.

sources           files and the environment -> what somebody wrote there

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from alembic_contracts.config.sources import CLOCK, INFER, Source, of_environment, of_ini, of_toml
from alembic_contracts.errors import InvalidSettings
from alembic_contracts.support.suggestions import did_you_mean

__all__ = [
    "Autogenerate",
    "Downgrade",
    "Elsewhere",
    "Enforce",
    "Exec",
    "Settings",
    "Settle",
    "Switch",
    "Unproven",
    "read_settings",
]

Enforce = Literal["introduced", "strict", "report"]
Downgrade = Literal["report", "refuse"]
Unproven = Literal["refuse", "warn"]
Autogenerate = Literal["refuse", "warn", "off"]
Settle = Literal["auto", "never"]
Exec = Literal["auto", "never"]
KeepPredictions = Literal["auto", "never"]
Elsewhere = Literal["shape", "warn", "off"]
Switch = Literal["error", "warning", "off"]

_FOLDER = "contracts"
_SNAPSHOT = "schema_snapshot.json"
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "enforce": ("introduced", "strict", "report"),
    "downgrade": ("report", "refuse"),
    "unproven": ("refuse", "warn"),
    "autogenerate": ("refuse", "warn", "off"),
    "settle": ("auto", "never"),
    "exec": ("auto", "never"),
    "keep_predictions": ("auto", "never"),
    "elsewhere": ("shape", "warn", "off"),
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
    exec: Exec = "auto"
    """Whether commands that look ahead may run version scripts; never: as with ``--no-exec``."""
    keep_predictions: KeepPredictions = "auto"
    """Whether what an upgrade finds out of scripts is left in a file for the next process that upgrades with them."""
    elsewhere: Elsewhere = "shape"
    """What becomes of contracts on another kind of database than the one that they are about."""
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
    releases: tuple[str, ...] = ()
    """Git refs whose applications have to go on running, for ``check``."""
    rules: Mapping[str, Switch] = field(default_factory=lambda: MappingProxyType({}))
    """By rule id; a rule that is not in it is an error."""
    infer: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    """By consumer, what its contract is worked out of: options of ``infer``, paths relative to the file."""
    today: date | None = None
    """What sunsets and expiries are compared with; only the environment can set it. None: the real day (UTC)."""
    source: Path | None = None
    """The file that holds the settings; None where no file does."""
    configured: bool = True
    """False where neither a setting nor a ``contracts`` folder asks for anything: the guard is off and silent."""


def read_settings(
    *,
    ini_file: Path | None,
    toml_file: Path | None,
    environ: Mapping[str, str],
    known_rules: Collection[str],
    section: str = "alembic",
    folder: Path | None = None,
) -> Settings:
    """Return the settings of a project.

    Args:
        ini_file: alembic.ini, if there is one.
        toml_file: pyproject.toml, if there is one.
        environ: ``os.environ``.
        known_rules: Ids of all rules.
        section: Alembic's own section that is in use, as in ``alembic --name``.
        folder: where paths in ``environ`` begin; None: the working directory.

    Raises:
        InvalidSettings: a file cannot be read, both hold settings, a key is unknown, a value is not possible.
    """
    in_ini, names = of_ini(ini_file, section) if ini_file is not None and ini_file.is_file() else ((), frozenset())
    in_toml = of_toml(toml_file, section, names) if toml_file is not None and toml_file.is_file() else ()
    if in_toml and in_ini:
        raise InvalidSettings(
            f"Settings stand in both {in_toml[0].place} and {in_ini[0].place}; keep them in one of the two files."
        )
    stated = in_toml or in_ini
    here = folder or Path.cwd()
    overriding = of_environment(environ, here)
    folders = [file.absolute().parent for file in (ini_file, toml_file) if file is not None and file.is_file()]
    sources = (*stated, overriding)
    contracts = _contracts(sources, folders or [here])
    values: dict[str, Any] = {}
    switches: dict[str, Switch] = {}
    for source in sources:
        values.update(_simple_values(source))
        switches.update(_switches(source, known_rules))
    return Settings(
        contracts=contracts,
        snapshot=_snapshot(sources, folders or [here]),
        infer=MappingProxyType(_inferred(stated)),
        releases=_releases(sources),
        today=_today(overriding),
        rules=MappingProxyType(switches),
        source=stated[0].file if stated else None,
        configured=bool(stated) or "contracts" in overriding.values or any(map(Path.is_dir, contracts)),
        **values,
    )


def _contracts(sources: Sequence[Source], folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the paths that are set, else the ``contracts`` folder next to the settings or next to Alembic's files.

    Args:
        sources: the settings, those that win last: a file's first, if there are any, the environment's last.
        folders: where Alembic's files are.
    """
    for source in reversed(sources):
        if "contracts" in source.values:
            return tuple(source.folder / path for path in _paths(source))
    if len(sources) > 1:
        return (sources[0].folder / _FOLDER,)
    defaults = tuple(dict.fromkeys(folder / _FOLDER for folder in folders))
    return tuple(folder for folder in defaults if folder.is_dir()) or defaults[:1]


def _inferred(stated: Sequence[Source]) -> dict[str, Mapping[str, Any]]:
    return {name: each for source in stated for name, each in cast("Any", source.values.get(INFER, {})).items()}


def _today(overriding: Source) -> date | None:
    value = overriding.values.get(CLOCK)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise overriding.invalid(f"{overriding.name(CLOCK)} must be a day such as 2030-12-31, not {value!r}.") from None


def _snapshot(sources: Sequence[Source], folders: Sequence[Path]) -> Path:
    for source in reversed(sources):
        if "snapshot" in source.values:
            value = source.values["snapshot"]
            if not isinstance(value, str) or not value.strip():
                raise source.invalid(f"{source.name('snapshot')} must be the path of a file.")
            return source.folder / value
    return (folders[0] if len(sources) == 1 else sources[0].folder) / _SNAPSHOT


def _releases(sources: Sequence[Source]) -> tuple[str, ...]:
    for source in reversed(sources):
        if "releases" in source.values:
            value = source.values["releases"]
            refs = [value] if isinstance(value, str) else value
            if not isinstance(refs, list) or not all(isinstance(ref, str) and ref.strip() for ref in refs):
                raise source.invalid(f"{source.name('releases')} must be a git ref or a list of them, not {value!r}.")
            return tuple(refs)
    return ()


def _paths(source: Source) -> list[str]:
    value = source.values["contracts"]
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise source.invalid(f"{source.name('contracts')} must be a path or a list of paths, not {value!r}.")
    if not paths or not all(path.strip() for path in paths):
        raise source.invalid(f"{source.name('contracts')} names no path.")
    return paths


def _simple_values(source: Source) -> dict[str, str | float]:
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


def _amount(source: Source, key: str) -> float:
    """Return a setting that is a number; files for ini and the environment have texts."""
    value, (kind, what, may_be_none) = source.values[key], _AMOUNTS[key]
    try:
        amount = kind(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1
    except ValueError:
        amount = -1
    if not 0 <= amount <= _MOST or (amount == 0 and not may_be_none):
        raise source.invalid(f"{source.name(key)} must be a number of {what}, not {value!r}.")
    return amount


def _switches(source: Source, known_rules: Collection[str]) -> dict[str, Switch]:
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
