"""A git ref in, the terms that were agreed there out, and what of a branch's revisions is the same there."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec.structs import replace

from alembic_contracts import config
from alembic_contracts.contracts import formats, waivers
from alembic_contracts.contracts.contract import Contract
from alembic_contracts.documents.document import ContractLocation
from alembic_contracts.errors import CannotCheck, InvalidContracts, NoContractsYet
from alembic_contracts.judging import rules
from alembic_contracts.patterns import pattern
from alembic_contracts.running import terms
from alembic_contracts.running.terms import Base, Terms
from alembic_contracts.support.git import Tree, tree_at
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import RevisionStep
    from alembic.script import ScriptDirectory

__all__ = ["base_at", "in_force", "is_rewritten", "known_steps"]

_REVISION = pattern(rb"^revision\s*(?::[^=\n]*)?=\s*['\"]([^'\"]+)", re.MULTILINE)
"""The revision's identifier in a version script."""


def known_steps(tree: Tree, script: ScriptDirectory, steps: Sequence[RevisionStep]) -> int:
    """Return how many of the first steps are the same at a git ref: scripts, and all that is beside them.

    Where env.py or a helper has changed, none is: any script may do something else now.
    """
    files = {file for folder in _folders(script) for file in folder.rglob("*") if _is_source(file)}
    versions = {Path(step.revision.path).absolute() for step in steps}
    changed = {file.absolute() for file in tree.changed(sorted(files))}
    if changed - versions - {Path(each.path).absolute() for each in script.walk_revisions()}:
        return 0
    return next((n for n, step in enumerate(steps) if Path(step.revision.path).absolute() in changed), len(steps))


def is_rewritten(tree: Tree, script: ScriptDirectory) -> bool:
    """Whether revisions that are in a tree are not here: then what held there cannot be told from what is here."""
    inside = [path for path in map(tree.path, _folders(script)) if path is not None]
    ours = {each.revision for each in script.walk_revisions()}
    gone = (
        entry for name, entry in tree.under(inside).items() if name.endswith(".py") and not (tree.root / name).is_file()
    )
    found = (_REVISION.search(tree.read(entry)) for entry in gone)
    return any(match is not None and match[1].decode("utf-8", "replace") not in ours for match in found)


def _folders(script: ScriptDirectory) -> set[Path]:
    return {Path(script.dir), *(Path(folder) for folder in script._version_locations)}  # noqa: SLF001 - nothing public has them


def base_at(ref: str, alembic_config: Config) -> Base:
    """Return settings, contracts and waivers at a git ref.

    Raises:
        CannotCheck: git or the ref is not there, or what is at the ref cannot be used.
    """
    tree = tree_at(ref, terms.folder_of(alembic_config))
    files = terms.files_of(alembic_config)
    with _copied(tree, files) as (folder, copies):
        settings = config.read_settings(
            ini_file=copies[0],
            toml_file=copies[1],
            environ={},
            known_rules=rules.load(),
            section=alembic_config.config_ini_section,
        )
        inside = [_inside(path, folder, ref) for path in settings.contracts]
        if not tree.under(inside):
            return Base(tree, Terms(settings, ()))
        _copy(tree, folder, inside)
        try:
            contracts = formats.load(settings.contracts, root=folder)
            permits = waivers.read(settings.contracts, contracts)
        except NoContractsYet:
            return Base(tree, Terms(settings, ()))
        except InvalidContracts as invalid:
            problems = tuple(each._replace(file=_renamed(each.file, folder, tree)) for each in invalid.problems)
            raise CannotCheck(f"The contracts at {ref} cannot be used.\n{InvalidContracts(problems)}") from None
        agreed = Terms(
            settings,
            tuple(_at(contract, folder, tree) for contract in contracts),
            tuple(replace(each, location=_moved(each.location, folder, tree)) for each in permits),
        )
        return Base(tree, agreed)


def in_force(alembic_config: Config, settings: config.Settings | None = None) -> Terms | None:
    """Return what the project's migrations are held to, None where that is nothing.

    A new project has its folder for contracts before it has a contract: a line on standard error says so.

    Args:
        alembic_config: Alembic's configuration of the project.
        settings: the project's, where they have been read.

    Raises:
        CannotCheck: settings or contracts cannot be used, or the last commit had contracts where there are none now.
    """
    try:
        return terms.read(alembic_config, settings)
    except NoContractsYet as nothing:
        if _had_contracts(alembic_config):
            raise NoContractsYet(f"{nothing} In the last commit there were some.") from nothing
        sys.stderr.write(f"note: {nothing} Nothing is held to contracts yet.\n")
        return None


def _had_contracts(alembic_config: Config) -> bool:
    try:
        tree_at("HEAD", terms.folder_of(alembic_config))
    except CannotCheck:  # no git, or no commit
        return False
    try:
        return bool(base_at("HEAD", alembic_config).terms.contracts)
    except CannotCheck:  # what is there cannot be used, and is there
        return True


@contextmanager
def _copied(tree: Tree, files: Sequence[Path | None]) -> Iterator[tuple[Path, list[Path | None]]]:
    """Yield a folder with the settings files as they are in the tree."""
    with TemporaryDirectory(prefix="alembic-contracts-base-") as name:
        folder = Path(os.path.realpath(name))
        paths = [tree.path(Path(file)) if file is not None else None for file in files]
        _copy(tree, folder, [path for path in paths if path is not None])
        yield folder, [folder / path if path is not None and path in tree.entries else None for path in paths]


def _copy(tree: Tree, folder: Path, paths: Sequence[str]) -> None:
    for name, entry in tree.under(paths).items():
        if entry.mode == "160000":
            raise CannotCheck(f"{name} is a submodule at {tree.ref}: contracts in submodules cannot be compared.")
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == "120000":
            target = os.fsdecode(tree.read(entry))
            _copy_link(tree, folder, file, target)
        else:
            file.write_bytes(tree.read(entry))


def _copy_link(tree: Tree, folder: Path, file: Path, target: str) -> None:
    """Put what a link of the tree leads to in its place; where that is outside of the tree, refuse it."""
    there = Path(os.path.normpath(file.parent / target))
    if not there.is_relative_to(folder):
        raise CannotCheck(f"{file.relative_to(folder)} at {tree.ref} is a link that leads out of the repository.")
    _copy(tree, folder, [there.relative_to(folder).as_posix()])
    if not os.path.lexists(file):
        file.symlink_to(target)


def _inside(path: Path, folder: Path, ref: str) -> str:
    normal = Path(os.path.normpath(path))
    if not normal.is_relative_to(folder):
        raise CannotCheck(
            f"The contracts at {path} are outside of the repository, so what they were at {ref} is not known."
        )
    return normal.relative_to(folder).as_posix()


def _at(contract: Contract, folder: Path, tree: Tree) -> Contract:
    return dataclasses.replace(
        contract,
        at=tree.ref,
        location=_moved(contract.location, folder, tree),
        facts=tuple(replace(fact, location=_moved(fact.location, folder, tree)) for fact in contract.facts),
        deprecations=tuple(replace(d, location=_moved(d.location, folder, tree)) for d in contract.deprecations),
    )


def _moved(location: ContractLocation, folder: Path, tree: Tree) -> ContractLocation:
    return replace(location, file=_renamed(location.file, folder, tree))


def _renamed(file: str, folder: Path, tree: Tree) -> str:
    """Return the name that a copied file has in the working tree."""
    copy = Path(os.path.abspath(file))  # noqa: PTH100 - it is gone already
    return shown(tree.root / copy.relative_to(folder)) if copy.is_relative_to(folder) else file


def _is_source(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts and file.suffix not in (".pyc", ".pyo")
