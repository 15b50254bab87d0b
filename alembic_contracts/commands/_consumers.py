"""The tables [tool.alembic_contracts.infer.CONSUMER] of pyproject.toml in, what is asked of ``infer`` out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts import texts
from alembic_contracts.commands._inferring import Wanted, wanted
from alembic_contracts.commands._shared import WRITTEN

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.config import Settings
    from alembic_contracts.inference.sources import Source

__all__ = ["configured"]

_KEYS = {
    "owner": str,
    "format": str,
    "output": str,
    "sql-dialect": str,
    "search-path": str,
    "map": list,
    "strict": bool,
    "allow-unread": bool,
}
"""Keys of a consumer's table in pyproject.toml, beside the source's own: they are named as the options are."""
_FILES = ("output", "file")
"""Keys whose values are paths, relative to pyproject.toml."""


def configured(config: Config, values: Mapping[str, Any]) -> Iterator[Wanted]:
    """Yield what pyproject.toml asks for, in its order.

    Args:
        config: Alembic's configuration of the project.
        values: of the options that all of them share.

    Raises:
        CannotCheck: settings are none, or ask for nothing.
    """
    from alembic_contracts.errors import InvalidSettings
    from alembic_contracts.running.terms import settings_of

    settings = settings_of(config)
    if not settings.infer:
        raise InvalidSettings(
            "There is nothing to do: no table [tool.alembic_contracts.infer.CONSUMER] in pyproject.toml, such as\n"
            '[tool.alembic_contracts.infer.museum-guide]\ndbt = "museum_guide/target/manifest.json"'
        )
    found = [_of_table(settings, consumer, table, values) for consumer, table in settings.infer.items()]
    yield from found


def _of_table(settings: Settings, consumer: str, table: Mapping[str, Any], values: Mapping[str, Any]) -> Wanted:
    from alembic_contracts.errors import InvalidSettings
    from alembic_contracts.inference import sources
    from alembic_contracts.support.paths import shown

    file = settings.source or Path("pyproject.toml")
    place = f"{shown(file)}, [tool.alembic_contracts.infer.{texts.line(consumer)}]"
    stated = {key.replace("_", "-"): value for key, value in table.items()}
    named = [key for key in stated if key in sources.names()]
    if len(named) != 1:
        raise InvalidSettings(f"{place}: name one source: {', '.join(f'`{each}`' for each in sources.names())}.")
    source = sources.load(named[0])
    given = _options({key: stated[key] for key in stated if key not in named}, source, file.parent, place)
    if given.get("format_") not in (None, *WRITTEN):
        raise InvalidSettings(f"{place}: `format` must be one of {', '.join(WRITTEN)}, not {given['format_']!r}.")
    given_to = stated[named[0]] if source.INPUTS else []  # of a source that is given nothing, it is `true`
    inputs = _listed(given_to, file.parent if source.INPUTS.startswith(("PATH", "MANIFEST")) else None)
    return wanted(named[0], source, inputs, {**values, **given, "consumer_": consumer})


def _options(stated: Mapping[str, Any], source: Source, folder: Path, place: str) -> dict[str, Any]:
    """Return options as the command line would give them."""
    from alembic_contracts.errors import InvalidSettings
    from alembic_contracts.support.suggestions import did_you_mean

    own = {option.flag.removeprefix("--"): option for option in source.OPTIONS}
    given: dict[str, Any] = {}
    for key, value in stated.items():
        if key in own:
            given[own[key].variable] = _listed(value, folder if key in _FILES else None)
        elif key not in _KEYS:
            hint = did_you_mean(key, sorted({*own, *_KEYS}))
            raise InvalidSettings(f"{place}: unknown key `{texts.line(key)}`{hint}")
        elif not isinstance(value, _KEYS[key]):
            raise InvalidSettings(f"{place}: `{key}` must be a {_KEYS[key].__name__}, not {value!r}.")
        else:
            given[f"{key.replace('-', '_')}_"] = str(folder / str(value)) if key in _FILES else value
    return given


def _listed(value: Any, folder: Path | None) -> Any:
    if isinstance(value, bool):
        return value
    listed = value if isinstance(value, list) else [value]
    return tuple(_relative(folder / str(each)) if folder is not None else str(each) for each in listed)


def _relative(path: Path) -> str:
    from alembic_contracts.support.paths import shown

    return shown(path)
