"""The Open Data Contract Standard, version 3 (3.0 to 3.2), in YAML or JSON.

https://bitol-io.github.io/open-data-contract-standard

``schema`` (tables and columns), ``servers``, ``team``, ``support`` and ``status`` are read; quality and service levels
are other tools' business. What the standard has no field for is stated by ``customProperties`` called
``alembic_contracts.NAME``, in the words of the base format.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import NOT_STATED, Contract, Deprecation, Ending, Fact, Owner, Stage
from alembic_contracts.documents import json_text
from alembic_contracts.documents.document import Document, objects
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.patterns import pattern

__all__ = ["MARK", "SUFFIXES", "contracts", "doubts", "parse"]

SUFFIXES = (".yaml", ".yml", ".json")
MARK = "kind"

_STAGES: Mapping[str, Stage] = {
    "proposed": "draft",
    "draft": "draft",
    "active": "active",
    "deprecated": "deprecated",
    "retired": "retired",
}
"""``status`` is free text; the standard names these."""

_VARIABLE = pattern(r"\$\{(\w+)(?::-([^}]*))?\}")
"""Version 3.2 allows references to the environment in every text."""


def parse(text: str, file: str) -> Document:
    """Return what a file's text holds.

    Raises:
        InvalidContracts: the text is malformed.
        CannotCheck: it is YAML, and the library for that is not installed.
    """
    if file.casefold().endswith(".json"):
        return json_text.parse(text, file)
    from alembic_contracts.documents import yaml_text

    return yaml_text.parse(text, file)


def doubts(document: Document) -> Iterator[Problem]:
    """Yield what other tools would refuse, and words that nobody reads as they are."""
    from alembic_contracts.contracts.formats._odcs_published import departures

    return departures(document)


def contracts(document: Document) -> tuple[Contract, ...]:
    """Return the one contract in a document; it may be about several tables.

    Raises:
        InvalidContracts: with every problem of the document.
    """
    from alembic_contracts.contracts.formats._odcs_shape import problems

    found = list(problems(document))
    if found:
        raise InvalidContracts(tuple(found))
    return (_contract(document, cast("dict[str, Any]", document.value)),)


def _contract(document: Document, value: Mapping[str, Any]) -> Contract:
    from alembic_contracts.contracts.formats._odcs_custom import custom
    from alembic_contracts.contracts.formats._odcs_servers import kind_of, of_kind
    from alembic_contracts.contracts.formats._odcs_shape import unknown
    from alembic_contracts.contracts.formats._odcs_tables import TableReader

    stated = custom(document, value, "")
    servers = [server for server in value.get("servers") or () if isinstance(server, dict)]
    kind = kind_of(servers)
    own = of_kind(kind, servers)
    about = kind, _schema_of(own, kind)
    tables = value.get("schema") or []
    readers = [TableReader(document, each, f"/schema/{number}", about, tables) for number, each in enumerate(tables)]
    facts = tuple(fact for reader in readers for fact in reader.facts())
    found = [problem for reader in readers for problem in reader.problems]
    if found:
        raise InvalidContracts(tuple(found))
    return Contract(
        namespace=str(value.get("domain") or "odcs").replace("/", "."),
        name=str(value.get("name") or value["id"]).replace("/", "."),
        owner=_owner(value),
        facts=facts,
        location=document.location("/name" if value.get("name") else "/id"),
        description=_purpose(value),
        descriptions=tuple(text for reader in readers for text in reader.descriptions()),
        used_by={key: places for reader in readers for key, places in reader.used_by()},
        resource=_resource(own, kind),
        kind=kind,
        unread=_unread(value),
        unknown=tuple(unknown(document)),
        catalog=next((name for each in own if (name := _resolved(each.get("database")))), None),
        version=str(value["version"]) if value.get("version") is not None else None,
        compatibility=stated.get("compatibility") or "reader",
        of_tables={reader.table: reader.compatibility for reader in readers if reader.compatibility},
        stage=_STAGES.get(str(value.get("status") or "active").lower(), "active"),
        deprecations=(*_deprecations(document, value), *(d for reader in readers for d in reader.deprecations())),
        ending=partial(_ending, document),
    )


def _ending(document: Document, fact: Fact) -> Ending | None:
    """Return what to write so that a column's promises end on a day, or a table's where the fact is stated there."""
    from alembic_contracts.contracts.formats._ending import DAY, as_item, as_member
    from alembic_contracts.contracts.formats._odcs_custom import VENDOR

    parts = fact.location.pointer.split("/")  # /schema/0/properties/3/physicalType
    pointer = "/".join(parts[:5] if fact.column is not None and parts[3] == "properties" else parts[:3])
    stated = cast("Mapping[str, Any]", document.value_at(pointer))
    item = {"property": f"{VENDOR}.sunset", "value": DAY}
    if "customProperties" in stated:
        return as_item(document, f"{pointer}/customProperties", item)
    named = "name" if "name" in stated else "physicalName"
    return as_member(document, pointer, "customProperties", [item], beside=named)


def _schema_of(servers: Sequence[Mapping[str, Any]], kind: str) -> str:
    """Return the schema in which tables without one are: the one that all servers name, else the usual one."""
    names = {_resolved(server.get("schema")) for server in servers} - {None}
    return (names.pop() if len(names) == 1 else None) or dialects.load(kind).DEFAULT_SCHEMA


def _resolved(text: object) -> str | None:
    """Return a text with its variables replaced (``${NAME}``, ``${NAME:-default}``); None where one is not known."""
    if not isinstance(text, str) or not text:
        return None

    def value(match: re.Match[str]) -> str:
        return os.environ.get(match[1]) or match[2] or "${"

    found = _VARIABLE.sub(value, text)
    return None if "${" in found else found


_UNREAD = ("quality", "slaProperties", "slaDefaultElement", "price", "roles")


def _unread(value: object) -> tuple[str, ...]:
    """Return the sections of other tools that a contract has anywhere: of its own, of a table or of a column."""
    found = {name for each in objects(value) for name in _UNREAD if each.get(name)}
    return tuple(name for name in _UNREAD if name in found)


def _resource(servers: Sequence[Mapping[str, Any]], kind: str) -> str | None:
    for server in servers:
        if server.get("host") and server.get("database"):
            port = f":{server['port']}" if server.get("port") else ""
            return f"{kind}://{server['host']}{port}/{server['database']}"
    return next((str(each["location"]) for each in servers if each.get("location")), None)


def _owner(value: Mapping[str, Any]) -> Owner:
    """Return who answers for it: the team, its owner or first member, else whose data it is, else ``NOT_STATED``."""
    team = value.get("team")
    members = team.get("members") if isinstance(team, dict) else team
    people = [
        each
        for each in (members if isinstance(members, list) else ())
        if isinstance(each, dict) and not each.get("dateOut")
    ]
    people.sort(key=lambda each: "owner" not in str(each.get("role", "")).lower())
    name = team.get("name") if isinstance(team, dict) else None
    email = next((str(p["username"]) for p in people if "@" in str(p.get("username", ""))), None) or _support(value)
    if name is None and people:
        name = people[0].get("name") or people[0].get("username")
    return Owner(str(name or value.get("dataProduct") or value.get("domain") or NOT_STATED), email)


def _support(value: Mapping[str, Any]) -> str | None:
    for channel in value.get("support") or ():
        if not isinstance(channel, dict):
            continue
        match = re.search(r"(?:mailto:)?([^\s:<>]+@[^\s<>?]+)", str(channel.get("url") or channel.get("channel") or ""))
        if match:
            return match[1]
    return None


def _purpose(value: Mapping[str, Any]) -> str:
    description = value.get("description")
    return str((description or {}).get("purpose") or "") if isinstance(description, dict) else str(description or "")


def _deprecations(document: Document, value: Mapping[str, Any]) -> Iterator[Deprecation]:
    from alembic_contracts.contracts.formats._odcs_custom import days

    sunset = days(document, value, "")
    if sunset is not None:
        yield Deprecation(sunset=sunset[0], location=sunset[1])
    elif str(value.get("status", "")).lower() == "deprecated":
        yield Deprecation(location=document.location("/status"))
