"""``waivers.yaml`` beside the contracts in, what their owners permit to be broken for a time out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, cast

from alembic_contracts import texts
from alembic_contracts.contracts.contract import Contract, Waiver, WaiverFile
from alembic_contracts.contracts.contract_files import WAIVERS
from alembic_contracts.documents.document import MAXIMUM_PROBLEMS, Document
from alembic_contracts.documents.files import read_beside
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.support.paths import is_folder, shown
from alembic_contracts.support.suggestions import did_you_mean

__all__ = ["added", "places", "read", "read_file", "stanza"]

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
    for beside in _files(paths):
        for file in beside:
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
    from alembic_contracts.documents import yaml_text

    document = yaml_text.parse(text, shown(file))
    if wrong := tuple(islice(_problems(document), MAXIMUM_PROBLEMS)):
        raise InvalidContracts(wrong)
    return tuple(_waivers(document, contracts))


def places(paths: Sequence[Path]) -> tuple[WaiverFile, ...]:
    """Return where waivers can be added, beside the files and in the folders of the contracts.

    Raises:
        InvalidContracts: a file that is there cannot be read.
    """
    return tuple(map(_place, _files(paths)))


def _place(files: Sequence[Path]) -> WaiverFile:
    from alembic_contracts.documents import yaml_text

    for file in files:
        text = read_beside(file)
        if text is None:
            continue
        document = yaml_text.parse(text, shown(file))
        if document.value is None:
            return WaiverFile(file=shown(file))
        line, (row, column) = document.location("/waivers").line, document.values["/waivers"]
        if text.splitlines()[row - 1][column - 1 : column] == "[":
            return WaiverFile(file=shown(file), line=row, column=column)
        if not cast("dict[str, Any]", document.value)["waivers"]:
            return WaiverFile(file=shown(file), line=line, is_empty=True)
        return WaiverFile(file=shown(file), line=line, indent=column - 1)
    return WaiverFile(file=shown(files[0]))


def _files(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield what the file of waivers can be called, for each folder with contracts."""
    for folder in dict.fromkeys(path if is_folder(path) else path.parent for path in paths):
        yield [folder / name for name in WAIVERS]


def stanza(contract: str, fact: str, revision: str | None) -> str:
    """Return the item of the list in ``waivers.yaml`` by which a revision (None: any) may break a fact until a day."""
    written = _item(contract, fact, revision)
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in written.items())


def added(place: WaiverFile, waivers: Sequence[tuple[str, str, str | None]]) -> str:
    """Return what to paste at a place: items for a contract's id, a fact and a revision each."""
    if place.column is not None:
        items = (", ".join(f"{key}: {value}" for key, value in _item(*each).items()) for each in waivers)
        return "\n".join(f"{{{item}}}," for item in items)
    items_ = textwrap.indent("\n".join(stanza(*each) for each in waivers), " " * place.indent)
    return items_ if place.line is not None and not place.is_empty else f"waivers:\n{items_}"


def _item(contract: str, fact: str, revision: str | None) -> dict[str, str]:
    """Return the keys of a waiver with their values as YAML has them."""
    return {
        "contract": texts.yaml_scalar(contract),
        "fact": texts.yaml_scalar(fact),
        **({} if revision is None else {"revision": texts.quoted(revision)}),
        "reason": "why",
        "approver": "who answers for the contract",
        "expiry": "YYYY-MM-DD",
    }


def _problems(document: Document) -> Iterator[Problem]:
    value = document.value
    if value is None:  # nothing, or comments
        return
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
    value = cast("dict[str, Any]", document.value or {"waivers": ()})
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
