"""A project's contracts in, pytest items out, one for each, and assertions for tests of one's own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from alembic_contracts.commands._shared import Project
from alembic_contracts.errors import CannotCheck
from alembic_contracts.reporters import render
from alembic_contracts.running.examination import judge_now
from alembic_contracts.running.terms import required

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Contract
    from alembic_contracts.judging.violations import Report
    from alembic_contracts.running.terms import Terms

__all__ = ["ContractItem", "Contracts", "collected"]

_TIMEOUT = 600
"""Seconds for one check of all contracts."""


class NotKeptError(Exception):
    """Shown without a traceback: its text says it all."""


@dataclass(frozen=True)
class Contracts:
    """A project's data contracts, for tests."""

    folder: Path
    config: str | None
    """The file that ``--alembic-contracts-config`` names."""
    arguments: tuple[str, ...]
    """For ``alembic-contracts check``."""

    @classmethod
    def of(cls, config: pytest.Config) -> Contracts:
        """Return those of the project that a pytest run is about."""
        return cls(
            config.rootpath,
            config.getoption("--alembic-contracts-config"),
            tuple(shlex.split(config.getoption("--alembic-contracts-args"))),
        )

    @cached_property
    def terms(self) -> Terms:
        """Settings and contracts.

        Raises:
            CannotCheck: they cannot be read, or there are none.
        """
        file = self.config or next(
            (name for name in ("alembic.ini", "pyproject.toml") if (self.folder / name).is_file()), "alembic.ini"
        )
        files = [self.folder / file, *(self.folder / other for other in ("pyproject.toml",) if other != file)]
        project = Project(tuple(str(each) for each in files if each.is_file()), "alembic", ())
        return required(project.config())

    def assert_kept(self, bind: Engine | Connection) -> None:
        """Fail where the schema of a database does not keep a contract; nothing of it is changed.

        Args:
            bind: an engine, or a connection, which may be in a transaction of the test's.

        Raises:
            AssertionError: a contract is not kept; the message is the report.
            CannotCheck: settings, contracts or the database do not allow a verdict.
        """
        __tracebackhide__ = True

        report = self.check(bind)
        if report.status != "kept":
            raise AssertionError(render(report, "text"))

    def check(self, bind: Engine | Connection) -> Report:
        """Return the verdict on the schema that a database has now.

        Raises:
            CannotCheck: settings, contracts or the database do not allow one.
        """
        if isinstance(bind, Engine):
            with bind.connect() as connection:
                return self._check(connection)
        if not isinstance(bind, Connection):
            raise CannotCheck(
                f"An Engine or a Connection of SQLAlchemy's is looked at, not {type(bind).__name__}. Of an async one: "
                "`async with engine.connect() as connection: await connection.run_sync(alembic_contracts.assert_kept)`."
            )
        return self._check(bind)

    def _check(self, connection: Connection) -> Report:
        return replace(judge_now(connection, self.terms), notices=())

    @cached_property
    def report(self) -> Mapping[str, Any]:
        """The JSON report of ``alembic-contracts check``, which runs in a process of its own.

        So env.py can change no logging, warnings or modules of the tests'.

        Raises:
            NotKeptError: there is no verdict.
        """
        config = ("-c", self.config) if self.config is not None else ()
        command = "from alembic_contracts.cli import main; main()"
        done = subprocess.run(  # noqa: S603 - the arguments are the user's own
            [sys.executable, "-c", command, *config, "check", *self.arguments, "--format", "json"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        try:
            found: Mapping[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise NotKeptError(done.stderr.strip() or "alembic-contracts check said nothing") from None
        return found


class ContractItem(pytest.Item):
    """One contract as a test."""

    def __init__(self, *, contracts: Contracts, contract: Contract | None, **more: Any) -> None:
        """Make the test of a contract; None: of the contracts as a whole, which cannot be read."""
        super().__init__(**more)
        self._contracts, self._contract = contracts, contract
        self.add_marker("alembic_contracts")

    def runtest(self) -> None:
        """Fail where the contract is broken, or nobody can tell."""
        if self._contract is None:
            _ = self._contracts.terms
            return
        report = self._contracts.report
        name = self._contract.id
        if report["checked"].get("not_applicable") and not report["checked"]["facts"]:
            notices = [notice["message"] for notice in report["notices"]]
            pytest.skip(notices[0] if notices else f"nothing of {name} is applicable on this kind of database")
        broken = [v for v in report["violations"] if v["contract"] == name and v["severity"] == "error"]
        if broken:
            raise NotKeptError("\n\n".join("\n".join(_lines(violation)) for violation in broken))
        if report["unproven"]:
            reasons = "\n".join(f"unproven: {entry['reason']}{_place(entry)}" for entry in report["unproven"])
            raise NotKeptError(f"Nothing is broken, but whether {name} is kept could not be worked out:\n{reasons}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the message alone: the stack says nothing."""
        if isinstance(excinfo.value, NotKeptError | CannotCheck):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path | str, int | None, str]:
        """Return the contract's file as the place of the test."""
        if self._contract is None:
            return self.path, None, self.name
        return self._contract.location.file, self._contract.location.line - 1, self.name


def collected(session: pytest.Session) -> Iterator[ContractItem]:
    """Yield a test for each contract; one that fails where they cannot be read."""
    session.config.addinivalue_line("markers", "alembic_contracts: a data contract")
    contracts = Contracts.of(session.config)
    try:
        found: tuple[Contract | None, ...] = contracts.terms.contracts
    except CannotCheck:
        found = (None,)
    for contract in found:
        what = "settings and files" if contract is None else contract.id
        yield ContractItem.from_parent(
            session,
            name=f"data contract {what}",
            nodeid=f"alembic-contracts::{what}",
            contracts=contracts,
            contract=contract,
        )


def _lines(violation: Mapping[str, Any]) -> Iterator[str]:
    yield f"{violation['rule']}: {violation['message']}"
    yield f"  expected: {violation['expected']}"
    yield f"  actual:   {violation['actual']}"
    if violation["location"] is not None:
        yield f"  where:    {violation['location']['file']}:{violation['location']['line']}"
    stated = violation["contract_location"]
    yield f"  stated:   {stated['file']}:{stated['line']}, {violation['owner']['name']}"
    for line in violation["remedy"].splitlines():
        yield f"  {line}"


def _place(entry: Mapping[str, Any]) -> str:
    where = entry["location"]
    return "" if where is None else f" ({where['file']}:{where['line']})"
