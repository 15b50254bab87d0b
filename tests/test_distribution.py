"""What is released: the wheel and the source distribution as they are built, file by file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
_ODCS = "alembic_contracts/contracts/formats/odcs_schemas"
OF_OTHERS = {
    f"{_ODCS}/odcs-json-schema-v3.0.2.json": f"{_ODCS}/LICENSE.txt",
    f"{_ODCS}/odcs-json-schema-v3.1.0.json": f"{_ODCS}/LICENSE.txt",
    f"{_ODCS}/odcs-json-schema-v3.2.0.json": f"{_ODCS}/LICENSE-datacontract-cli.txt",
    "alembic_contracts/reviews/site/assets/viz-global.js": "alembic_contracts/reviews/site/assets/viz-LICENSE.txt",
    "tests/demo/devContainer.base.schema.json": "tests/demo/devContainer-LICENSE.txt",
    "tests/reporters/sarif-2.1.0-rtm.5.json": "tests/reporters/sarif-LICENSE.txt",
}
"""Files that others wrote, with the file beside them that holds their licences."""
LICENCES = {
    f"{_ODCS}/LICENSE.txt": ("Apache License", "Version 2.0, January 2004"),
    f"{_ODCS}/LICENSE-datacontract-cli.txt": ("MIT License", "Copyright (c) 2026 Entropy Data GmbH"),
    "alembic_contracts/reviews/site/assets/viz-LICENSE.txt": (
        "Copyright (c) Michael Daines",
        "Permission is hereby granted, free of charge",
        "Eclipse Public License - v 1.0",
        "Eclipse Public License - v 2.0",
        "Expat maintainers",
    ),
    "tests/demo/devContainer-LICENSE.txt": ("Copyright (c) Microsoft Corporation", "MIT License", "CC-BY-4.0"),
    "tests/reporters/sarif-LICENSE.txt": ("Apache License", "Version 2.0, January 2004"),
}
OURS = {".py", ".css", ".csv", ".html", ".js", ".json", ".md", ".sql", ".toml", ".txt", ".typed", ".yaml", ".yml", ""}
OURS |= {".ipynb", ".log", ".mako", ".sarif", ".xml"}
"""Endings of files that people write; anything else came from elsewhere."""
# Words by which others mark what is theirs.
_MARK = re.compile(r"@license|SPDX-License-Identifier|[Cc]opyright \((c|C)\)|©|Licensed under|All rights reserved")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """The two files; those that a release has built, where it says so."""
    given = os.environ.get("ALEMBIC_CONTRACTS_DIST")
    folder = ROOT / given if given else tmp_path_factory.mktemp("dist")
    if not given:
        command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    [wheel], [source] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "source": source}


def contents(file: Path) -> dict[str, bytes]:
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(file) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}


def test_the_wheel_has_the_package_and_nothing_else(built):
    names = set(contents(built["wheel"]))
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "alembic_contracts"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    package = {name for name in names if name.startswith("alembic_contracts/")}
    assert package == {name for name in tracked if name and (ROOT / name).is_file()}
    assert {name.partition("/")[0].partition("-")[0] for name in names - package} == {"alembic_contracts"}


def test_our_licence_is_in_both(built):
    ours = (ROOT / "LICENSE").read_bytes()
    wheel = contents(built["wheel"])
    [kept] = [name for name in wheel if name.endswith("dist-info/licenses/LICENSE")]
    assert wheel[kept] == ours == contents(built["source"])["LICENSE"]
    metadata = message_from_string(wheel[kept.replace("licenses/LICENSE", "METADATA")].decode())
    assert metadata["License-Expression"] == "MIT AND Apache-2.0 AND EPL-1.0 AND EPL-2.0"
    assert "alembic_contracts/reviews/site/assets/viz-LICENSE.txt" in metadata.get_all("License-File")


@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_what_others_wrote_has_its_licence_beside_it(built, kind):
    found = contents(built[kind])
    for file, licence in OF_OTHERS.items():
        assert (file in found) == (licence in found), file
    for licence, texts in LICENCES.items():
        if licence in found:
            words = " ".join(found[licence].decode().split())
            assert not [text for text in texts if text not in words]


@pytest.mark.parametrize("kind", ["wheel", "source"])
def test_nothing_of_others_came_in_unnoticed(built, kind):
    known = {*OF_OTHERS, *OF_OTHERS.values(), "LICENSE", "tests/test_distribution.py"}
    for name, data in contents(built[kind]).items():
        if name in known or ".dist-info/" in name or name == "PKG-INFO":
            continue
        path = PurePosixPath(name)
        ending = path.suffix if not path.name.startswith(".") else ""
        assert ending in OURS, name
        assert not _MARK.search(data.decode("utf-8")), name
        assert len(data) < 1_000_000, name


def test_nothing_that_a_release_leaves_out_is_in_it(built):
    for file in built.values():
        names = contents(file)
        assert not [name for name in names if name.endswith((".pyc", ".so", ".key", ".pem")) or "__pycache__" in name]
        assert not [name for name in names if name.startswith((".ci", ".devcontainer", ".github"))]
