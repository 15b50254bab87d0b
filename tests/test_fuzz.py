"""Files that are hard on their readers, and files changed at random: a part of ``python -m benchmarks.fuzz``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz.inputs import KINDS

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_each_file_is_taken_as_it_should_be(kind):
    command = [
        sys.executable,
        "-m",
        "benchmarks.fuzz",
        "--quick",
        "--only",
        kind,
        "--count",
        "40",
        "--command-every",
        "70",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 bad\n" in done.stdout
