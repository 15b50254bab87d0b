"""``python -m benchmarks``: all that is measured, one after the other, into one Markdown file with a plot.

Each part is a program of its own (``python -m benchmarks.scale``) and compares within its own run: a figure is a ratio
to what ran in turn with it. Written to a folder that is not committed: ``benchmarks.md``, ``scale.svg``.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

PARTS = {
    "scale": "What starts, checks and guarded upgrades cost, and how that grows",
    "sqlite": "The guard on SQLite",
    "observation": "The look at a database",
    "site": "The catalogue",
    "manifests": "Manifests of dbt projects",
    "uses": "What queries use, by PostgreSQL's own answer, and how fast that is read",
    "peers": "Other tools on the same scripts",
}


def main() -> None:
    """Run the parts and write what they say."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, each once: minutes in place of hours")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be given again")
    parser.add_argument("--output", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    lines, failed = [*_head(quick=options.quick)], []
    for part in options.only or PARTS:
        print(f"== {part}", file=sys.stderr)
        command = [sys.executable, "-m", f"benchmarks.{part}", "--output", str(options.output)]
        done = subprocess.run([*command, *["--quick"] * options.quick], stdout=subprocess.PIPE, text=True, check=False)
        failed += [part] * bool(done.returncode)
        lines += [f"\n## {PARTS[part]}\n", done.stdout.strip() if not done.returncode else "It failed."]
        if part == "scale" and not done.returncode:
            lines.append("\n![Seconds of a check by size, both axes logarithmic](scale.svg)")
        (options.output / "benchmarks.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    if failed:
        raise SystemExit(f"These failed: {', '.join(failed)}")


def _head(*, quick: bool) -> list[str]:
    machine = (
        f"{os.cpu_count()} processors, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    )
    sizes = " Small sizes, each once." if quick else ""
    how = (
        "Times are medians of runs in turn; CPU is that of a command and its own processes, without the database "
        "server's; memory is the peak of its largest process."
    )
    when = f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f} at the start"
    return ["# Benchmarks\n", f"{machine}; {when}.{sizes}", f"\n{how}"]


if __name__ == "__main__":
    main()
