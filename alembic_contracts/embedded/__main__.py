"""``python -m alembic_contracts.embedded wipe|status|url|run``: look after the embedded PostgreSQL of a checkout."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from alembic_contracts import embedded
from alembic_contracts.errors import CannotCheck

EXIT_CANNOT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for what cannot be done, or that of the command that was run."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except CannotCheck as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line
        return EXIT_CANNOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m alembic_contracts.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in {
        "status": "say whether the server runs and where its data are",
        "url": "print the URL of the running server",
        "wipe": "remove the data",
        "run": "keep the server running while a command runs (DATABASE_URL is set for it), or until Ctrl-C",
    }.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("--data", type=Path, default=Path(".postgres"), help="data folder (default: %(default)s)")
        if name == "run":
            command.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND ...")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.command == "run":
        return _hold(options.data, [word for word in options.argv if word != "--"])
    if options.command == "wipe":
        print("removed" if embedded.wipe(options.data) else "nothing to remove", options.data)  # noqa: T201
        return 0
    status = embedded.status(options.data)
    if options.command == "status":
        _print_status(status)
    elif status.running is None:
        raise CannotCheck(f"No server runs on {options.data}; `run` starts one and keeps it.")
    else:
        print(status.running.url())  # noqa: T201
    return 0


def _print_status(status: embedded.Status) -> None:
    made_by = f"PostgreSQL {status.version}" if status.version else "none yet"
    state = f"running at {status.running.url()}" if status.running else "not running"
    print(f"server: {state}\ndata: {status.cluster} ({made_by})")  # noqa: T201


def _hold(data: Path, command: list[str]) -> int:
    with embedded.server(data) as server:
        if command:
            environment = {**os.environ, "DATABASE_URL": server.url()}
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - the user's own
        print(server.url(), flush=True)  # noqa: T201
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
