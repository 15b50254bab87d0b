"""Contract files read as contracts. One module a format, found by itself.

A format is a public module of this package that fits ``Format``. One that can be written as well has a module
``_<format>_writer`` beside it that fits ``Writer``. Other modules whose names begin with an underscore are their parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

from alembic_contracts import texts
from alembic_contracts.contracts.contract_files import expand
from alembic_contracts.contracts.formats._lifecycle import amended, contract_beside
from alembic_contracts.documents.document import LONGEST_POINTER
from alembic_contracts.documents.files import read_text
from alembic_contracts.errors import InvalidContracts, Problem
from alembic_contracts.support.garbage import uncollected
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Choice, Contract, Owner
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.documents.document import ContractLocation, Document
    from alembic_contracts.schemas.schema import Schema, Table

__all__ = ["Format", "Writer", "contract_beside", "document", "files", "holding", "load", "writer"]


_LONGEST_NAME = 500
_LONGEST_FACT = 20_000
"""A CHECK of a hundred conditions is shorter."""
_MANY_FACTS = 50_000
"""Files after those that state so many keep their text alone: where facts stand takes more room than they do."""


class Format(Protocol):
    """What a module of this package offers."""

    SUFFIXES: tuple[str, ...]
    """How names of files that can be in this format end, in lower case, with the dot."""
    MARK: str
    """A key of the document's outermost object that is there in this format alone."""

    def parse(self, text: str, file: str) -> Document:
        """Return what a file's text holds, without judging it.

        Raises:
            InvalidContracts: the text is malformed.
        """

    def contracts(self, document: Document) -> tuple[Contract, ...]:
        """Return the contracts in a document, one or more.

        Raises:
            InvalidContracts: with every problem of the document.
        """

    def doubts(self, document: Document) -> Iterable[Problem]:
        """Yield what stands in a document that ``contracts`` can read, but that is wrong all the same."""


class Writer(Protocol):
    """What a module ``_<format>_writer`` offers."""

    SUFFIX: str
    """How the name of a file that is written ends."""
    SEVERAL: bool
    """Whether one file can be about several tables."""

    def document(
        self,
        tables: Sequence[Table],
        schema: Schema,
        dialect: Dialect,
        *,
        namespace: str,
        name: str,
        owner: Owner,
        choice: Choice,
        database: str | None = None,
    ) -> dict[str, Any]:
        """Return a contract with facts that hold of tables: of one, unless ``SEVERAL``."""

    def text(self, document: Mapping[str, Any]) -> str:
        """Return a contract's document as the text of its file."""


def document(path: Path) -> Document:
    """Return what a contract file holds, without judging it.

    Raises:
        InvalidContracts: it cannot be parsed, or is no contract.
    """
    return _opened(*_text(path))[1]


def writer(name: str) -> Writer:
    """Return what writes a format, by the format's name.

    Raises:
        ModuleNotFoundError: there is none.
    """
    return cast("Writer", import_module(f"{__name__}._{name}_writer"))


def holding(table: Table, schema: Schema, dialect: Dialect) -> Mapping[str | None, Mapping[str, Any]]:
    """Return all that a contract can state of a table (None) and of its columns, by the keys of the base format."""
    from alembic_contracts.contracts.formats import _native_writer

    found: dict[str | None, Mapping[str, Any]] = {None: _native_writer.of_table(table, dialect)}
    for column in table.columns:
        found[column.name] = _native_writer.of_column(column, table, schema, dialect)["constraints"]
    return found


@uncollected(stays=True)
def load(
    paths: Sequence[Path], *, root: Path, look: Callable[[Format, Document], None] | None = None
) -> tuple[Contract, ...]:
    """Return the contracts in the given files and folders, in the order of their files.

    Args:
        paths: Contract files, and folders with contract files at any depth.
        root: Where relative paths count from.
        look: Called with what each file holds that can be read, and its format.

    Raises:
        CannotCheck: a path does not exist or holds no contract.
        InvalidContracts: with every problem of every file.
    """
    found: list[Contract] = []
    paths_of_contracts, problems_of_paths = _expanded(paths, root)
    problems, stated = list(problems_of_paths), 0
    for path in paths_of_contracts:
        try:
            contracts, document = _read(path, look)
        except InvalidContracts as invalid:
            problems.extend(invalid.problems)
            continue
        found.extend(contracts)
        stated += sum(len(contract.facts) for contract in contracts)
        if stated > _MANY_FACTS:
            document.forget()
    problems.extend(_repeated(found))
    problems.extend(problem for contract in found for problem in _endless(contract))
    if problems:
        raise InvalidContracts(tuple(problems))
    return tuple(found)


def files(paths: Sequence[Path], *, root: Path) -> tuple[Path, ...]:
    """Return the contract files at the given paths without reading them; arguments and errors as for ``load``."""
    found, problems = _expanded(paths, root)
    if problems:
        raise InvalidContracts(problems)
    return found


def _expanded(paths: Sequence[Path], root: Path) -> tuple[tuple[Path, ...], tuple[Problem, ...]]:
    return expand(paths, root=root, suffixes={suffix for format_ in _formats() for suffix in format_.SUFFIXES})


@cache
def _formats() -> tuple[Format, ...]:
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(cast("Format", import_module(f"{__name__}.{name}")) for name in names)


def _read(path: Path, look: Callable[[Format, Document], None] | None) -> tuple[tuple[Contract, ...], Document]:
    """Return the contracts of one file, and what they were read from."""
    format_, document, contracts = _stated_in(*_text(path))
    contracts = amended(contracts, path)
    if look is not None:
        look(format_, document)
    return contracts, document


def _text(path: Path) -> tuple[str, str, str]:
    """Return all that a contract follows from: a file's text, how people see its path, and its name."""
    return read_text(path), shown(path), path.name.casefold()


@lru_cache(maxsize=64)  # a test suite migrates the database of each of its tests
def _stated_in(text: str, file: str, name: str) -> tuple[Format, Document, tuple[Contract, ...]]:
    format_, document = _opened(text, file, name)
    return format_, document, format_.contracts(document)


def _opened(text: str, file: str, name: str) -> tuple[Format, Document]:
    """Return what a contract file holds, and the format whose mark it bears.

    Formats that share a suffix share its language: the file is parsed once.

    Raises:
        InvalidContracts: it cannot be parsed, or bears no mark.
    """
    candidates = [format_ for format_ in _formats() if name.endswith(format_.SUFFIXES)]
    document = candidates[0].parse(text, file)
    marked = [f for f in candidates if isinstance(document.value, dict) and f.MARK in document.value]
    if marked or len(candidates) == 1:
        return (marked or candidates)[0], document
    marks = " or ".join(f"`{format_.MARK}`" for format_ in candidates)
    raise InvalidContracts((document.problem("", f"not a contract: the key {marks} is missing"),))


def _endless(contract: Contract) -> Iterator[Problem]:
    """Yield a problem for each text that no report could show."""
    for what, text in (("namespace and name", contract.id), ("name and address of the owner", str(contract.owner))):
        if len(text) > _LONGEST_NAME:
            yield _too_long(contract.location, f"{what} have {len(text):,} characters; {_LONGEST_NAME:,} are enough")
    expected = {id(fact.expected): fact.expected for fact in contract.facts}  # a thousand columns have a dozen types
    lengths = {key: len(str(each)) for key, each in expected.items()}
    for fact in contract.facts if max(lengths.values(), default=0) > _LONGEST_FACT else ():
        length = lengths[id(fact.expected)]
        if length > _LONGEST_FACT:
            yield _too_long(fact.location, f"this takes {length:,} characters to state; {_LONGEST_FACT:,} are enough")


def _too_long(at: ContractLocation, message: str) -> Problem:
    return Problem(at.file, at.line, at.column, texts.shortened(at.pointer, LONGEST_POINTER), message)


def _repeated(contracts: Sequence[Contract]) -> list[Problem]:
    """Return a problem for each contract whose namespace and name an earlier one has."""
    first: dict[str, Contract] = {}
    problems = []
    for contract in contracts:
        other = first.setdefault(contract.id, contract)
        if other is not contract:
            at, before = contract.location, other.location
            message = f"there is a contract `{contract.id}` already, in {before.file}, line {before.line}"
            problems.append(Problem(at.file, at.line, at.column, at.pointer, message))
    return problems
