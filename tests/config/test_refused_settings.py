"""Settings that are wrong: what is said of them, and where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_contracts.config import read_settings
from alembic_contracts.errors import InvalidSettings
from tests.support.settings import RULES, I, T, refusal

ENFORCE = 'must be one of "introduced", "strict", "report", not'
SECONDS = "`lock_timeout` must be a number of seconds, not"
PERCENT = "alembic.ini:2: '%' must be followed by '%' or '(', found: '%40@host/x'"
NO_SECTION = "alembic.ini:1: File contains no section headers. 'key = 1\\n'"
REFUSALS = [
    (
        {"toml": T, "ini": I},
        (
            "Settings stand in both pyproject.toml, [tool.alembic_contracts] and alembic.ini, [alembic_contracts]; "
            "keep them in one of the two files."
        ),
    ),
    (
        {"toml": T + 'enforced = "strict"'},
        "pyproject.toml, [tool.alembic_contracts]: unknown setting `enforced`; did you mean `enforce`?",
    ),
    (
        {"ini": I + "contract = x"},
        "alembic.ini, [alembic_contracts]: unknown setting `contract`; did you mean `contracts`?",
    ),
    (
        {"toml": T + "zzz = 1"},
        (
            "pyproject.toml, [tool.alembic_contracts]: unknown setting `zzz`; known here: `contracts`, `enforce`, "
            "`downgrade`, `unproven`, `autogenerate`, `settle`, `elsewhere`, `exec`, `keep_predictions`, "
            "`predict_timeout`, `predict_memory`, `shadow_url`, `snapshot`, `lock_timeout`, `releases`, `rules`, "
            "`sections`, `infer`"
        ),
    ),
    (
        {"toml": T + 'enforce = "stric"'},
        f"pyproject.toml, [tool.alembic_contracts]: `enforce` {ENFORCE} 'stric'; did you mean `strict`?",
    ),
    ({"toml": T + "enforce = true"}, f"pyproject.toml, [tool.alembic_contracts]: `enforce` {ENFORCE} True"),
    ({"ini": I + "enforce ="}, f"alembic.ini, [alembic_contracts]: `enforce` {ENFORCE} ''"),
    ({"ENFORCE": "off"}, f"`ALEMBIC_CONTRACTS_ENFORCE` {ENFORCE} 'off'"),
    ({"UNPROVEN": "error"}, '`ALEMBIC_CONTRACTS_UNPROVEN` must be one of "refuse", "warn", not \'error\''),
    (
        {"ENFORSE": "report"},
        "unknown environment variable `ALEMBIC_CONTRACTS_ENFORSE`; did you mean `ALEMBIC_CONTRACTS_ENFORCE`?",
    ),
    (
        {"toml": T + "contracts = 1"},
        "pyproject.toml, [tool.alembic_contracts]: `contracts` must be a path or a list of paths, not 1.",
    ),
    ({"toml": T + "contracts = []"}, "pyproject.toml, [tool.alembic_contracts]: `contracts` names no path."),
    ({"toml": T + 'contracts = ["a", ""]'}, "pyproject.toml, [tool.alembic_contracts]: `contracts` names no path."),
    ({"ini": I + "contracts ="}, "alembic.ini, [alembic_contracts]: `contracts` names no path."),
    ({"CONTRACTS": ","}, "`ALEMBIC_CONTRACTS_CONTRACTS` names no path."),
    (
        {"toml": T + "releases = [1]"},
        "pyproject.toml, [tool.alembic_contracts]: `releases` must be a git ref or a list of them, not [1].",
    ),
    (
        {"toml": T + "shadow_url = 5"},
        "pyproject.toml, [tool.alembic_contracts]: `shadow_url` must be the URL of a scratch database.",
    ),
    ({"toml": T + "lock_timeout = -1"}, f"pyproject.toml, [tool.alembic_contracts]: {SECONDS} -1."),
    ({"toml": T + "lock_timeout = true"}, f"pyproject.toml, [tool.alembic_contracts]: {SECONDS} True."),
    ({"ini": I + "lock_timeout = 5s"}, f"alembic.ini, [alembic_contracts]: {SECONDS} '5s'."),
    ({"LOCK_TIMEOUT": "nan"}, "`ALEMBIC_CONTRACTS_LOCK_TIMEOUT` must be a number of seconds, not 'nan'."),
    (
        {"toml": T + 'rules = "column-type"'},
        "pyproject.toml, [tool.alembic_contracts]: `rules` must be a table of rule ids, not 'column-type'.",
    ),
    (
        {"toml": T + 'rules = {column-typ = "off"}'},
        (
            "pyproject.toml, [tool.alembic_contracts]: `rules` names an unknown rule `column-typ`; "
            "did you mean `column-type`?"
        ),
    ),
    (
        {"toml": T + "rules = {column-type = false}"},
        (
            "pyproject.toml, [tool.alembic_contracts]: `rules`: `column-type` must be one of "
            '"error", "warning", "off", not False.'
        ),
    ),
    (
        {"toml": T + 'rules = {column-type = ["off"]}'},
        (
            "pyproject.toml, [tool.alembic_contracts]: `rules`: `column-type` must be one of "
            '"error", "warning", "off", not [\'off\'].'
        ),
    ),
    (
        {"ini": I + "rules = column-type"},
        "alembic.ini, [alembic_contracts]: `rules` must be pairs such as `column-type=warning`, not `column-type`.",
    ),
    (
        {"RULES": "column-type=off,column-type=error"},
        "`ALEMBIC_CONTRACTS_RULES` names the rule `column-type` twice.",
    ),
    ({"toml": "[tool]\nalembic_contracts = 1"}, "pyproject.toml: `tool.alembic_contracts` must be a table."),
    (
        {"toml": "[tool.alembic-contracts]\n"},
        "pyproject.toml: unknown section [tool.alembic-contracts]; did you mean [tool.alembic_contracts]?",
    ),
    (
        {"toml": "[alembic_contracts]\n"},
        "pyproject.toml: unknown section [alembic_contracts]; did you mean [tool.alembic_contracts]?",
    ),
    (
        {"ini": "[alembic_contract]\n"},
        "alembic.ini: unknown section [alembic_contract]; did you mean [alembic_contracts]?",
    ),
    (
        {"ini": I + "[alembic_contracts:rules]\ncolumn-type = off"},
        (
            "alembic.ini: unknown section [alembic_contracts:rules]; did you mean [alembic_contracts]? "
            "Rules are a setting in it."
        ),
    ),
    (
        {"ini": I + "[other]\n[alembic_contracts:othr]\nenforce = report"},
        (
            "alembic.ini: [alembic_contracts:othr] is for a section [othr], which is not in the .ini file; "
            "did you mean `other`?"
        ),
    ),
    (
        {"ini": "[other]\n", "toml": "[tool.alembic_contracts.sections.othr]\n"},
        (
            "pyproject.toml: [tool.alembic_contracts.sections.othr] is for a section [othr], which is not in the .ini "
            "file; did you mean `other`?"
        ),
    ),
    (
        {"ini": I + "[other]\n[alembic_contracts:other]\nenforc = report", "section": "other"},
        "alembic.ini, [alembic_contracts:other]: unknown setting `enforc`; did you mean `enforce`?",
    ),
    (
        {"toml": T + "sections = 1"},
        "pyproject.toml: `tool.alembic_contracts.sections` must be a table.",
    ),
    (
        {"toml": T + "section = 1"},
        "pyproject.toml, [tool.alembic_contracts]: unknown setting `section`; did you mean `sections`?",
    ),
    (
        {"toml": T + "sections.other.enforce = 1", "section": "other"},
        f"pyproject.toml, [tool.alembic_contracts.sections.other]: `enforce` {ENFORCE} 1",
    ),
    (
        {"toml": T, "ini": "[other]\n[alembic_contracts:other]\n", "section": "other"},
        (
            "Settings stand in both pyproject.toml, [tool.alembic_contracts] and alembic.ini, "
            "[alembic_contracts:other]; keep them in one of the two files."
        ),
    ),
    (
        {"toml": T + "predict_timeout = 0"},
        "pyproject.toml, [tool.alembic_contracts]: `predict_timeout` must be a number of seconds, not 0.",
    ),
    (
        {"ini": I + "predict_memory = lots"},
        "alembic.ini, [alembic_contracts]: `predict_memory` must be a number of megabytes, not 'lots'.",
    ),
    ({"PREDICT_TIMEOUT": "nan"}, "`ALEMBIC_CONTRACTS_PREDICT_TIMEOUT` must be a number of seconds, not 'nan'."),
    ({"toml": T + "a = \n"}, "pyproject.toml:2:5: Invalid value."),
    (
        {"ini": I + "shadow_url = postgresql://me:%40@host/x"},
        PERCENT,
    ),
    (
        {"ini": "key = 1\n" + I},
        NO_SECTION,
    ),
]


@pytest.mark.parametrize(("sources", "expected"), REFUSALS, ids=[str(sources)[:60] for sources, _ in REFUSALS])
def test_what_is_wrong_is_said(sources, expected) -> None:
    assert refusal(**sources) == expected


@pytest.mark.parametrize("name", ["alembic_contracts_enforce", "ALEMBIC_CONTRACT_ENFORCE", "ALEMBIC_CONTRACTS"])
def test_a_mistyped_way_past_the_guard_is_not_silent(name) -> None:
    with pytest.raises(InvalidSettings, match=f"variable `{name}`; did you mean `ALEMBIC_CONTRACTS_"):
        read_settings(ini_file=None, toml_file=None, environ={name: "report"}, known_rules=RULES)


def test_files_that_cannot_be_read(folder) -> None:
    (folder / "pyproject.toml").write_bytes(b'a = 1\nb = "\xff"\n')
    arguments = {"environ": {}, "known_rules": RULES}
    with pytest.raises(InvalidSettings, match=r"^pyproject\.toml:2:6: the byte 0xff is not UTF-8"):
        read_settings(ini_file=None, toml_file=Path("pyproject.toml"), **arguments)
