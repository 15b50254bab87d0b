"""``<name>.lifecycle.yaml`` beside a contract in, the contract with its status and sunsets out."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, cast, get_args

from alembic_contracts.contracts.contract import Compatibility, Contract, Deprecation
from alembic_contracts.contracts.contract_files import SIDECARS
from alembic_contracts.documents.document import MAXIMUM_PROBLEMS, Document, child
from alembic_contracts.documents.files import read_beside
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Name
from alembic_contracts.support.paths import shown
from alembic_contracts.support.suggestions import did_you_mean

__all__ = ["amended", "contract_beside"]

_KEYS = ("status", "sunset", "compatibility", "tables", "columns")
_CHOICES = {
    "status": ("draft", "active", "deprecated", "retired"),
    "compatibility": get_args(Compatibility),
}
_SUFFIX = pattern(r"(\.odcs)?\.(json|ya?ml)$", re.IGNORECASE)


def amended(contracts: tuple[Contract, ...], path: Path) -> tuple[Contract, ...]:
    """Return the contracts of a file with what its sidecar says, if there is one.

    Raises:
        InvalidContracts: with every problem of the sidecar.
    """
    stem = _stem(path)
    for suffix in SIDECARS:
        sidecar = path.with_name(f"{stem}{suffix}")
        if (text := read_beside(sidecar)) is not None:
            from alembic_contracts.documents import yaml_text

            document = yaml_text.parse(text, shown(sidecar))
            problems = (problem for contract in contracts for problem in _problems(document, contract))
            if found := tuple(dict.fromkeys(islice(problems, MAXIMUM_PROBLEMS))):
                raise InvalidContracts(found)
            return tuple(_amended(contract, document) for contract in contracts)
    return contracts


def contract_beside(sidecar: Path) -> Path | None:
    """Return the contract's file that a sidecar belongs to, None where there is none."""
    stem = next(sidecar.name.removesuffix(end) for end in SIDECARS if sidecar.name.endswith(end))
    return next((path for path in sorted(sidecar.parent.iterdir()) if _stem(path) == stem and path != sidecar), None)


def _stem(contract: Path) -> str | None:
    found = _SUFFIX.search(contract.name)
    return None if found is None else contract.name[: found.start()]


def _amended(contract: Contract, document: Document) -> Contract:
    value = cast("dict[str, Any]", document.value)
    return dataclasses.replace(
        contract,
        stage=value.get("status") or contract.stage,
        compatibility=value.get("compatibility") or contract.compatibility,
        of_tables={} if value.get("compatibility") else contract.of_tables,
        deprecations=(*contract.deprecations, *_deprecations(contract, document)),
    )


def _deprecations(contract: Contract, document: Document) -> Iterator[Deprecation]:
    value = cast("dict[str, Any]", document.value)
    if value.get("sunset") or value.get("status") == "deprecated":
        key = "sunset" if value.get("sunset") else "status"
        yield Deprecation(sunset=_day(value.get("sunset")), location=document.location(f"/{key}"))
    for name, stated in (value.get("tables") or {}).items():
        location = document.location(child("/tables", name))
        yield Deprecation(table=_table(contract, name), sunset=_day(stated["sunset"]), location=location)
    for name, stated in (value.get("columns") or {}).items():
        table, column = cast("tuple[Name, str]", _column(contract, name))
        location = document.location(child("/columns", name))
        yield Deprecation(table=table, column=column, sunset=_day(stated["sunset"]), location=location)


def _problems(document: Document, contract: Contract) -> Iterator[Problem]:
    value = document.value
    if not isinstance(value, dict):
        yield document.problem("", f"must be an object with {', '.join(f'`{key}`' for key in _KEYS)}")
        return
    for key in value:
        if key not in _KEYS:
            yield document.key_problem(child("", key), f"unknown key `{key}`{did_you_mean(key, _KEYS)}")
    for key, choices in _CHOICES.items():
        if value.get(key) is not None and value[key] not in choices:
            yield document.problem(f"/{key}", f"`{key}` must be one of {', '.join(choices)}, not {value[key]!r}")
    yield from _wrong_day(document, value, "")
    tables = [table.name for table in contract.tables]
    columns = [column for table in contract.tables for column in contract.columns(table)]
    for key, known in (("tables", tables), ("columns", columns)):
        stated = value.get(key) or {}
        if not isinstance(stated, dict):
            yield document.problem(f"/{key}", f"`{key}` must be an object by name")
            continue
        for name, each in stated.items():
            yield from _wrong_part(document, contract, (key, name), each, sorted(known))


def _wrong_part(
    document: Document, contract: Contract, path: tuple[str, str], stated: object, known: list[str]
) -> Iterator[Problem]:
    key, name = path
    at = child(f"/{key}", name)
    if (_table if key == "tables" else _column)(contract, name) is None:
        yield document.key_problem(at, f"the contract states nothing of `{name}`{did_you_mean(name, known)}")
    elif not isinstance(stated, dict) or list(stated) != ["sunset"]:
        yield document.problem(at, f"`{name}` must be an object with `sunset`")
    else:
        yield from _wrong_day(document, stated, at)


def _wrong_day(document: Document, value: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    stated = value.get("sunset")
    try:
        if stated is not None:
            _day(stated)
    except (TypeError, ValueError):
        yield document.problem(f"{pointer}/sunset", f"`sunset` must be a day such as 2030-12-31, not {stated!r}")


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _table(contract: Contract, name: str) -> Name | None:
    return next((table for table in contract.tables if name in (table.name, str(table))), None)


def _column(contract: Contract, name: str) -> tuple[Name, str] | None:
    """Return the column that ``column``, ``table.column`` or ``schema.table.column`` names."""
    for table in contract.tables:
        for column in contract.columns(table):
            if name in (column, f"{table.name}.{column}", f"{table}.{column}"):
                return table, column
    return None
