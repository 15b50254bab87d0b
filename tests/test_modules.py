"""Modules that are imported ahead, in processes of their own: what is loaded once cannot be loaded again."""

from __future__ import annotations

import subprocess
import sys

import pytest

WHILE = """
import sys, threading, time
from alembic_contracts.support import modules

late, alone = "alembic_contracts.texts", threading.active_count
assert late not in sys.modules
{before}
with modules.ahead({names}, *{then}):
    deadline = time.monotonic() + 10
    while {until} and time.monotonic() < deadline:
        time.sleep(0.001)
    {body}
assert alone() == 1, "no thread is left where a process is copied"
{after}
"""


def imported(**parts: str) -> subprocess.CompletedProcess[str]:
    filled = {"before": "", "names": "[late]", "until": "False", "then": "()", "body": "pass", "after": "", **parts}
    command = [sys.executable, "-W", "error", "-c", WHILE.format(**filled)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"until": "late not in sys.modules", "body": "assert late in sys.modules"}, id="while it waits"),
        pytest.param({"after": "assert late in sys.modules"}, id="at the latest when it is through"),
        pytest.param(
            {
                "before": "done = []",
                "then": "[lambda: 1 / 0, lambda: done.append(late in sys.modules)]",
                "after": "assert done == [True]",
            },
            id="what is called then",
        ),
        pytest.param(
            {
                "before": "def deep(n):\n    return n and deep(n - 1)\n"
                "sys.setrecursionlimit(40_000)\nthreading.stack_size(64 << 10)\ndone = []",
                "then": "[lambda: done.append(sorted(range(9), key=lambda n: deep(2_000)))]",
                "after": "assert done and threading.stack_size() == 64 << 10",
            },
            id="threads that have small stacks",
        ),
        pytest.param({"names": "['sys', 'threading']", "body": "assert alone() == 1"}, id="nothing is missing"),
        pytest.param({"names": "['no_such', late]", "after": "assert late in sys.modules"}, id="one cannot be had"),
        *(
            pytest.param(
                {
                    "before": f"def refused(*_, **__): raise {error}\nthreading.Thread.{method} = refused",
                    "after": "assert late not in sys.modules",
                },
                id=f"no thread can be had: {method}, {error}",
            )
            for method in ("start", "__init__")
            for error in ("RuntimeError", "MemoryError", "TypeError")
        ),
        pytest.param(
            {"before": "threading.Thread.start = lambda self: self.run()", "body": "assert late in sys.modules"},
            id="a thread that is none",
        ),
        pytest.param(
            {
                "before": "class Finder:\n    def find_spec(*_): raise KeyboardInterrupt\n"
                "sys.meta_path.insert(0, Finder())",
                "after": "sys.meta_path.pop(0)",
            },
            id="a finder that interrupts",
        ),
    ],
)
def test_modules_are_imported_ahead(parts: dict[str, str]) -> None:
    done = imported(**parts)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_body_raises_is_raised_when_the_thread_has_ended() -> None:
    done = imported(body="raise ValueError(alone())")
    assert done.stderr.splitlines()[-1].startswith("ValueError"), done.stderr
