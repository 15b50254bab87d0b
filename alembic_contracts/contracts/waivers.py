"""``waivers.yaml`` beside the contracts in, what their owners permit to be broken for a time out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, cast

from alembic_contracts.contracts.contract import Contract, Waiver
from alembic_contracts.contracts.contract_files import WAIVERS
from alembic_contracts.documents import yaml_text
from alembic_contracts.documents.document import MAXIMUM_PROBLEMS, Document
from alembic_contracts.documents.files import read_beside
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.support.paths import is_folder, shown
from alembic_contracts.support.suggestions import did_you_mean

__all__ = ["files", "read", "read_file", "stanza"]

_KEYS = ("contract", "fact", "revision", "reason", "approver", "expiry")
_LONGEST = 1000
_OPTIONAL = ("revision",)


def read(paths: Sequence[Path], contracts: Sequence[Contract]) -> tuple[Waiver, ...]:
    """Return the waivers beside the contracts.

    Args:
        paths: the files and folders of the contracts.
        contracts: what they hold, which waivers name.

    Raises:
        InvalidContracts: with every problem of every file.
    """
    found: list[Waiver] = []
    problems: list[Problem] = []
    for first in files(paths):
        for file in (first.with_name(name) for name in WAIVERS):
            try:
                found.extend(read_file(file, contracts))
            except InvalidContracts as invalid:
                problems.extend(invalid.problems)
    if problems:
        raise InvalidContracts(tuple(problems))
    return tuple(found)


def read_file(file: Path, contracts: Sequence[Contract]) -> tuple[Waiver, ...]:
    """Return the waivers in one file, none where it is not there.

    Raises:
        InvalidContracts: with every problem of the file.
    """
    text = read_beside(file)
    if text is None:
        return ()
    document = yaml_text.parse(text, shown(file))
    if wrong := tuple(islice(_problems(document), MAXIMUM_PROBLEMS)):
        raise InvalidContracts(wrong)
    return tuple(_waivers(document, contracts))


def files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return where waivers can be written, beside the files and in the folders of the contracts."""
    folders = dict.fromkeys(path if is_folder(path) else path.parent for path in paths)
    return tuple(folder / WAIVERS[0] for folder in folders)


def stanza(contract: str, fact: str, revision: str) -> str:
    """Return what to add to the list in ``waivers.yaml`` so that a revision may break a fact until some day."""
    return (
        f"  - contract: {contract}\n"
        f"    fact: {fact}\n"
        f"    revision: {revision}\n"
        "    reason: why, and who has agreed\n"
        "    approver: who answers for the contract\n"
        "    expiry: YYYY-MM-DD"
    )


def _problems(document: Document) -> Iterator[Problem]:
    value = document.value
    if not isinstance(value, dict) or set(value) != {"waivers"} or not isinstance(value["waivers"], list | None):
        yield document.problem("", "must be an object with one key, `waivers`, a list")
        return
    for position, stated in enumerate(value["waivers"] or []):
        at = f"/waivers/{position}"
        if not isinstance(stated, dict):
            yield document.problem(at, "a waiver must be an object")
            continue
        yield from _problems_of(document, stated, at)


def _problems_of(document: Document, stated: Mapping[str, Any], at: str) -> Iterator[Problem]:
    for key in stated:
        if key not in _KEYS:
            yield document.key_problem(f"{at}/{key}", f"unknown key `{key}`{did_you_mean(key, _KEYS)}")
    for key in _KEYS:
        if key not in stated and key not in _OPTIONAL:
            if not any(f"`{key}`" in did_you_mean(other, _KEYS) for other in stated if other not in _KEYS):
                yield document.problem(at, f"the key `{key}` is missing")
        elif key == "expiry":
            if not _is_day(stated[key]):
                yield document.problem(f"{at}/{key}", f"`expiry` must be a day such as 2030-12-31, not {stated[key]!r}")
        elif key in stated and not (str(stated[key] or "").strip().strip(".")):
            yield document.problem(f"{at}/{key}", f"`{key}` must not be empty")
        elif len(str(stated.get(key))) > _LONGEST:
            yield document.problem(f"{at}/{key}", f"`{key}` is too long; {_LONGEST:,} characters are enough")


def _is_day(stated: object) -> bool:
    try:
        return isinstance(stated, str) and bool(date.fromisoformat(stated))
    except ValueError:
        return False


def _waivers(document: Document, contracts: Sequence[Contract]) -> Iterator[Waiver]:
    value = cast("dict[str, Any]", document.value)
    for position, stated in enumerate(value["waivers"] or []):
        revision = stated.get("revision")
        yield Waiver(
            contract=str(stated["contract"]),
            fact=_fact(str(stated["fact"]), str(stated["contract"]), contracts),
            revision=None if revision is None else str(revision),
            reason=str(stated["reason"]),
            approver=str(stated["approver"]),
            expiry=date.fromisoformat(stated["expiry"]),
            location=document.location(f"/waivers/{position}/fact"),
        )


def _fact(written: str, contract_id: str, contracts: Sequence[Contract]) -> str:
    """Return the id of the fact that is meant: the place may lack its schema, or its table if the contract has one."""
    rule, _, place = re.sub(r"^([\w-]+)\s*[:\s]\s*", r"\1 ", written.strip()).partition(" ")
    for contract in contracts:
        if contract.id != contract_id:
            continue
        for fact in contract.facts:
            column = [] if fact.column is None else [fact.column]
            names = {fact.place, ".".join([fact.table.name, *column]), *column}
            if fact.rule == rule and place in names:
                return fact.id
        implied = next((table for table in contract.tables if place in (table.name, str(table))), None)
        if implied is not None:
            return f"{rule} {implied}"
    return f"{rule} {place}"
