"""An input in, what a command made of it out, and what is wrong with that: each in a child process with limits.

The child is a copy of this process, with everything imported already, and calls what the command line calls.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz.inputs import KINDS, Input
from benchmarks.fuzz.seeds import FILES

__all__ = ["MEGABYTES", "SECONDS", "Outcome", "fault", "project", "run", "run_command", "warm_up"]

SECONDS = 4.0
"""Of processor time that an answer may take, on a machine that does other things as well."""
MEGABYTES = 300
_BARE = 65
"""Of them that Python takes with all that commands import; what this process holds beside is its own business."""
PATIENCE = 60
"""Seconds after which a command hangs, on a machine that does a lot of other things as well."""
_ENOUGH = 100_000
"""Characters of an answer; more is no message for people."""
_CRASHED = 70
_NO_TEXT = re.compile(r"is (UTF-16|a binary file)|has [0-9.]+ MiB")
"""What is no text has no lines."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command."""

    code: int
    """Negative: the signal that ended it."""
    seconds: float
    """Of processor time."""
    megabytes: float
    output: str


@contextmanager
def project(given: Input) -> Iterator[Path]:
    """Yield a project's folder."""
    folder = Path(tempfile.mkdtemp(prefix="alembic-contracts-fuzz-"))
    kind = KINDS[given.kind]
    try:
        for name, text in FILES.items():
            if name != kind.instead_of and (name != "schema_snapshot.json" or given.kind == "snapshot"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
        file = folder / kind.file
        file.unlink()
        if given.content is not None:
            file.write_bytes(given.content)
        else:
            _special(file, given.special)
        yield folder
    finally:
        shutil.rmtree(folder)


def _special(file: Path, special: str) -> None:
    match special:
        case "directory":
            file.mkdir()
        case "fifo":
            os.mkfifo(file)
        case "loop":
            file.symlink_to(file.name)
        case "dangling":
            file.symlink_to("nowhere")
        case "device":
            file.symlink_to("/dev/zero")
        case _:
            file.write_text(FILES[next(k.file for k in KINDS.values() if k.file.endswith(file.name))], encoding="utf-8")
            file.chmod(0)


def warm_up() -> None:
    """Import what commands import, so that children need not; refuses to go on where a valid project is refused."""
    here = Path.cwd()
    for name, kind in KINDS.items():
        with project(Input(name, "", FILES[kind.file].encode())) as folder:
            os.chdir(folder)
            try:
                refused = [command for command in kind.commands if _call(command, os.devnull) not in (0, 1, 3)]
            finally:
                os.chdir(here)
        if refused:
            raise SystemExit(f"A valid project is refused by {refused}.")


def run(given: Input) -> Outcome:
    """Run an input's command in a copy of this process."""
    with project(given) as folder:
        output = folder.with_suffix(".output")
        held = _resident()
        child = os.fork()
        if child == 0:
            try:
                os.chdir(folder)
                os.setsid()
                signal.alarm(PATIENCE)
                resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
                resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                code = _call(given.command, str(output))
            except BaseException:  # noqa: BLE001 - a child must not go on as its parent
                code = _CRASHED
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status, usage = os.wait4(child, 0)
        text = output.read_text(encoding="utf-8", errors="surrogateescape") if output.exists() else ""
        output.unlink(missing_ok=True)
        code = os.waitstatus_to_exitcode(status)
        return Outcome(code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024 - held + _BARE, text)


def _resident() -> float:
    """Return the megabytes that this process holds, of which its copies have as many."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024**2


def _call(command: tuple[str, ...], output: str) -> int:
    """Run the command line with its output in a file; returns its exit code."""
    from alembic_contracts.cli import main

    saved = sys.stdout, sys.stderr
    with open(output, "w", encoding="utf-8", errors="surrogateescape", buffering=1) as stream:  # noqa: PTH123
        sys.stdout = sys.stderr = stream
        try:
            main(list(command), standalone_mode=True)
        except SystemExit as leaving:
            return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        except BaseException:  # noqa: BLE001 - it is what is looked for
            traceback.print_exc()
            return _CRASHED
        finally:
            stream.flush()
            sys.stdout, sys.stderr = saved
    return 0


def run_command(given: Input) -> Outcome:
    """Run an input's command as its users do, in a process of its own."""
    with project(given) as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        program = Path(sys.executable).with_name("alembic-contracts")
        try:
            done = subprocess.run(
                [program, *given.command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=3 * PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return Outcome(-signal.SIGALRM, time.monotonic() - started, 0, str(late.output))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        # Starting Python and importing it all is no work on the input.
        return Outcome(done.returncode, max(0.0, seconds - 2), 0, done.stdout.decode("utf-8", "surrogateescape"))


def fault(given: Input, outcome: Outcome) -> str | None:
    """Return what is wrong with an outcome, None where it is as it should be."""
    checks = (
        ("hangs", outcome.code in (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL)),
        (f"ends by signal {-outcome.code}", outcome.code < 0),
        (f"a traceback: {_last_line(outcome.output)}", "Traceback (most recent call last)" in outcome.output),
        (f"exit code {outcome.code}", outcome.code not in (0, 1, 2, 3)),
        (f"takes {MEGABYTES} MB", outcome.megabytes > MEGABYTES),
        (f"takes {SECONDS:g} s", outcome.seconds > SECONDS),
        ("an answer that nobody reads", len(outcome.output) > _ENOUGH),
        ("control characters in its answer", _CONTROL.search(outcome.output) is not None),
        ("no place", outcome.code == 2 and not _names_a_place(given, outcome.output)),
    )
    return next((words for words, wrong in checks if wrong), None)


def _last_line(output: str) -> str:
    lines = output.rstrip().splitlines()
    return lines[-1][:200] if lines else ""


def _names_a_place(given: Input, output: str) -> bool:
    """Whether an answer names the file, and the line where the file has any."""
    file = re.escape(KINDS[given.kind].file.rpartition("/")[2])
    if given.content is None or not given.content.strip() or _NO_TEXT.search(output):
        return (given.content is not None and not given.content.strip()) or re.search(file, output) is not None
    if given.kind in ("pyproject.toml", "alembic.ini"):  # of a value the section is told
        return re.search(rf"{file}|There are no contracts|script_location|Path doesn't exist", output) is not None
    if given.kind in ("script", "env.py"):  # of what a script lacks there is no line
        return re.search(rf"{file}|env.py|No verdict", output) is not None
    if KINDS[given.kind].file.startswith("contracts/"):  # a fault between two of them has its place in the other one
        file = "|".join(re.escape(name.rpartition("/")[2]) for name in FILES if name.startswith("contracts/"))
    line = rf'({file})[^\n]*?(:\d+|line[ =]\d+|"line": \d+)|"file": "[^"]*({file})",\s*"line": \d+'
    return re.search(line, output) is not None
