"""A copy of a git ref's tree in, its models, or what its revisions lead to, out: the question that ``--release`` asks.

env.py is run as for ``--sql``, up to where its MetaData is known: what it hands to ``context.configure()``, for each
database that it migrates. Then nothing is migrated.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.inference.metadata.contained import nothing_outside, returned
from alembic_contracts.inference.metadata.describing import tables_of
from alembic_contracts.inference.metadata.failures import said_of
from alembic_contracts.inference.metadata.made import watched
from alembic_contracts.prediction.containment.limits import Limits
from alembic_contracts.running import environments
from alembic_contracts.running.courses import Course, follow
from alembic_contracts.running.environments import Range
from alembic_contracts.running.flask_app import application
from alembic_contracts.running.pending import Run
from alembic_contracts.running.releases import Models, ModelsOf, Predicted, Question
from alembic_contracts.running.script_texts import scripts_are_read
from alembic_contracts.running.terms import settings_of
from alembic_contracts.running.unheld import require_shown
from alembic_contracts.schemas import schema_json
from alembic_contracts.support import modules
from alembic_contracts.support.paths import shown

__all__ = ["Question", "answer"]


def answer(question: Question) -> Models | Predicted:
    """Return what a copy has.

    Raises:
        CannotCheck: it did not come to its end, or has no revisions that can be followed.
    """
    _lead_into_copy(question)
    if question.about == "schema":
        return _predicted(question)
    limits = Limits(seconds=question.seconds, megabytes=question.megabytes)
    found = returned(lambda: _models(question, ()), limits, (question.copy,))
    if found.elsewhere:  # installed, so that not the copy was imported: once more, with the copy's own folders first
        found = returned(lambda: _models(question, found.elsewhere), limits, (question.copy,))
    return found.models


# -- the import path ---------------------------------------------------------------------------------------------------


def _lead_into_copy(question: Question) -> None:
    """Have the import path lead into the copy wherever it leads into the working tree."""

    def moved(path: str) -> str:
        real = os.path.realpath(path)
        if real != question.root and not real.startswith(question.root + os.sep):
            return path
        there = os.path.normpath(os.path.join(question.copy, os.path.relpath(real, question.root)))  # noqa: PTH118
        return there if os.path.exists(there) else path  # noqa: PTH110 - a virtual environment is not in the tree

    sys.path[:] = [moved(path) if path else os.getcwd() for path in sys.path]  # noqa: PTH109
    for finder in sys.meta_path:  # of setuptools, for packages that are installed to be edited
        module = sys.modules.get(getattr(finder, "__module__", None) or type(finder).__module__)
        mapping = getattr(module, "MAPPING", None)
        if isinstance(mapping, dict):
            mapping.update({name: moved(path) for name, path in mapping.items() if isinstance(path, str)})


def _elsewhere(before: Iterable[str], copy: str) -> Iterator[str]:
    """Yield the folders of the copy that have modules which were imported from outside of it."""
    python = {path.relative_to(copy).as_posix() for path in Path(copy).rglob("*.py")}
    for name, _, file in [*modules.files()]:
        if name in before or os.path.realpath(file).startswith(copy + os.sep):
            continue
        end = name.replace(".", "/") + ("/__init__.py" if file.endswith("__init__.py") else ".py")
        for path in python:
            if path == end or path.endswith(f"/{end}"):
                yield os.path.join(copy, path.removesuffix(end))  # noqa: PTH118


# -- models ------------------------------------------------------------------------------------------------------------


class _Found(Struct, frozen=True):
    models: Models
    elsewhere: tuple[str, ...]
    """Folders of the copy that must come first."""


def _models(question: Question, first: tuple[str, ...]) -> _Found:
    sys.path[:0] = first
    before = set(sys.modules)
    revisions: tuple[str, ...] = ()
    with watched(question.copy) as made:
        given: list[tuple[str, Any]] = []
        reason = ""
        try:
            script = ScriptDirectory.from_config(_config(question))
            with scripts_are_read(run_them=not question.no_exec):
                revisions = tuple(each.revision for each in script.walk_revisions())
            _run_env(script, _config(question), given)
        except BaseException as error:  # noqa: BLE001 - whatever env.py and models raise
            reason = f"its env.py failed with {said_of(error)}"
            given = given or [("", value) for value in _globals_of(error)]
        databases = tuple(
            ModelsOf(database=name, tables=tables_of(tables, made)) for name, tables in _with_tables(given)
        )
    elsewhere = () if first else tuple(dict.fromkeys(_elsewhere(before, question.copy)))
    reason = "" if databases else reason or "its env.py gives no target_metadata with tables"
    return _Found(Models(revisions=revisions, databases=databases, reason=reason), elsewhere)


def _run_env(script: ScriptDirectory, config: Config, given: list[tuple[str, Any]]) -> None:
    """Run env.py, and take note of each ``target_metadata`` with the name of its database."""
    environment = EnvironmentContext(config, script, fn=lambda *_: [], as_sql=True, destination_rev="heads")
    configure = environment.configure
    waiting: list[Any] = []

    def heard(*args: Any, **options: Any) -> None:
        waiting[:] = [options.get("target_metadata")]
        given.append(("", options.get("target_metadata")))
        configure(*args, **options)

    def ran(**options: Any) -> None:
        name = options.get("engine_name")
        if waiting and isinstance(name, str):
            given[-1] = (name, waiting[0])

    vars(environment).update(configure=heard, run_migrations=ran)
    with environment, application(Path(script.env_py_location)):
        script.run_env()


def _globals_of(error: BaseException) -> Iterator[Any]:
    """Yield the MetaData that an env.py had before it failed, as one without ``--sql`` does where it connects."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.endswith("env.py") and "target_metadata" in frame.f_globals:
            yield frame.f_globals["target_metadata"]
            return


def _with_tables(given: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[sa.Table]]]:
    for name, value in given:
        several = value if isinstance(value, list | tuple) else [value]
        tables = [table for each in several if isinstance(each, sa.MetaData) for table in each.tables.values()]
        if tables:
            yield name, tables


# -- what the revisions lead to ----------------------------------------------------------------------------------------


def _predicted(question: Question) -> Predicted:
    """Predict the revisions, without env.py where it migrates one database."""
    config = _config(question)
    snapshot = settings_of(config).snapshot
    range_ = Range(
        offline=True,
        no_exec=question.no_exec,
        snapshot=snapshot,
        single=True,
        database=question.database or None,
        dialect=None if question.database else question.kind,
    )
    courses: list[Course] = []

    def look(run: Run) -> None:
        require_shown(run)
        courses.append(follow(run, None))

    with nothing_outside():
        environments.visit(config, range_, look)
    prediction = courses[0].predictions[0]
    run = courses[0].run
    own = run.context.version_table  # Alembic's, which no release uses
    tables = {name: table for name, table in prediction.after.tables.items() if name.name != own}
    last = run.steps[-1].revision.path if run.steps else config.config_file_name or "env.py"
    return Predicted(
        schema=json.dumps(schema_json.encode(replace(prediction.after, tables=tables))),
        doubts=tuple(doubt.reason for doubt in courses[0].doubts),
        file=shown(last),
    )


def _config(question: Question) -> Config:
    ini, toml = (
        os.path.join(question.copy, file) if file is not None else None  # noqa: PTH118
        for file in (question.ini, question.toml)
    )
    config = Config(
        file_=ini,
        toml_file=toml,
        ini_section=question.section,
        cmd_opts=Namespace(x=list(question.x) or None, name=question.section, config=None, quiet=False, raiseerr=False),
    )
    if ini is not None and not config.get_alembic_option("script_location"):
        config.set_main_option("script_location", os.path.dirname(ini).replace("%", "%%"))  # noqa: PTH120
    return config
