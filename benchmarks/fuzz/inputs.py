"""A number in, one input out: a project in which one file is another than the valid one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.fuzz import bombs, mutations
from benchmarks.fuzz.seeds import FILES, NATIVE, SNAPSHOT

__all__ = ["KINDS", "Input", "Kind", "hostile", "mutated"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file."""

    file: str
    """Where it stands in a project."""
    commands: tuple[tuple[str, ...], ...]
    """The arguments of what reads it."""
    bombs: Callable[[], Mapping[str, bytes]]
    """What is known to be hard on readers of its language, by name."""
    value: Any = None
    """What it holds, where that is JSON or can be."""
    instead_of: str | None = None
    """The settings that the project must not have as well."""


@dataclass(frozen=True, slots=True)
class Input:
    """One project, and what is done to it."""

    kind: str
    name: str
    """What was done."""
    content: bytes | None
    """None: ``special`` stands in the file's place."""
    special: str = ""
    command: tuple[str, ...] = ()


_LINT = (("lint", "--format", "json"), ("lint",), ("lint", "--format", "github"))
_CHECK = (
    ("check", "--offline"),
    ("check", "--offline", "--format", "json"),
    ("check", "--offline", "--format", "junit"),
)
_SCRIPTS = (
    *_CHECK,
    ("check", "--offline", "--format", "sarif"),
    ("check", "--offline", "--format", "markdown"),
    ("plan", "--offline"),
    ("plan", "--offline", "--format", "markdown"),
    ("coverage", "--offline"),
)
_INI, _TOML = "alembic.ini", "pyproject.toml"

KINDS: Mapping[str, Kind] = {
    "contract": Kind("contracts/orders.json", _LINT, bombs.in_json, NATIVE, _INI),
    "contract judged": Kind("contracts/orders.json", _SCRIPTS, bombs.in_json, NATIVE, _INI),
    "odcs": Kind("contracts/people.odcs.yaml", _LINT, bombs.in_yaml, "odcs", _INI),
    "odcs judged": Kind("contracts/people.odcs.yaml", _SCRIPTS, bombs.in_yaml, "odcs", _INI),
    "waivers": Kind("contracts/waivers.yaml", _CHECK, bombs.in_yaml, "waivers", _INI),
    "sidecar": Kind("contracts/orders.lifecycle.yaml", _LINT, bombs.in_yaml, "sidecar", _INI),
    "pyproject.toml": Kind(_TOML, (("lint",), ("check", "--offline"), ("doctor",)), bombs.in_toml, None, _INI),
    "alembic.ini": Kind(_INI, (("lint",), ("check", "--offline"), ("doctor",)), bombs.in_ini, None, _TOML),
    "snapshot": Kind("schema_snapshot.json", _CHECK, bombs.in_json, SNAPSHOT, _INI),
    "script": Kind("migrations/versions/b2_orders.py", _SCRIPTS, bombs.in_python, None, _INI),
    "env.py": Kind("migrations/env.py", (*_CHECK, ("doctor",)), bombs.in_python, None, _INI),
}

SPECIALS = ("directory", "fifo", "loop", "dangling", "device", "unreadable")
"""What stands in the place of a file."""


def hostile(name: str, *, quick: bool = False) -> Iterator[Input]:
    """Yield the inputs of one kind that are written by hand, with each command that reads them, or with one of them."""
    kind = KINDS[name]
    specials = () if name in (_INI, _TOML, "script", "env.py") else SPECIALS  # Alembic itself opens these
    given = [(what, content, "") for what, content in kind.bombs().items()]
    for number, (what, content, special) in enumerate([*given, *((each, None, each) for each in specials)]):
        commands = (kind.commands[number % len(kind.commands)],) if quick else kind.commands
        yield from (Input(name, what, content, special, command) for command in commands)


def mutated(number: int, seed: int) -> Input:
    """Return one of endlessly many inputs, always the same for the same numbers."""
    chance = random.Random(f"{seed}/{number}")
    name = chance.choice(tuple(KINDS))
    kind = KINDS[name]
    value = _values().get(kind.value, kind.value) if isinstance(kind.value, str) else kind.value
    if value is not None and chance.random() < 0.6:
        content = mutations.of_value(value, chance)
        if chance.random() < 0.1:
            content = mutations.of_bytes(content, chance)
    else:
        content = mutations.of_bytes(FILES[kind.file].encode(), chance)
    return Input(name, f"number {number} of seed {seed}", content, "", chance.choice(kind.commands))


def _values() -> Mapping[str, Any]:
    import yaml

    files = {"odcs": "people.odcs.yaml", "waivers": "waivers.yaml", "sidecar": "orders.lifecycle.yaml"}
    return {
        name: json.loads(json.dumps(yaml.load(FILES[f"contracts/{file}"], yaml.BaseLoader)))
        for name, file in files.items()
    }
