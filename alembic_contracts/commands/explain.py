"""``alembic-contracts explain RULE``: what a rule holds, whom a break hurts, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from alembic_contracts.commands._shared import examples, told

if TYPE_CHECKING:
    from alembic_contracts.judging.rules import Portable, Rule

__all__ = ["COMMAND", "lines"]

_SUMMARY = "Explain a rule: what must hold, whom a break hurts, what to do instead."
_EXAMPLES = (("", "all rules in a line each"), ("column-exists", "one of them in full"))
_PLACEHOLDERS = {
    "table": "public.orders",
    "table_name": "orders",
    "column": "total",
    "place": "public.orders.total",
    "expected": "what is stated",
    "actual": "what is there",
    "is_absent": "no longer exists",
    "owner": "the contract's owner",
    "contract": "shop/orders",
    "contract_place": "contracts/orders.json:12",
    "schema": "",
    "database": "PostgreSQL",
    "meant": "amount",
}
_SIDES = {"reader": "readers", "writer": "writers", "cdc": "change data capture and replication"}

_ELSEWHERE = "On databases other than PostgreSQL"
_ENDINGS = (
    "To let it end on a day, its owner adds to the contract, its table or column:",
    '  "sunset": "2030-12-31"',
    "In an ODCS contract:",
    "  customProperties:",
    "  - property: alembic_contracts.sunset",
    '    value: "2030-12-31"',
)


def _rules(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Complete the id of a rule."""
    from alembic_contracts.judging import rules

    return [rule for rule in rules.load() if rule.startswith(begun)]


@click.command("explain", help=_SUMMARY, short_help=_SUMMARY, epilog=examples("explain", _EXAMPLES))
@click.argument("rule", required=False, shell_complete=_rules)
@told
def COMMAND(rule: str | None) -> None:  # noqa: N802 - found by this name
    """Print one rule, or the list of them."""
    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.judging import rules
    from alembic_contracts.support.suggestions import did_you_mean

    known = rules.load()
    if rule is None:
        width = max(map(len, known)) + 2
        for each in known.values():
            click.echo(f"{each.id.ljust(width)}{each.summary}")
        return
    if rule not in known:
        raise CannotCheck(f"There is no rule `{rule}`{did_you_mean(rule, sorted(known))}")
    click.echo("\n".join(lines(known[rule])))


def lines(rule: Rule) -> Iterator[str]:
    """Yield what there is to say of a rule, its id first; what only this needs is imported here."""
    import textwrap

    from alembic_contracts.contracts.contract import SIDES
    from alembic_contracts.contracts.waivers import stanza

    yield rule.id
    yield ""
    yield from textwrap.wrap(rule.summary, 100)
    yield ""
    yield from textwrap.wrap(rule.description, 100)
    yield ""
    if rule.portable is None:
        yield "On databases other than PostgreSQL it is not applicable."
        yield ""
    yield f"Breaks: {', '.join(_SIDES[side] for side in _SIDES if side in rule.breaks) or 'nobody by itself'}."
    if rule.implied_by:
        of_all = [each for each, sides in SIDES.items() if each != "exact" and sides & rule.implied_by]
        yield f"Contracts with the compatibility {', '.join(of_all[:-1])} or full rely on it without stating it."
    yield ""
    yield "When it is broken:"
    for part in (rule.cause, rule.consequence):
        yield from textwrap.wrap(part.format(**_PLACEHOLDERS), 100, initial_indent="  ", subsequent_indent="  ")
    yield ""
    yield from _advice("What to do instead", rule.remedy)
    for each in rule.instead:
        yield from _advice(f"Where {each.what}", each.remedy)
    yield from _advice("Where it never held", rule.fix)
    for each in rule.instead:
        yield from _advice(f"Where it never held, and {each.what}", each.fix)
    yield from _elsewhere("", rule.portable)
    for each in rule.instead:
        yield from _elsewhere(f" and where {each.what}", each.portable)
    yield "To permit one break of it, its owner adds to waivers.yaml beside the contracts:"
    yield "  waivers:"
    place = _PLACEHOLDERS["place" if "{place}" in rule.cause else "table"]
    yield textwrap.indent(stanza(_PLACEHOLDERS["contract"], f"{rule.id} {place}", "1a2b3c"), "  ")
    yield ""
    yield from _ENDINGS


def _elsewhere(place: str, portable: Portable | None) -> Iterator[str]:
    """Yield what is another advice on databases other than PostgreSQL."""
    if portable is not None:
        yield from _advice(f"{_ELSEWHERE}{place}", portable.remedy)
        yield from _advice(f"{_ELSEWHERE}{place}, where it never held", portable.fix)


def _advice(title: str, template: str) -> Iterator[str]:
    """Yield a template's text below its title, nothing of an empty one; what only this needs is imported here."""
    import textwrap

    from alembic_contracts.judging.remedies import EXAMPLES

    if template:
        yield f"{title}:"
        yield from textwrap.indent(template.format(**_PLACEHOLDERS, **EXAMPLES), "  ").splitlines()
        yield ""
