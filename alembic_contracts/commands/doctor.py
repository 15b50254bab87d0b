"""``alembic-contracts doctor``: is everything there that keeps contracts, and if not, what to do?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from msgspec import Struct

from alembic_contracts.commands._shared import Project, examples, told, written

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms

__all__ = ["COMMAND"]

_SUMMARY = "Look for what is missing: the guard in env.py, contracts, settings, versions that are too old."
_DESCRIPTION = """\
Exit codes: 0 nothing is missing; 1 something is; 2 there is no Alembic project here.
"""
_EXAMPLES = (("", "what is missing?"), ("--format json", "for other programs"))

_LEAST = {"alembic": (1, 20), "SQLAlchemy": (2, 0)}
_POSTGRESQL = "postgresql"
_LEAST_SERVER = 140000


class _Finding(Struct, frozen=True):
    """One thing that was looked at."""

    check: str
    status: Literal["ok", "problem", "note"]
    message: str
    """What was found, and the way out of a problem."""


@click.command(
    "doctor", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("doctor", _EXAMPLES)
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@click.pass_obj
@told
def COMMAND(project: Project, format_: str) -> int:  # noqa: N802 - found by this name
    """Look at one thing after the other."""
    config = project.config()
    findings = [*_versions(), *_plugin(), *_guard(config), *_contracts(config)]
    if format_ == "json":
        rows = [{"check": f.check, "status": f.status, "message": f.message} for f in findings]
        click.echo(json.dumps({"version": 1, "findings": rows}, indent=2))
    else:
        for finding in findings:
            written(f"{finding.status:8}{finding.check}: {finding.message}".split("\n"), "text")
    return int(any(finding.status == "problem" for finding in findings))


def _versions() -> Iterator[_Finding]:
    from importlib.metadata import version

    for package, least in _LEAST.items():
        found = version(package)
        numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
        wanted = ".".join(map(str, least))
        if numbers < least:
            yield _Finding(package, "problem", f"{found} is too old: pip install '{package}>={wanted}'")
        else:
            yield _Finding(package, "ok", found)


def _plugin() -> Iterator[_Finding]:
    from importlib.metadata import entry_points

    loaded = any(point.value == "alembic_contracts.plugin" for point in entry_points(group="alembic.plugins"))
    if loaded:
        yield _Finding("plugin", "ok", "Alembic loads it: `alembic check-contracts` is there")
    else:
        yield _Finding("plugin", "problem", "Alembic does not find it: install alembic-contracts again with pip")


def _guard(config: Config) -> Iterator[_Finding]:
    from alembic_contracts.documents.files import read_text
    from alembic_contracts.errors import CannotCheck, InvalidSettings
    from alembic_contracts.running import env_py
    from alembic_contracts.running.environments import script_directory
    from alembic_contracts.running.terms import settings_of
    from alembic_contracts.support.paths import shown

    try:
        settings_of(config)
    except InvalidSettings:  # which is told as a finding of its own; Alembic would stumble over the file as well
        return
    try:
        file = Path(script_directory(config).dir) / "env.py"
    except CannotCheck as error:
        raise CannotCheck(f"There is no Alembic project here: {error}") from error
    try:
        missing = env_py.with_guard(read_text(file)).added
    except (CannotCheck, ValueError, RecursionError, MemoryError, env_py.NotUnderstoodError) as error:
        yield _Finding("guard", "problem", f"{shown(file)} could not be looked at: {error}")
        return
    if missing:
        times = "once" if missing == 1 else f"{missing} times"
        yield _Finding("guard", "problem", f"missing in {shown(file)} ({times}): run `alembic-contracts init`")
    else:
        yield _Finding("guard", "ok", f"in {shown(file)}")


def _contracts(config: Config) -> Iterator[_Finding]:
    from alembic_contracts.errors import CannotCheck, InvalidContracts, InvalidSettings
    from alembic_contracts.running.terms import read, settings_of
    from alembic_contracts.support.paths import shown

    try:
        settings = settings_of(config)
        terms = read(config)
    except InvalidSettings as error:
        yield _Finding("settings", "problem", str(error))
        return
    except InvalidContracts as error:
        yield _Finding("contracts", "problem", f"not valid, see `alembic-contracts lint`:\n{error}")
        return
    except CannotCheck as error:
        yield _Finding("contracts", "problem", f"{error} Write one with `alembic-contracts generate TABLE`.")
        return
    if terms is None:
        yield _Finding("settings", "problem", "there are none, and no folder `contracts`: run `alembic-contracts init`")
        return
    yield _Finding("settings", "ok", f"in {shown(settings.source)}" if settings.source else "the defaults")
    yield _Finding("contracts", "ok", f"{len(terms.contracts)} in {', '.join(map(shown, settings.contracts))}")
    yield from _weakened(settings)
    yield from _database(config, terms)


def _weakened(settings: Any) -> Iterator[_Finding]:
    """Yield a note for each setting that lets breaks through."""
    if settings.enforce == "report":
        yield _Finding("enforce", "problem", "`report`: nothing is refused. Take the setting out.")
    if settings.autogenerate == "off":
        yield _Finding("autogenerate", "note", "`off`: models that break a contract give a revision all the same")
    silent = sorted(rule for rule, switch in settings.rules.items() if switch == "off")
    if silent:
        yield _Finding("rules", "note", f"switched off: {', '.join(silent)}")


def _database(config: Config, terms: Terms) -> Iterator[_Finding]:
    """Yield what is found in each database: what it is, how contracts are held on it, and which point at nothing."""
    import contextlib
    import sys

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running import environments
    from alembic_contracts.running.databases import narrowed
    from alembic_contracts.running.pending import untold

    findings: list[_Finding] = []
    kinds = {contract.kind for contract in terms.contracts}

    def look(run: Run) -> None:
        kinds.add(run.dialect.KIND)
        if run.connection is None:
            return
        ours = narrowed(terms, run)
        findings.append(_what_it_is(run, run.connection))
        if reason := untold(run.dialect, run.connection):
            said = f"no contract is held on {run.dialect.NAME}: what it has of the tables cannot be read ({reason})"
            findings.append(_Finding("held", "note", said))
            return
        findings.extend(_held(run, ours))
        findings.extend(_missing(run, run.connection, ours))

    try:
        with contextlib.redirect_stdout(sys.stderr):
            environments.visit(config, environments.Range(), look)
    except CannotCheck as error:
        yield _unreached(config, error)
    if _POSTGRESQL in kinds:
        yield _parser()
    yield from findings


def _parser() -> _Finding:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return _Finding("postgast", "ok", version("postgast"))
    except PackageNotFoundError:
        missing = "not installed; predicting migrations needs it: pip install 'alembic-contracts[postgresql]'"
        return _Finding("postgast", "problem", missing)


def _what_it_is(run: Run, connection: Connection) -> _Finding:
    from alembic_contracts.running.databases import name_of

    dialect = run.dialect
    number = dialect.session(connection).server_version
    parts = (number // 10000,) if dialect.KIND == _POSTGRESQL else (number // 10000, number // 100 % 100, number % 100)
    name = name_of(connection.engine.url) or "a database without a name"
    shown = f"{name}, {dialect.NAME} {'.'.join(map(str, parts))}"
    if dialect.KIND == _POSTGRESQL and number < _LEAST_SERVER:
        return _Finding("database", "problem", f"{shown} is too old")
    return _Finding("database", "ok", shown)


def _held(run: Run, terms: Terms) -> Iterator[_Finding]:
    """Yield how contracts are held on a database, and what is not known of runs on it."""
    from alembic_contracts import dialects
    from alembic_contracts.judging import elsewhere
    from alembic_contracts.running.unheld import sentence

    dialect = run.dialect
    for group in elsewhere.held(terms.contracts, dialect, terms.settings.rules, terms.settings.elsewhere):
        if not group.contracts:
            continue
        one = len(group.contracts) == 1
        about = f"about {dialects.load(group.contracts[0].kind).NAME}"
        who = f"{len(group.contracts)} contract{'' if one else 's'} {about} {'is' if one else 'are'}"
        facts = sum(len(contract.facts) for contract in group.contracts)
        if not group.not_applicable and group.is_exact:
            yield _Finding("held", "ok", f"{who} held exactly")
        elif not facts:
            yield _Finding("held", "note", f"{who} not held on {dialect.NAME}")
        else:
            left = f": {facts} facts, {group.not_applicable} are not applicable" if group.not_applicable else ""
            how = "exactly" if group.is_exact else "by the shape of tables"
            yield _Finding("held", "ok", f"{who} held {how} on {dialect.NAME}{left}")
    if dialect.FORESIGHT == "none":
        yield _Finding("prediction", "note", f"{sentence(dialect)} What results is looked at before each commit.")
    if not run.context.impl.transactional_ddl:
        said = "Alembic counts on no transactional DDL: a break that is seen at a commit stays, and the report says so"
        yield _Finding("transactions", "note", said)


def _missing(run: Run, connection: Connection, terms: Terms) -> Iterator[_Finding]:
    from alembic_contracts.judging.elsewhere import aligned

    schema = run.dialect.observe(connection, terms.places(run.dialect), lock_timeout=run.lock_timeout)
    alike = aligned(terms.contracts, run.dialect, (schema,))
    there = alike.schema(schema).tables
    for contract in alike.contracts:
        for table in contract.tables:
            if table not in there:
                yield _Finding("tables", "note", f"{contract.id} is about {table}, which is not there")


def _unreached(config: Config, error: Exception) -> _Finding:
    main = config.get_section(config.config_ini_section, {})  # with pyproject.toml alone, `get_main_option` raises
    if (main.get("sqlalchemy.url") or "").startswith("driver://"):
        said = "sqlalchemy.url is still the template's `driver://...`: write your database's URL there, or in env.py"
        return _Finding("database", "problem", said)
    return _Finding("database", "note", f"could not be looked at: {error}")
