"""What scripts on SQLite call in loops over rows: functions of the application and of libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.schemas.steps import GOES_BY_ROWS
from tests.support.rehearsing import TABLE, History, reasons
from tests.support.scripts_over_rows import IMPORT, loop, of_loop

if TYPE_CHECKING:
    from pathlib import Path

COMPUTES = [
    "utc_now()",
    "application.utc_now().isoformat()",
    "new_id(dashed=False)",
    "made_shorter(row.a)",
    "application.loads(row.a)['key']",
    "str(nested(row.a))",
    "factorial(row.id)",
    "' '.join(sorted(row.a.split(), key=slug))",
]


@pytest.mark.parametrize("value", COMPUTES)
@pytest.mark.usefixtures("application")
def test_a_helper_that_only_computes_leaves_no_doubt(value: str, tmp_path: Path) -> None:
    assert not any(of_loop(tmp_path, value))


MAY_ACT = [
    "drop(bind)",
    "drops_deeper(bind, row.a)",
    "called(print, row.a)",
    "counted(row.a)",
    "at_home(row.a)",
    "through_a_module(row.a)",
    "in_a_file(row.a)",
    "kept_in_a_default(row.a)",
    "kept_in_the_module(row.a)",
    "of_a_table(row.a)",
    "changes_what_it_is_given(names, row.a)",
    "adds_to_what_it_is_given(names, row.a)",
    "by_name(row.a, 'upper')",
    "evaluated(row.a)",
    "remembered(row.a)",
    "wrapped(row.a)",
    "closing(row.a)",
    "turned(row.a)",
    "attribute(row)",
    "dunder(row.a)",
    "sorted(row.a, key=counted)",
    "max([row.a], key=application.drop)",
    "list(map(drop, [bind]))",
    "max(['DROP TABLE t'], key=bind.exec_driver_sql)",
    "max(['a'], key=batch.drop_column)",
    "application.missing(row.a)",
    "nobody(row.a)",
    "max([row.a], key=nobody)",
]


@pytest.mark.parametrize("value", MAY_ACT)
@pytest.mark.usefixtures("application")
def test_a_helper_that_may_do_more_is_unproven(value: str, tmp_path: Path) -> None:
    history = History(tmp_path, [TABLE])
    text = loop(f'{value} if row.a == "special" else row.a').replace("bind, names", "batch = op\n        bind, names")
    history.add(text, extra=IMPORT)
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


REPLACED = {
    "in the script": "utc_now = op.get_bind",
    "in its module": "application.utc_now = lambda: op.drop_column('t', 'a')",
    "its code": "application.utc_now.__code__ = application.at_home.__code__.replace(co_name='utc_now')",
    "what it uses": "application.datetime = application.os",
    "by another import": "from application_of_tests import drop as utc_now",
}


@pytest.mark.parametrize("name", REPLACED)
@pytest.mark.usefixtures("application")
def test_a_helper_that_is_another_one_by_now_is_unproven(name: str, tmp_path: Path) -> None:
    value = "application.utc_now()" if name not in {"in the script", "by another import"} else "utc_now()"
    history = History(tmp_path, [TABLE])
    history.add(loop(f'{value} if row.a == "special" else row.a'), extra=f"{IMPORT}\n{REPLACED[name]}")
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


LIBRARIES = {
    "bisect": ("import bisect", "str(bisect.bisect([1, 2], row.id))"),
    "urllib": ("from urllib.parse import quote_plus", "quote_plus(row.a)"),
    "urllib, whole": ("import urllib.parse", "urllib.parse.urlsplit(row.a).path"),
    "io": ("import io", "io.StringIO(row.a).read()"),
    "yaml": ("import yaml", "str(yaml.safe_load(row.a))"),
    "packaging": ("from packaging.utils import canonicalize_name", "canonicalize_name(row.a)"),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_that_work_on_values(name: str, tmp_path: Path) -> None:
    extra, value = LIBRARIES[name]
    assert not any(of_loop(tmp_path, value, extra))


OTHER_LIBRARIES = {
    "urllib": ("import urllib.parse, urllib.request", "urllib.request.urlopen(row.a).read()"),
    "io": ("import io", "io.open(row.a).read()"),
    "yaml": ("import yaml", "str(yaml.unsafe_load(row.a))"),
    "operator": ("import operator", "operator.methodcaller('execute', row.a)(bind)"),
    "itertools": ("import itertools, operator", "list(itertools.starmap(operator.call, names))"),
    "functools": ("import functools", "functools.partial(bind.execute, row.a)()"),
}


@pytest.mark.parametrize("name", OTHER_LIBRARIES)
def test_other_parts_of_libraries_are_unproven(name: str, tmp_path: Path) -> None:
    extra, value = OTHER_LIBRARIES[name]
    history = History(tmp_path, [TABLE])
    history.add(loop(f'{value} if row.a == "special" else row.a'), extra=extra)
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())


def test_a_module_of_the_project_by_the_name_of_a_library_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slugify.py").write_text("def slugify(text):\n    return open(text)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    history = History(tmp_path, [TABLE])
    history.add(loop('slugify(row.a) if row.a == "special" else row.a'), extra="from slugify import slugify")
    history.upgrade("r0")
    assert any(GOES_BY_ROWS in reasons(each) for each in history.predicted())
