"""Alembic's own tests, with this package's plugin installed and without it: none may end differently.

    python -m benchmarks.alembic_suite [FOLDER] [-- PYTEST_ARGUMENTS]

FOLDER is Alembic's unpacked source; by default the source distribution of the installed version is downloaded. Prints
how many tests ended how in both runs, and each that differs. Exit code 1: one differs that is not expected to.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

EXPECTED = frozenset({"test_help_text"})
"""Tests that compare the whole list of commands, to which the plugin adds one."""

HIDE = """
import importlib.metadata as metadata

real = metadata.entry_points
metadata.entry_points = lambda **wanted: () if wanted.get("group") == "alembic.plugins" else real(**wanted)
"""


def main(arguments: list[str]) -> int:
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    given, options = arguments[:cut], arguments[cut + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(given[0]) if given else download(Path(folder))
        (Path(folder) / "hide_plugins.py").write_text(HIDE, encoding="utf-8")
        plain = run(source, Path(folder), "without", ["-p", "hide_plugins", *options])
        ours = run(source, Path(folder), "with", options)
    different = sorted(name for name in plain.keys() | ours.keys() if plain.get(name) != ours.get(name))
    for name in different:
        print(f"{name}: {plain.get(name)} without the plugin, {ours.get(name)} with it")
    unexpected = [name for name in different if name.rpartition("::")[2] not in EXPECTED]
    print(
        f"{len(ours)} tests, {len(different)} of which end differently with the plugin, {len(unexpected)} unexpectedly"
    )
    return 1 if unexpected or not ours else 0


def download(folder: Path) -> Path:
    """Return the unpacked source distribution of the installed version."""
    version = importlib.metadata.version("alembic")
    command = [
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        "alembic",
        "--dest",
        str(folder),
        f"alembic=={version}",
    ]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True)
    [archive] = folder.glob("alembic-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def run(source: Path, folder: Path, name: str, options: list[str]) -> dict[str, str]:
    """Run the tests; returns how each ended."""
    results = folder / f"{name}.xml"
    command = ["-m", "pytest", "-q", "--maxfail=0", "-p", "no:cacheprovider", "-p", "no:alembic_contracts"]
    done = subprocess.run(
        [sys.executable, *command, f"--junitxml={results}", *options, "tests"],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if not results.is_file():
        sys.exit(f"Alembic's tests could not be run:\n{done.stdout[-3000:]}")
    ends = {f"{case.get('classname')}::{case.get('name')}": end(case) for case in ET.parse(results).iter("testcase")}
    print(f"{name} the plugin: {dict(Counter(ends.values()))}", flush=True)
    return ends


def end(case: ET.Element) -> str:
    return next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "passed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
