"""A progress bar where somebody is watching, nothing where the output goes to a file or another program."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["progress_bar", "tell"]


@contextmanager
def progress_bar(title: str, *, total: int, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while the block runs; yields a function that advances it by so many steps."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, completed=done)
        yield lambda steps: progress.advance(task, steps)


def tell(message: str) -> None:
    """Print a line on standard error, above the bar if there is one (``click.echo`` would write over it)."""
    print(message, file=sys.stderr)
