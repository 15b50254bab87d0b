"""``alembic-contracts diff``: what has become of the promises since a git ref."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from alembic_contracts.commands._predicted import checked
from alembic_contracts.commands._shared import Project, examples, told, written

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_contracts.reviews.differences import Difference

__all__ = ["COMMAND"]

_SUMMARY = "Compare the contracts with those at a git ref: which promises were loosened, which tightened?"
_DESCRIPTION = """\
BASE is a branch, tag or commit; by default the commit where this branch left the main one. Contracts are compared as
models: where files lie and how they are written does not count. Sidecars, waivers and settings count as well.

Exit codes: 0 nothing was loosened; 1 something was; 2 could not be compared.
"""
_EXAMPLES = (
    ("", "what did this branch do to the contracts?"),
    ("origin/main", "compared with the main branch as it is now"),
    ("--format markdown", "for a comment on a pull request"),
)
_MARKS = {"loosened": "-", "tightened": "+", "neutral": "~"}


@click.command("diff", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("diff", _EXAMPLES))
@click.argument("base", required=False)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", help="Default: text."
)
@click.pass_obj
@told
def COMMAND(project: Project, base: str | None, format_: str) -> int:  # noqa: N802 - found by this name
    """Print what has changed."""
    from pathlib import Path

    from alembic_contracts.reviews.differences import differences
    from alembic_contracts.running import bases
    from alembic_contracts.running.terms import required
    from alembic_contracts.support import git

    config = project.config()
    ref = base or git.merge_base_with_main(Path.cwd())
    then = bases.base_at(ref, config)
    now = required(config, then)
    found = list(differences(then.terms, now))
    if any(each.fact for each in found):
        unmet = _unmet(config)
        found = [replace(each, message=f"{each.message}; {unmet(each)}") if each.fact else each for each in found]
    written(_FORMATS[format_](found, ref), format_)
    return int(any(each.grade == "loosened" for each in found))


def _unmet(config: Config) -> Callable[[Difference], str]:
    """Return what says whether the migrations satisfy a fact that has been tightened, by a prediction of them all."""
    from alembic_contracts.errors import CannotCheck

    try:
        report = checked(config)
    except CannotCheck:
        return lambda _each: "whether the migrations satisfy it could not be checked"
    broken = {
        (part.contract, f"{part.rule} {part.table}" + (f".{part.column}" if part.column else ""))
        for violation in report.violations
        for part in violation.parts
    }
    gone = {(v.contract, str(v.table)) for v in report.violations if v.rule == "table-exists"}

    def words(each: Difference) -> str:
        table = ".".join(each.fact.partition(" ")[2].split(".")[:2])
        if (each.contract, each.fact) in broken or (each.contract, table) in gone:
            return "the migrations do not satisfy it"
        return "the migrations satisfy it" if report.status != "unproven" else "whether they satisfy it is unproven"

    return words


def _text(found: Sequence[Difference], ref: str) -> Iterator[str]:
    contract = None
    for each in found:
        if each.contract != contract:
            contract = each.contract
            yield f"Contract {contract}" if contract else "Settings"
        place = f"  ({each.location.file}:{each.location.line})" if each.location is not None else ""
        yield f"  {_MARKS[each.grade]} {each.grade}: {each.message}{place}"
    yield _verdict(found, ref)


def _markdown(found: Sequence[Difference], ref: str) -> Iterator[str]:
    from alembic_contracts.texts import markdown, markdown_code

    yield f"### {markdown(_verdict(found, ref))}"
    if found:
        yield "\n| | Contract | Change | Where |\n|---|---|---|---|"
    for each in found:
        place = markdown_code(f"{each.location.file}:{each.location.line}") if each.location is not None else ""
        contract = markdown_code(each.contract) if each.contract else "settings"
        yield f"| {each.grade} | {contract} | {markdown(each.message)} | {place} |"


def _json(found: Sequence[Difference], ref: str) -> Iterator[str]:
    changes = [
        {
            "grade": each.grade,
            "contract": each.contract or None,
            "message": each.message,
            "contract_location": None
            if each.location is None
            else {"file": each.location.file, "line": each.location.line},
        }
        for each in found
    ]
    yield json.dumps({"version": 1, "base": ref, "changes": changes}, indent=2)


def _verdict(found: Sequence[Difference], ref: str) -> str:
    counts = {grade: sum(each.grade == grade for each in found) for grade in _MARKS}
    if not found:
        return f"The contracts are as at {ref}."
    told_ = ", ".join(f"{count} {grade}" for grade, count in counts.items() if count)
    return f"Contracts since {ref}: {told_}."


_FORMATS = {"text": _text, "markdown": _markdown, "json": _json}
