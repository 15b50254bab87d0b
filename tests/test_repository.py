"""The repository's own tooling: hooks, workflows and published schemas are valid and point at what exists.

What the tools of the extra `dev` can say themselves (shellcheck, linters, schemas of workflows), `.ci/run` asks them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
YAML_FILES = [
    *WORKFLOWS,
    *(ROOT / ".github").glob("*.yml"),
    ROOT / ".pre-commit-config.yaml",
    ROOT / ".pre-commit-hooks.yaml",
    ROOT / "compose.yaml",
]
MARKER = "<!-- alembic-contracts -->"


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        **options,
    )


def workflow(name: str) -> dict:
    return yaml.safe_load((ROOT / ".github/workflows" / name).read_text(encoding="utf-8"))


def shell_lines() -> list[tuple[str, str]]:
    return [
        (f"{file.name}: {step.get('name', step['run'])}", step["run"])
        for file in WORKFLOWS
        for job in workflow(file.name)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ] + [
        (f"action.yml: {step.get('id', 'install')}", step["run"])
        for step in yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
        if "run" in step
    ]


@pytest.mark.parametrize("file", YAML_FILES, ids=lambda file: file.name)
def test_yaml_parses(file):
    assert yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "file", sorted((ROOT / "alembic_contracts").rglob("*.schema.json")), ids=lambda file: file.name
)
def test_published_schemas_are_schemas(file):
    jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text(encoding="utf-8")))


class TestScripts:
    def test_ci_run_is_an_executable_bash_script(self):
        script = ROOT / ".ci/run"
        assert os.access(script, os.X_OK)
        assert run("bash", "-n", script).returncode == 0

    def test_ci_run_stops_at_the_first_failure(self, tmp_path):
        failing = tmp_path / "python"
        failing.write_text("#!/bin/sh\nexit 7\n")
        failing.chmod(0o755)
        done = run(".ci/run", env={**os.environ, "PYTHON": str(failing), "TMPDIR": str(tmp_path)})
        assert done.returncode == 7
        assert "All checks passed." not in done.stdout
        assert list(tmp_path.iterdir()) == [failing]

    @pytest.mark.parametrize(("name", "script"), shell_lines(), ids=lambda value: value.split("\n")[0][:60])
    def test_steps_of_workflows_are_valid_shell(self, name, script):
        plain = re.sub(r"\$\{\{.*?\}\}", "x", script)
        done = run("bash", "-n", "-c", plain)
        assert done.returncode == 0, f"{name}: {done.stderr}"

    def test_no_expression_of_github_reaches_a_shell(self):
        assert not [name for name, script in shell_lines() if "${{" in script]


class TestWorkflows:
    def test_they_ask_for_no_more_than_they_need(self):
        for file in WORKFLOWS:
            content = workflow(file.name)
            assert content["permissions"] == {"contents": "read"}
            # YAML 1.1 reads the key `on` as true.
            assert "pull_request_target" not in content[True]

    def test_actions_of_others_are_pinned_by_hash(self):
        steps = [step for file in WORKFLOWS for job in workflow(file.name)["jobs"].values() for step in job["steps"]]
        steps += yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
        used = {step["uses"] for step in steps if "uses" in step} - {"./"}
        assert used
        assert not [use for use in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", use)]
        for file in (*WORKFLOWS, ROOT / "action.yml"):
            for line in re.findall(r"^[^#]*uses:.*$", file.read_text(encoding="utf-8"), re.MULTILINE):
                assert re.search(r"uses: (\./|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$", line), line

    def test_checkouts_leave_no_token_behind(self):
        steps = [step for file in WORKFLOWS for job in workflow(file.name)["jobs"].values() for step in job["steps"]]
        checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
        assert checkouts
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)

    def test_only_publishing_may_prove_who_it_is(self):
        jobs = workflow("release.yml")["jobs"]
        assert jobs["publish"]["permissions"] == {"id-token": "write"}
        assert "permissions" not in jobs["build"]
        assert jobs["publish"]["environment"]["name"] == "pypi"
        [publishing] = [step for step in jobs["publish"]["steps"] if "pypi-publish" in step["uses"]]
        assert publishing["with"] == {"attestations": True}  # no password: trusted publishing
        assert not [step for step in jobs["publish"]["steps"] if "run" in step]

    def test_the_site_that_is_published_is_that_of_the_main_branch_built_as_in_the_tests(self):
        jobs = workflow("docs.yml")["jobs"]
        assert "permissions" not in jobs["build"]
        assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
        assert jobs["publish"]["environment"]["name"] == "github-pages"
        assert jobs["publish"]["if"].startswith("github.ref == 'refs/heads/main' && ")
        [deploying] = jobs["publish"]["steps"]
        assert deploying["uses"].startswith("actions/deploy-pages@")
        assert deploying["id"] == "pages"
        commands = [step.get("run") for step in jobs["build"]["steps"]]
        assert "mkdocs build --strict -f .mkdocs.yml" in commands
        [needed] = [line for line in PYPROJECT["project"]["optional-dependencies"]["test"] if line.startswith("mkdocs")]
        assert f'pip install "{needed}"' in commands, "what the tests build it with"
        site = yaml.safe_load((ROOT / ".mkdocs.yml").read_text(encoding="utf-8"))["site_dir"]
        assert jobs["build"]["steps"][-1]["with"]["path"] == site

    def test_zizmor_finds_nothing(self):
        done = run(BIN / "zizmor", "--offline", "--no-progress", "--min-severity", "medium", ROOT)
        assert done.returncode == 0, done.stdout

    def test_tests_cover_every_supported_version(self):
        matrix = workflow("tests.yml")["jobs"]["server"]["strategy"]["matrix"]
        classifiers = "\n".join(PYPROJECT["project"]["classifiers"])
        supported = re.findall(r"^Programming Language :: Python :: (3\.\d+)$", classifiers, re.MULTILINE)
        assert matrix["python"] == supported
        assert matrix["postgres"] == ["14", "15", "16", "17", "18"]

    def test_the_lowest_versions_are_those_of_the_package(self):
        commands = [step.get("run", "") for step in workflow("tests.yml")["jobs"]["lowest"]["steps"]]
        stated = {line.split(">=")[0]: line.split(">=")[1] for line in PYPROJECT["project"]["dependencies"]}
        assert any(
            f'"alembic=={stated["alembic"]}" "sqlalchemy~={stated["sqlalchemy"]}.0"' in text for text in commands
        )

    def test_options_of_pytest_that_they_use_exist(self):
        offered = run(sys.executable, "-m", "pytest", "--help").stdout
        assert "--postgres-url" in offered

    def test_commands_that_they_use_exist(self):
        scripts = [script for _, script in shell_lines() if "alembic-contracts pull-request" in script]
        assert scripts
        offered = run(BIN / "alembic-contracts", "pull-request", "--help").stdout
        for option in re.findall(r"--[a-z-]+", scripts[0]):
            assert option in offered, option


class TestHooks:
    HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    OWN = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]

    def test_entries_are_commands_that_exist(self):
        for hook in self.HOOKS:
            assert hook["entry"].split()[0] in PYPROJECT["project"]["scripts"]
        installed = "\n".join(PYPROJECT["project"]["optional-dependencies"]["dev"])
        for hook in self.OWN:
            command = hook["entry"].split()[0]
            package = {"lint-imports": "import-linter", "alembic-contracts": "alembic-contracts"}.get(command, command)
            assert re.search(rf"^{package}\b", installed, re.MULTILINE), command

    def test_the_extra_that_a_hook_installs_exists(self):
        wanted = {
            extra for hook in self.HOOKS for text in hook["additional_dependencies"] for extra in text[2:-1].split(",")
        }
        assert wanted <= set(PYPROJECT["project"]["optional-dependencies"])

    @pytest.mark.parametrize(
        ("file", "starts"),
        [
            ("migrations/versions/1a_x.py", True),
            ("app/db/alembic/versions/1a_x.py", True),
            ("versions/1a_x.sql", True),
            ("migrations/env.py", True),
            ("contracts/object_images.json", True),
            ("db/contracts/team/x.yaml", True),
            ("alembic.ini", True),
            ("services/a/pyproject.toml", True),
            ("README.md", False),
            ("app/models.py", False),
            ("subversions/x.py", False),
            ("contracts/README.md", False),
        ],
    )
    def test_the_hook_starts_where_contracts_can_break(self, file, starts):
        hook = next(hook for hook in self.HOOKS if hook["id"] == "check-contracts")
        assert bool(re.search(hook["files"], file)) is starts


class TestConfiguration:
    def test_import_rules_name_modules_that_exist_and_miss_none(self):
        contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
        for layers in (contract for contract in contracts if contract["type"] == "layers"):
            named = {name for layer in layers["layers"] for name in layer.split(" | ")}
            (container,) = layers["containers"]
            folder = ROOT / container.replace(".", "/")
            there = {file.stem for file in folder.iterdir() if file.suffix == ".py" or (file / "__init__.py").is_file()}
            assert there - named == {"__init__"}, "a module without a layer may import anything: give it one"
            assert named <= there
        for forbidden in (contract for contract in contracts if contract["type"] == "forbidden"):
            for module in forbidden["source_modules"]:
                folder = ROOT / module.replace(".", "/")
                assert folder.with_suffix(".py").is_file() or (folder / "__init__.py").is_file(), module

    def test_fragments_of_the_changelog_are_of_a_type(self):
        types = {entry["directory"] for entry in PYPROJECT["tool"]["towncrier"]["type"]}
        fragments = [file for file in (ROOT / "changelog.d").glob("*.md") if file.name != "README.md"]
        assert not [file.name for file in fragments if file.name.split(".")[-2] not in types]
        assert "<!-- towncrier release notes start -->" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
