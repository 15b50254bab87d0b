"""Whoever has a part in what the libraries do does not learn of what is never executed; nor do logs."""

from __future__ import annotations

import functools
import logging
import os
import textwrap
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import alembic.op
import pytest
import sqlalchemy as sa
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations, ops, toimpl
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.base import PGDialect, PGTypeCompiler
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.compiler import compiles, deregister
from sqlalchemy.sql.functions import _registry as functions_by_name

from alembic_contracts.prediction.scripts.isolation import unheard
from tests.support.harmless import ADDS, BATCH, CHANGES, MAKES, predicted
from tests.support.scripts import Scripts, operations


@contextmanager
def listening(target: Any, name: str, **how: bool) -> Iterator[list[int]]:
    heard: list[int] = []

    def hear(what: Any = None, *_: Any, **__: Any) -> None:
        if getattr(what, "name", "") not in ("alembic_version", "version_num"):  # which Alembic makes itself
            heard.append(os.getpid())

    event.listen(target, name, hear, **how)
    try:
        yield heard
    finally:
        event.remove(target, name, hear)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (sa.Engine, "after_cursor_execute"),
        (sa.Engine, "before_cursor_execute"),  # which SQLAlchemy puts a function of its own around
        (sa.Engine, "engine_connect"),
        (sa.pool.Pool, "connect"),
        (sa.Table, "after_parent_attach"),
        (sa.Column, "after_parent_attach"),
    ],
)
def test_who_listens_hears_nothing(target: Any, name: str, scripts: Scripts, forked: list[int]) -> None:
    """It may write down somewhere what is never executed."""
    scripts.revision("one", MAKES)
    with listening(target, name) as heard:
        predicted(scripts)
        assert heard == []
    assert forked
    forked.clear()
    predicted(scripts)
    assert forked == []


@pytest.mark.parametrize("how", [{"named": True}, {"once": True}])
def test_nor_who_listens_in_another_way(how: dict[str, bool], scripts: Scripts, forked: list[int]) -> None:
    """SQLAlchemy puts a function of its own around those, too."""
    scripts.revision("one", MAKES)
    with listening(sa.Engine, "commit", **how) as heard:
        predicted(scripts)
        assert heard == []
    assert forked


def test_compilers_of_others(scripts: Scripts, forked: list[int]) -> None:
    scripts.revision("one", MAKES)
    seen: list[int] = []

    @compiles(sa.Text, "postgresql")
    def compiled(_type: sa.Text, _compiler: Any, **_options: Any) -> str:
        seen.append(os.getpid())
        return "TEXT"

    try:
        predicted(scripts)
    finally:
        deregister(sa.Text)
    assert forked
    assert seen == []


def test_functions_of_others(scripts: Scripts, forked: list[int]) -> None:
    """What has the name of a function of SQL is made by whoever was the last to give it to a class."""
    scripts.revision("one", MAKES)
    known = functions_by_name["_default"]
    before = known["now"]

    try:
        with pytest.warns(sa.exc.SAWarning, match="already registered"):
            type("Own", (before,), {"name": "now", "inherit_cache": True, "__module__": __name__})
        predicted(scripts)
        assert forked
    finally:
        known["now"] = before
    forked.clear()
    predicted(scripts)
    assert forked == []


class OwnType(sa.types.UserDefinedType[str]):
    cache_ok = True


@pytest.mark.parametrize("names", ["ischema_names", "colspecs"])
def test_types_of_others(names: str, scripts: Scripts, forked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are made where columns are reflected, and in place of others."""
    known: dict[Any, Any] = getattr(PGDialect_psycopg, names)
    monkeypatch.setitem(known, "own" if names == "ischema_names" else OwnType, OwnType)
    scripts.revision("one", MAKES)
    predicted(scripts)
    assert forked


def test_functions_that_make_names(scripts: Scripts, forked: list[int]) -> None:
    seen: list[int] = []

    def token(*_: Any) -> str:
        seen.append(os.getpid())
        return "x"

    scripts.revision("one", MAKES)
    scripts.configure["target_metadata"] = sa.MetaData(naming_convention={"token": token, "uq": "uq_%(token)s"})
    predicted(scripts)
    assert forked
    assert seen == []
    forked.clear()
    scripts.configure["target_metadata"] = [sa.MetaData(naming_convention={"uq": "uq_%(table_name)s"})]
    predicted(scripts)
    assert forked == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (alembic.op, "add_column"),
        (PostgresqlImpl, "_exec"),
        (PGTypeCompiler, "visit_TEXT"),
        (PGDialect, "initialize"),
        (sa.Engine, "connect"),  # as tracing does
        (sa.Connection, "execute"),
        (Operations, "invoke"),
        (sa, "Column"),
        (sa, "Text"),
        (sa, "text"),
        (sa.Column, "__init__"),
        (sa.Text, "__init__"),
        (sa.types.TypeEngine, "dialect_impl"),
        (postgresql, "UUID"),
        (sa.types, "Text"),
    ],
)
def test_libraries_that_somebody_has_changed(
    owner: Any, name: str, scripts: Scripts, forked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = getattr(owner, name)
    if isinstance(found, type):
        changed: Any = type(name, (found,), {"__module__": __name__})
    else:

        @functools.wraps(found)
        def changed(*arguments: Any, **options: Any) -> Any:
            return found(*arguments, **options)

    monkeypatch.setattr(owner, name, changed)
    scripts.revision("one", ADDS)
    predicted(scripts)
    assert forked


def test_operations_that_somebody_has_replaced(scripts: Scripts, forked: list[int]) -> None:
    scripts.revision("one", ADDS)

    @Operations.implementation_for(ops.AddColumnOp, replace=True)
    def add(operations: Operations, operation: ops.AddColumnOp) -> Any:
        os.environ["SEEN_BY_ALEMBIC_CONTRACTS"] = "yes"
        return toimpl.add_column(operations, operation)

    try:
        assert len(operations(predicted(scripts))) == 1
    finally:
        Operations.implementation_for(ops.AddColumnOp, replace=True)(toimpl.add_column)
    assert forked
    assert "SEEN_BY_ALEMBIC_CONTRACTS" not in os.environ


def test_operations_that_somebody_has_added_do_not_matter(scripts: Scripts, forked: list[int]) -> None:
    class NewOp(ops.MigrateOperation):
        pass

    scripts.revision("one", ADDS)
    Operations.implementation_for(NewOp)(lambda *_: None)
    try:
        predicted(scripts)
    finally:
        del Operations._to_impl._registry[NewOp, "default"]
    assert forked == []


def test_an_implementation_of_a_projects_own(scripts: Scripts, forked: list[int]) -> None:
    class OwnImpl(PostgresqlImpl):
        __dialect__ = "postgresql"

    scripts.revision("one", ADDS)
    try:
        predicted(scripts)
    finally:
        from alembic.ddl.impl import _impls

        _impls["postgresql"] = PostgresqlImpl
    assert forked
    assert OwnImpl is not PostgresqlImpl


def test_other_threads(scripts: Scripts, forked: list[int]) -> None:
    """Warnings are caught in all of them at once, and not put back where two do so."""
    scripts.revision("one", ADDS)
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        predicted(scripts)
    finally:
        over.set()
        thread.join()
    assert forked


# -- what is heard of it -----------------------------------------------------------------------------------------------


def test_libraries_say_nothing_meanwhile(scripts: Scripts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    predicted(scripts)  # nothing, but with what Alembic logs itself
    before = [record.message for record in caplog.records]
    caplog.clear()
    scripts.revision("one", ADDS)
    scripts.revision("two", MAKES)
    predicted(scripts)
    assert [record.message for record in caplog.records] == before


def test_other_threads_are_heard(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("sqlalchemy.of.somebody")
    caplog.set_level(logging.INFO, logger=log.name)
    thread = threading.Thread(target=lambda: log.info("theirs"))
    with warnings.catch_warnings(record=True) as warned, unheard():
        warnings.simplefilter("always")
        log.info("ours")
        warnings.warn("ours", stacklevel=1)
        thread.start()
        thread.join()
    log.info("afterwards")
    assert warned == []
    assert [record.message for record in caplog.records] == ["theirs", "afterwards"]


def test_nothing_stays_behind(scripts: Scripts) -> None:
    before = logging.root.manager.disable, [list(handler.filters) for handler in logging.root.handlers], os.getcwd()  # noqa: PTH109 - as the script sees it
    scripts.revision("one", textwrap.dedent(BATCH))
    scripts.revision("two", CHANGES)
    predicted(scripts)
    after = logging.root.manager.disable, [list(handler.filters) for handler in logging.root.handlers], os.getcwd()  # noqa: PTH109 - as above
    assert before == after
