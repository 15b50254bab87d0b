"""Output formats: one module a format, found by its file name; each turns a ``Report`` into one string.

A module of this package whose name has no leading underscore is a format and holds
``render(report: Report, options: Options) -> str``. Reporters are pure: they read and write nothing, know no
environment, and give the same text for the same report.

What only some runs need is imported when it is needed: a start is most of what a check of a small project costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

from msgspec import Struct, field

if TYPE_CHECKING:
    from alembic_contracts.judging.violations import Report

__all__ = ["FORMATS", "Options", "RuleHelp", "render"]

FORMATS: tuple[str, ...] = tuple(sorted(module.name for module in iter_modules(__path__) if module.name[0] != "_"))
"""The names that ``render`` takes, sorted."""

MIN_WIDTH = 60
"""Narrower than this, a report is no longer readable; smaller widths are taken for this one."""


class RuleHelp(Protocol):
    """What a format with room for documentation says of a rule."""

    @property
    def summary(self) -> str:
        """What must hold, in one sentence."""

    @property
    def description(self) -> str:
        """Why it matters."""


class Options(Struct, frozen=True, kw_only=True):
    """How a report is laid out. Formats for machines ignore ``width`` and ``color``."""

    width: int = 100
    """Columns of the terminal; prose is wrapped to it, code and paths are not."""
    color: bool = False
    """Whether to use ANSI escape sequences."""
    rules: Mapping[str, RuleHelp] = field(default_factory=dict)
    """Documentation of the rules by their id."""


class _Reporter(Protocol):
    def render(self, report: Report, options: Options) -> str: ...


def render(
    report: Report,
    format: str,  # noqa: A002  the word that the command line and its users know
    *,
    width: int = 100,
    color: bool = False,
    rules: Mapping[str, RuleHelp] | None = None,
) -> str:
    """Return a report in one of ``FORMATS``.

    Args:
        report: what a check found.
        format: one of ``FORMATS``.
        width: columns of the terminal, at least ``MIN_WIDTH``.
        color: whether ANSI escape sequences are welcome.
        rules: documentation of the rules by id, for formats that have room for it (SARIF).

    Returns:
        the text with exactly one line feed at its end. It always encodes to UTF-8: lone surrogates, as file names
        can carry them, have become question marks.

    Raises:
        ValueError: there is no such format.
    """
    if format not in FORMATS:
        raise ValueError(f"Unknown format {format!r}; there are {', '.join(FORMATS)}.")
    reporter = cast("_Reporter", import_module(f"{__name__}.{format}"))
    options = Options(width=max(width, MIN_WIDTH), color=color, rules=rules or {})
    text = reporter.render(report, options).rstrip("\n") + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")
