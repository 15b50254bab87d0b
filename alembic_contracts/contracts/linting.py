"""Paths of contracts, sidecars and waivers in, all that is wrong in them out: also what can be read, and is no use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from alembic_contracts import dialects
from alembic_contracts.contracts import formats, waivers
from alembic_contracts.contracts.contract import Contract, Fact, Waiver
from alembic_contracts.contracts.contract_files import SIDECARS, WAIVERS, beside
from alembic_contracts.documents.document import ContractLocation, problem_at
from alembic_contracts.errors import CannotCheck, InvalidContracts, Problem
from alembic_contracts.schemas.schema import Type
from alembic_contracts.support.paths import is_folder, is_there, shown
from alembic_contracts.support.suggestions import did_you_mean

__all__ = ["Findings", "contradictions", "lint"]


class Findings(Struct, frozen=True):
    """What a look at contract files has come to."""

    contracts: tuple[Contract, ...]
    """Those that can be read; none where any file cannot."""
    problems: tuple[Problem, ...]


def lint(paths: Sequence[Path], *, project: Sequence[Path], root: Path) -> Findings:
    """Look for what is wrong in files.

    Args:
        paths: contract files, sidecars, files of waivers, and folders with all of them.
        project: where the project's contracts are, which waivers can be about.
        root: where relative paths count from.

    Raises:
        CannotCheck: a path does not exist, or there is no contract in it.
    """
    given = [path for path in paths if path.name.endswith((*WAIVERS, *SIDECARS))]
    for path in given:
        if not is_there(root / path):
            raise CannotCheck(f"There is nothing at `{shown(root / path)}`: no such file or folder.")
    sought = [path for path in paths if path not in given]
    folders = [path for path in sought if is_folder(path)]
    lying_beside = list(dict.fromkeys((*given, *(file for folder in folders for file in beside(folder)))))
    sidecars = [file for file in lying_beside if file.name.endswith(SIDECARS)]
    owners = {file: formats.contract_beside(file) for file in sidecars}
    problems = [
        _problem(file, "belongs to no contract: none beside it has this name")
        for file, contract in owners.items()
        if contract is None
    ]
    owned = (contract for contract in owners.values() if contract is not None)
    wanted = [*sought, *(contract for contract in owned if not any(map(contract.is_relative_to, folders)))]
    contracts, wrong = _contracts(wanted, root)
    problems += wrong
    files = [file for file in lying_beside if file not in sidecars]
    if files:
        problems += _waivers(files, _known(contracts, wrong, project, root), [*project, *folders])
    ordered = sorted(set(problems), key=lambda p: (p.file, p.line or 0, p.column or 0, p.message))
    return Findings(contracts, tuple(ordered))


_AT_ONCE = frozenset({"column-type", "column-nullable", "numeric-precision", "numeric-scale", "character-length"})
"""Rules of which a column keeps one statement alone."""


def contradictions(contracts: Sequence[Contract]) -> Iterator[tuple[Fact, Fact]]:
    """Yield facts of contracts that hold to the letter, and one before that the same column cannot keep as well."""
    first: dict[tuple[str, str, str], Fact] = {}
    for contract in contracts:
        for fact in contract.facts:
            if fact.rule in _AT_ONCE and fact.mode == "exactly" and contract.compatibility_of(fact.table) == "exact":
                other = first.setdefault((contract.kind, fact.rule, fact.place), fact)
                alike = isinstance(other.expected, Type) == isinstance(fact.expected, Type)  # an array may be a word
                if alike and _named(other) != _named(fact):
                    yield fact, other


def _named(fact: Fact) -> object:
    """Return what a fact expects, of a type its name: its length need not be stated."""
    return fact.expected.name if isinstance(fact.expected, Type) else fact.expected


def _contracts(paths: Sequence[Path], root: Path) -> tuple[tuple[Contract, ...], list[Problem]]:
    if not paths:
        return (), []
    doubts: list[Problem] = []
    try:
        contracts = formats.load(paths, root=root, look=lambda format_, found: doubts.extend(format_.doubts(found)))
    except InvalidContracts as invalid:
        return (), list(invalid.problems)
    return contracts, [*doubts, *(problem for contract in contracts for problem in _types(contract))]


def _types(contract: Contract) -> Iterator[Problem]:
    """Yield a problem for each type that PostgreSQL does not have, but nearly."""
    dialect = dialects.load(contract.kind)
    own = {(fact.table, fact.column) for fact in contract.facts if fact.rule in ("enum-labels", "domain")}
    for fact in contract.facts:
        meant = dialect.misspelt_type(fact.expected) if isinstance(fact.expected, Type) else None
        if meant is not None and (fact.table, fact.column) not in own:
            yield _at(fact.location, _no_type(fact, meant))


def _no_type(fact: Fact, meant: str) -> str:
    assert isinstance(fact.expected, Type)  # noqa: S101 - its caller has looked
    name = fact.expected.name.name
    return (
        f"PostgreSQL has no type `{name}`; did you mean `{meant}`? A type of your own is named with its schema here: "
        f"`{fact.table.schema}.{name}`"
    )


def _known(
    contracts: tuple[Contract, ...], wrong: Sequence[Problem], project: Sequence[Path], root: Path
) -> tuple[Contract, ...] | None:
    """Return what waivers can be about; None where that is not known, since some contract cannot be read."""
    try:
        found = formats.load([path for path in project if is_there(path)], root=root)
    except CannotCheck:
        found = ()
    return (*contracts, *found) if found or (contracts and not wrong) else None


def _waivers(files: Sequence[Path], contracts: tuple[Contract, ...] | None, homes: Sequence[Path]) -> Iterator[Problem]:
    """Yield what is wrong in files of waivers, and each that nobody reads."""
    read = {(path if is_folder(path) else path.parent).resolve() for path in homes}
    for file in files:
        if file.parent.resolve() not in read and read:
            yield _problem(file, "is not read: waivers lie in the folder that the setting `contracts` names")
            continue
        try:
            found = waivers.read_file(file, contracts or ())
        except InvalidContracts as invalid:
            yield from invalid.problems
            continue
        for waiver in found if contracts is not None else ():
            yield from _idle(waiver, contracts or ())


def _idle(waiver: Waiver, contracts: Sequence[Contract]) -> Iterator[Problem]:
    """Yield a problem where a waiver names what nobody states."""
    facts = [fact.id for contract in contracts if contract.id == waiver.contract for fact in contract.facts]
    if not facts:
        ids = sorted({contract.id for contract in contracts})
        yield _at(waiver.location, f"there is no contract `{waiver.contract}`{did_you_mean(waiver.contract, ids)}")
    elif waiver.fact not in facts:
        close = did_you_mean(waiver.fact, facts)
        yield _at(
            waiver.location,
            f"{waiver.contract} does not state `{waiver.fact}`{close if close.endswith('?') else ''}",
        )


def _at(location: ContractLocation, message: str) -> Problem:
    return problem_at(location.file, (location.line, location.column), location.pointer, message)


def _problem(file: Path, message: str) -> Problem:
    return Problem(shown(file), None, None, "", message)
