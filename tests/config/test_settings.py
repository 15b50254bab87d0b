"""Settings from pyproject.toml, alembic.ini and the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alembic_contracts.config import Settings, read_settings
from tests.support.settings import RULES, I, T, read


def test_nothing_asks_for_anything(folder) -> None:
    for sources in ({}, {"toml": "[project]\nname = 'x'"}, {"ini": "[alembic]\nscript_location = x"}):
        settings = read(**sources)
        assert not settings.configured
        assert settings.source is None
    assert not read(ENFORCE="report", SHADOW_URL="postgresql://x").configured  # of a machine, not of this project
    assert not read_settings(
        ini_file=folder / "missing.ini", toml_file=folder / "missing.toml", environ={}, known_rules=RULES
    ).configured


def test_a_contracts_folder_is_enough(folder) -> None:
    (folder / "contracts").mkdir()
    for sources in ({}, {"toml": ""}, {"ini": "[alembic]"}):
        settings = read(**sources)
        assert settings.configured
        assert settings.contracts == (folder / "contracts",)
        assert settings.source is None


def test_the_default_folder_is_next_to_alembics_own_files(folder) -> None:
    for name in ("database", "database/contracts", "contracts"):
        (folder / name).mkdir()
    (folder / "database/alembic.ini").write_text("[alembic]")
    (folder / "pyproject.toml").write_text("")
    arguments = {"environ": {}, "known_rules": RULES}
    ini, toml = folder / "database/alembic.ini", folder / "pyproject.toml"
    assert read_settings(ini_file=ini, toml_file=None, **arguments).contracts == (folder / "database/contracts",)
    assert read_settings(ini_file=ini, toml_file=toml, **arguments).contracts == (
        folder / "database/contracts",
        folder / "contracts",
    )
    (folder / "database/contracts").rmdir()
    assert read_settings(ini_file=ini, toml_file=toml, **arguments).contracts == (folder / "contracts",)


def test_an_empty_section_asks_for_the_default_folder(folder) -> None:
    for sources in ({"toml": "[tool.alembic_contracts]"}, {"ini": "[alembic_contracts]", "toml": None}):
        settings = read(**sources)
        assert settings.configured  # so that the missing folder is an error when contracts are loaded
        assert settings.contracts == (folder / "contracts",)
        assert settings.enforce == "introduced"
        assert settings.downgrade == "report"
        assert settings.unproven is None
        assert settings.settle == "auto"
        assert settings.exec == "auto"
        assert settings.shadow_url is None
        assert settings.rules == {}


TOML = """
[tool.alembic_contracts]
contracts = ["agreements", "/shared/contracts", "%(here)s/more"]
enforce = "strict"
downgrade = "refuse"
unproven = "warn"
settle = "never"
exec = "never"
shadow_url = "postgresql://scratch"
snapshot = "kept/now.json"
releases = ["v1.4.0", "origin/main"]

[tool.alembic_contracts.rules]
column-type = "warning"
primary-key = "off"
"""
INI = """
[alembic]
script_location = %(here)s/migrations

[alembic_contracts]
contracts = agreements, /shared/contracts
    %(here)s/more
enforce = strict
downgrade = refuse
unproven = warn
settle = never
exec = never
shadow_url = postgresql://scratch
snapshot = kept/now.json
releases = v1.4.0, origin/main
rules =
    column-type = warning
    primary-key = off
"""


@pytest.mark.parametrize(("sources", "source"), [({"toml": TOML}, "pyproject.toml"), ({"ini": INI}, "alembic.ini")])
def test_everything_can_be_set_in_either_file(folder, sources, source) -> None:
    assert read(**sources) == Settings(
        contracts=(folder / "agreements", Path("/shared/contracts"), folder / "more"),
        enforce="strict",
        downgrade="refuse",
        unproven="warn",
        settle="never",
        exec="never",
        shadow_url="postgresql://scratch",
        snapshot=folder / "kept/now.json",
        releases=("v1.4.0", "origin/main"),
        rules={"column-type": "warning", "primary-key": "off"},
        source=Path(source),
        configured=True,
    )


def test_paths_count_from_the_file_that_names_them(folder, monkeypatch) -> None:
    (folder / "pyproject.toml").write_text('[tool.alembic_contracts]\ncontracts = "x/../y"')
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    settings = read_settings(ini_file=None, toml_file=Path("../pyproject.toml"), environ={}, known_rules=RULES)
    assert [os.path.realpath(path) for path in settings.contracts] == [os.path.realpath(folder / "y")]
    assert settings.contracts[0].is_absolute()


def test_the_environment_wins(folder) -> None:
    settings = read(
        toml=TOML,
        CONTRACTS=f"one,two{os.pathsep}/three",
        ENFORCE="report",
        DOWNGRADE="report",
        UNPROVEN="refuse",
        SETTLE="auto",
        EXEC="auto",
        SHADOW_URL="postgresql://other",
        SNAPSHOT="other.json",
        RELEASES="v2",
        RULES="column-type=error, table-exists = warning",
    )
    assert settings == Settings(
        contracts=(folder / "one", folder / "two", Path("/three")),
        enforce="report",
        downgrade="report",
        unproven="refuse",
        settle="auto",
        exec="auto",
        shadow_url="postgresql://other",
        snapshot=folder / "other.json",
        releases=("v2",),
        rules={"column-type": "error", "primary-key": "off", "table-exists": "warning"},
        source=Path("pyproject.toml"),
        configured=True,
    )
    assert read(CONTRACTS="x").configured
    assert read(toml=TOML, ENFORCE="", RULES=" ", CONTRACTS="") == read(toml=TOML)


def test_a_url_is_not_shown_in_full() -> None:
    assert "secret" not in repr(read(SHADOW_URL="postgresql://me:secret@host/x"))


def test_other_variables_are_none_of_our_business() -> None:
    environ = {"ALEMBIC_CONFIG": "x", "PATH": "y", "CONTRACTS": "z", "DATABASE_URL": "w"}
    assert not read_settings(ini_file=None, toml_file=None, environ=environ, known_rules=RULES).configured


def test_other_peoples_text_in_alembic_ini_is_left_alone(folder) -> None:
    (folder / "alembic.ini").write_bytes(
        b"[DEFAULT]\nshared = 1\n[alembic]\n# caf\xe9\nfile_template = %%(rev)s\nurl = 100%\n"
        b"[contracts_db]\nx = %(nowhere)s\n[alembic_contracts]\nenforce = strict\n"
    )
    settings = read_settings(ini_file=Path("alembic.ini"), toml_file=None, environ={}, known_rules=RULES)
    assert settings.enforce == "strict"


def test_other_tools_are_left_alone() -> None:
    toml = "[tool.alembic]\nx = 1\n[tool.alembic_utils]\n[tool.contracts]\n[tool.importlinter.contracts]\n"
    assert not read(toml=toml).configured


def test_what_a_run_may_not_need_is_not_imported() -> None:
    script = "import sys, alembic_contracts.config; print({'tomllib', 'configparser', 'alembic'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_limits_of_a_prediction() -> None:
    defaults = read(toml=T)
    assert (defaults.predict_timeout, defaults.predict_memory) == (60, 2048)
    stated = read(ini=I + "predict_timeout = 2.5\npredict_memory = 512", PREDICT_MEMORY="256")
    assert (stated.predict_timeout, stated.predict_memory) == (2.5, 256)


SECTIONS = (
    {
        "ini": "[DEFAULT]\ndowngrade = refuse\n[alembic]\n[other]\n[alembic_contracts]\ncontracts = here, there\n"
        "enforce = strict\ndowngrade = report\nrules = column-type=off\n"
        "[alembic_contracts:other]\nenforce = report\nrules = primary-key=warning\nsnapshot = %(here)s/x.json\n"
    },
    {
        "toml": '[tool.alembic_contracts]\ncontracts = ["here", "there"]\nenforce = "strict"\ndowngrade = "report"\n'
        'rules = {column-type = "off"}\n[tool.alembic_contracts.sections.other]\nenforce = "report"\n'
        'rules = {primary-key = "warning"}\nsnapshot = "%(here)s/x.json"\n'
    },
)


@pytest.mark.parametrize("files", SECTIONS, ids=["ini", "toml"])
def test_a_section_of_alembic_has_what_differs_for_it(files, folder) -> None:
    both, other = read(**files), read(**files, section="other")
    assert both.contracts == other.contracts == (folder / "here", folder / "there")
    assert (both.enforce, other.enforce) == ("strict", "report")
    assert (both.downgrade, other.downgrade) == ("report", "report")  # nearer than what is for the whole file
    assert (dict(both.rules), dict(other.rules)) == (
        {"column-type": "off"},
        {"column-type": "off", "primary-key": "warning"},
    )
    assert (both.snapshot, other.snapshot) == (folder / "schema_snapshot.json", folder / "x.json")
    assert read(**files, section="other", ENFORCE="introduced").enforce == "introduced"
    assert read(**files, section="third").enforce == "strict"


@pytest.mark.parametrize(
    "files",
    [
        {"ini": "[other]\n[alembic_contracts:other]\nenforce = report\n"},
        {"toml": '[tool.alembic_contracts.sections.other]\nenforce = "report"\n'},
    ],
    ids=["ini", "toml"],
)
def test_settings_of_one_section_alone_are_none_of_another(files) -> None:
    assert not read(**files).configured
    assert read(**files, section="other").configured
