"""The house is as ``docs/ARCHITECTURE.md`` says, and stays one in which a stranger finds the way.

Who may import whom is import-linter's business (``pyproject.toml``); what it cannot say is held here.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
from pathlib import Path

from alembic_contracts import dialects
from alembic_contracts.dialects import families, generic_types, postgresql
from alembic_contracts.dialects.postgresql import properties
from alembic_contracts.judging import rules
from alembic_contracts.prediction import statements
from alembic_contracts.prediction.sql import parser
from alembic_contracts.prediction.sql.statement_kinds import (
    HARMLESS,
    OF_ACCESS,
    OF_TYPES,
    OWN_WAYS,
    RESHAPING,
    SHAPELESS,
)

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "alembic_contracts"
MODULES = sorted(file for file in PACKAGE.rglob("*.py"))
PAGE = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")

MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 40
NAMED_BY_USERS = ("judging/rules", "commands", "reporters", "contracts/formats", "prediction/statements")
"""Folders whose modules are called what users call them: rules, commands, formats, kinds of statements."""


def name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


# -- the page ----------------------------------------------------------------------------------------------------------


def test_every_file_and_folder_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|json|toml|md))`|`((?:[a-z_]+/)+[a-z_]+)`", PAGE)
    places = [file or folder for file, folder in named]
    assert len(places) > 30
    for place in places:
        candidates = [PACKAGE / place, ROOT / place, *PACKAGE.rglob(place)]
        assert any(candidate.exists() for candidate in candidates), place


def test_the_drawing_names_modules() -> None:
    drawing = PAGE.split("```text")[1].split("```")[0]
    drawn = re.findall(r"\b(running/\w+)", drawing)
    assert len(drawn) >= 7
    for module in drawn:
        assert (PACKAGE / f"{module}.py").is_file(), module


def test_every_room_is_on_the_page() -> None:
    table = PAGE.split("| room |")[1].split("\n\n")[0]
    rooms = {entry.stem for entry in PACKAGE.iterdir() if (entry / "__init__.py").is_file() or entry.suffix == ".py"}
    rooms |= {entry.name for entry in (PACKAGE / "prediction").iterdir() if (entry / "__init__.py").is_file()}
    missing = {room for room in rooms - {"__init__"} if not re.search(rf"`{room}(\.py)?`", table)}
    assert missing == set()


def test_contributors_are_led_to_it() -> None:
    assert "docs/ARCHITECTURE.md" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


# -- names and first lines ---------------------------------------------------------------------------------------------


def test_the_first_line_of_a_module_is_a_sentence() -> None:
    first = {name(file): (ast.get_docstring(tree(file)) or "").partition("\n")[0] for file in MODULES}
    assert {n: line for n, line in first.items() if len(line.split()) < 4 or not line.endswith((".", "?"))} == {}


def test_the_map_of_a_room_names_its_modules() -> None:
    """Where modules are found by themselves there is none to keep up to date."""
    missing = {}
    for file in (file for file in MODULES if file.name == "__init__.py" and file.parent != PACKAGE):
        text = ast.get_docstring(tree(file)) or ""
        inside = {e.stem for e in file.parent.iterdir() if e.suffix == ".py" or (e / "__init__.py").is_file()}
        unnamed = {module for module in inside if module[0] != "_" and not re.search(rf"\b{module}\b", text)}
        if unnamed and not re.search(r"\b[Oo]ne module an? \w+", text):
            missing[name(file)] = unnamed
    assert missing == {}


def test_no_two_modules_are_told_apart_by_an_ending() -> None:
    kept = {}
    for file in MODULES:
        module = file.parent.name if file.name == "__init__.py" else file.stem
        if not name(file).startswith(NAMED_BY_USERS) and module not in {"__init__", "__main__"}:
            kept.setdefault(module.strip("_"), []).append(file)
    for one, other in itertools.combinations(sorted(kept), 2):
        is_room_and_value = any(f.parent.name in {one, other} for f in (*kept[one], *kept[other]))
        assert is_room_and_value or not differ_by_an_ending(one, other), (one, other)


def differ_by_an_ending(one: str, other: str) -> bool:
    """Whether two names are the same but for their last letters, ``scope`` and ``scopes`` for one."""
    (*before, last), (*before_other, last_other) = one.split("_"), other.split("_")
    stem = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(last, last_other, strict=False)))
    return before == before_other and stem >= 4 and max(len(last), len(last_other)) - stem <= 3


# -- size --------------------------------------------------------------------------------------------------------------


def test_files_are_not_long() -> None:
    files = [*MODULES, *PACKAGE.rglob("*.sql")]
    lines = {name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {n: count for n, count in lines.items() if count > MOST_LINES} == {}


def test_functions_are_not_long() -> None:
    """Docstrings do not count: arguments and errors are worth their lines."""
    long = {}
    for file in MODULES:
        for node in ast.walk(tree(file)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
                length = (node.end_lineno or 0) - body[0].lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    long[name(file), node.name] = length
    assert long == {}


# -- imports -----------------------------------------------------------------------------------------------------------


def late_imports(file: Path) -> list[int]:
    functions = [n for n in ast.walk(tree(file)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [n.lineno for f in functions for n in ast.walk(f) if isinstance(n, (ast.Import, ast.ImportFrom))]


def test_a_late_import_has_a_word_why() -> None:
    """In the docstring of the module or of a room around it. It hides no loop: import-linter sees late imports too."""
    silent = []
    for file in filter(late_imports, MODULES):
        rooms = [room / "__init__.py" for room in file.parents if room.is_relative_to(PACKAGE) and room != PACKAGE]
        texts = [ast.get_docstring(tree(each)) or "" for each in (file, *rooms)]
        if not any(re.search(r"\bimport(s|ed)?\b", text) for text in texts):
            silent.append(name(file))
    assert silent == []


# -- what is found by itself -------------------------------------------------------------------------------------------


def test_what_a_kind_of_statement_can_do_is_decided_once() -> None:
    """Blocks that are not run are judged by these tables alone: one that is missing would be taken for any change."""
    tables = (HARMLESS, SHAPELESS, OF_ACCESS, OF_TYPES, OWN_WAYS, RESHAPING)
    kinds = [kind for kind in parser.NODE_KINDS if kind.endswith("_stmt")]
    assert {kind: n for kind in kinds if (n := sum(kind in table for table in tables)) != 1} == {}
    assert [kind for table in tables for kind in table if kind not in kinds] == []
    assert [kind for kind in HARMLESS if callable(statements.entry(kind))] == []


def test_kinds_of_statements_are_in_the_modules_that_are_said_to_have_them() -> None:
    handled = {}
    for module in pkgutil.iter_modules(statements.__path__):
        if not module.name.startswith("_"):
            handlers = importlib.import_module(f"{statements.__name__}.{module.name}").HANDLERS
            handled.update(dict.fromkeys(handlers, module.name))
    assert handled == statements._MODULES


def test_a_rule_has_the_name_of_its_file() -> None:
    assert {id_: rule.id for id_, rule in rules.load().items() if id_ != rule.id} == {}
    assert len(rules.load()) > 30


def test_what_a_dialect_imports_late_has_the_name_of_no_module() -> None:
    """Another one that imports the module would leave it in the place of the function."""
    modules = {file.stem for file in (PACKAGE / "dialects/postgresql").iterdir()}
    assert set(postgresql._LATE) & modules == set()
    functions = [name for name in postgresql.__all__ if not name.isupper()]
    assert [name for name in functions if not callable(getattr(postgresql, name))] == []


def test_logical_types_are_the_same_everywhere() -> None:
    """Each list of them is of another kind of types; one that is in one alone would be held on one database alone."""
    of_types = {*generic_types.LOGICAL_TYPES, "array"}
    assert set(families._LOGICAL) == set(properties._LOGICAL) == of_types == dialects.LOGICAL
