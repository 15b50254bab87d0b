"""``alembic-contracts who``: who relies on a table or column, since and until when; or what ends soon.

Only contract files are read, with their sidecars and waivers, and git's log where there is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts.commands._shared import Project, contracted, examples, told, written

if TYPE_CHECKING:
    from alembic_contracts.contracts.contract import Deprecation, Waiver
    from alembic_contracts.documents.document import ContractLocation
    from alembic_contracts.reviews.consumers import End, Reliance
    from alembic_contracts.running.terms import Terms

__all__ = ["COMMAND"]

_SUMMARY = "Say who relies on a table or column, since when, until when; or what ends in the next 30 days."
_DESCRIPTION = """\
WHAT is a table, or a column as TABLE.COLUMN, either with its schema or without. Who names a column in a key, a check or
a foreign key relies on it as well. "Since" is the day on which git has the contract's file first. Without WHAT: the
promises whose sunset comes, and the waivers that expire, today or on one of the next days.

Neither env.py nor a database is needed: what no contract names, nobody relies on, whether it exists or not.

Exit codes: 0; 2 could not be told.
"""
_EXAMPLES = (
    ("orders", "who would have to agree to a change of the table?"),
    ("orders.total", "who relies on one of its columns?"),
    ("--days 90", "what ends or expires in the next three months?"),
    ("--format json orders", "for other programs"),
)


@click.command("who", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("who", _EXAMPLES))
@click.argument("what", required=False, shell_complete=contracted)
@click.option(
    "--days", type=click.IntRange(0, 36500), default=30, metavar="N", help="How far to look ahead (default: 30)."
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@click.pass_obj
@told
def COMMAND(project: Project, what: str | None, days: int, format_: str) -> None:  # noqa: N802 - found by this name
    """Read the contracts and print the answer."""
    from alembic_contracts.reviews import consumers
    from alembic_contracts.running.terms import required

    terms = required(project.config())
    if what is None:
        last = terms.today + timedelta(days=days)
        ends = consumers.ends(terms.contracts, terms.waivers, terms.today, last)
        written(_ends_json(ends, terms.today, last) if format_ == "json" else _ends(ends, last, days), format_)
        _note(terms)
        return
    found = consumers.relying(what, terms.contracts, terms.waivers, _arrivals(terms))
    near = None if found else _nearest(what, terms)
    if format_ == "json":
        written(_json(what, found, terms.today, near), format_)
    else:
        written(_text(found, terms.today) if found else [_nobody(what, near)], format_)
    _note(terms)


def _arrivals(terms: Terms) -> Mapping[str, date]:
    """Return when each contract's file was first committed, as far as git knows."""
    from contextlib import suppress

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.support.git import days_of_arrival

    days: dict[Path, date] = {}
    for path in terms.settings.contracts:
        with suppress(CannotCheck):
            days |= days_of_arrival((path if path.is_dir() else path.parent).resolve())
    files = {contract.location.file for contract in terms.contracts}
    return {file: days[path] for file in files if (path := Path(file).resolve()) in days}


def _note(terms: Terms) -> None:
    if terms.settings.today is not None:
        click.echo(f"note: ALEMBIC_CONTRACTS_TODAY says that it is {terms.today:%Y-%m-%d}.", err=True)


def _nearest(what: str, terms: Terms) -> str | None:
    from alembic_contracts.reviews import consumers
    from alembic_contracts.support.suggestions import nearest

    known = [spelling for name in consumers.names(terms.contracts) for spelling in consumers.spellings(*name)]
    return nearest(what, known)


def _nobody(what: str, near: str | None) -> str:
    return f"No contract names `{what}`" + (f"; did you mean `{near}`?" if near is not None else ".")


# -- who relies on it --------------------------------------------------------------------------------------------------


def _text(found: Sequence[Reliance], today: date) -> Iterator[str]:
    from alembic_contracts.schemas.uses import used_by

    for number, each in enumerate(found):
        name = _name(each)
        if number == 0 or name != _name(found[number - 1]):
            yield name
        contract = each.contract
        yield f"  {contract.id}, {contract.owner}"
        yield f"    {_how(each)}  ({_where(each.location)})"
        if seen := used_by(each.used_by):
            yield f"    {seen}"
        yield f"    {_life(each, today)}"
        for said in each.ends:
            if said.sunset is not None and said.sunset != each.until:
                yield f"    {_until(said.sunset, today)}: {said.column or said.place}  ({_where(said.location)})"
        for waiver in each.waivers:
            yield f"    {_waived(waiver, today)}  ({_where(waiver.location)})"


def _name(each: Reliance) -> str:
    return str(each.table) if each.column is None else f"{each.table}.{each.column}"


def _how(each: Reliance) -> str:
    """Return what a contract states, and whom it protects."""
    if each.column is None:
        stated = ", ".join(each.columns) or "no column"
        stated = f"{stated} ({len(each.facts)} {'fact' if len(each.facts) == 1 else 'facts'})"
    else:
        stated = ", ".join(dict.fromkeys(fact.rule for fact in each.facts))
    return f"relies on {stated}; compatibility {each.contract.compatibility_of(each.table)}"


def _life(each: Reliance, today: date) -> str:
    contract = each.contract
    since = f"since {each.since:%Y-%m-%d}" if each.since is not None else "since when is not known"
    if contract.stage == "retired":
        return f"{since}; retired: no longer checked"
    until = "no end is set" if each.until is None else _until(each.until, today)
    return f"{since}; {contract.stage}{', which blocks nobody' if contract.stage == 'draft' else ''}; {until}"


def _until(sunset: date, today: date) -> str:
    return f"{'may be broken since' if sunset <= today else 'until'} {sunset:%Y-%m-%d}"


def _waived(waiver: Waiver, today: date) -> str:
    revision = f" by {waiver.revision}" if waiver.revision is not None else ""
    counts = f"may be broken{revision} until" if waiver.expiry >= today else "waiver expired on"
    return f"{waiver.fact}: {counts} {waiver.expiry:%Y-%m-%d}, approved by {waiver.approver}: {waiver.reason}"


def _where(location: ContractLocation) -> str:
    return f"{location.file}:{location.line}"


# -- what ends ---------------------------------------------------------------------------------------------------------


def _ends(found: Sequence[End], last: date, days: int) -> Iterator[str]:
    from alembic_contracts.contracts.contract import Waiver

    if not found:
        yield f"Nothing ends or expires until {last:%Y-%m-%d} ({days} {'day' if days == 1 else 'days'})."
    for each in found:
        if isinstance(each.what, Waiver):
            what = f"last day of the waiver of {each.what.fact}, approved by {each.what.approver}: {each.what.reason}"
        else:
            what = f"may be broken from then on: {each.what.place}"
        yield f"{each.day:%Y-%m-%d}  {what}"
        yield f"            {each.contract.id}, {each.contract.owner}  ({_where(each.what.location)})"


# -- JSON --------------------------------------------------------------------------------------------------------------


def _json(what: str, found: Iterable[Reliance], today: date, near: str | None) -> Iterator[str]:
    rows = [
        {
            "table": str(each.table),
            "column": each.column,
            "contract": each.contract.id,
            "owner": {"name": each.contract.owner.name, "email": each.contract.owner.email},
            "status": each.contract.stage,
            "compatibility": each.contract.compatibility_of(each.table),
            "held": each.held(today),
            "since": _day(each.since),
            "until": _day(each.until),
            "columns": list(each.columns),
            "facts": [{"fact": fact.id, "contract_location": _location(fact.location)} for fact in each.facts],
            "used_by": [place.as_json for place in each.used_by],
            "ends": [_end(said) for said in each.ends if said.sunset is not None],
            "waivers": [_waiver(waiver, today) for waiver in each.waivers],
            "contract_location": _location(each.location),
        }
        for each in found
    ]
    yield _dumped({"version": 1, "today": today.isoformat(), "what": what, "did_you_mean": near, "relying": rows})


def _ends_json(found: Iterable[End], today: date, last: date) -> Iterator[str]:
    from alembic_contracts.contracts.contract import Waiver

    rows = [
        {
            "day": each.day.isoformat(),
            "contract": each.contract.id,
            "owner": {"name": each.contract.owner.name, "email": each.contract.owner.email},
            "sunset": None if isinstance(each.what, Waiver) else _end(each.what),
            "waiver": _waiver(each.what, today) if isinstance(each.what, Waiver) else None,
        }
        for each in found
    ]
    yield _dumped({"version": 1, "today": today.isoformat(), "until": last.isoformat(), "ends": rows})


def _end(said: Deprecation) -> dict[str, object]:
    return {
        "table": None if said.table is None else str(said.table),
        "column": said.column,
        "sunset": _day(said.sunset),
        "contract_location": _location(said.location),
    }


def _waiver(waiver: Waiver, today: date) -> dict[str, object]:
    return {
        "fact": waiver.fact,
        "revision": waiver.revision,
        "reason": waiver.reason,
        "approver": waiver.approver,
        "expiry": waiver.expiry.isoformat(),
        "counts": waiver.expiry >= today,
        "contract_location": _location(waiver.location),
    }


def _location(location: ContractLocation) -> dict[str, object]:
    return {"file": location.file, "line": location.line}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _dumped(document: Mapping[str, Any]) -> str:
    """Return JSON in ASCII; lone surrogates, which many parsers refuse, are replaced."""
    from alembic_contracts.texts import json_text

    return json.dumps(json.loads(json_text(json.dumps(document, ensure_ascii=False))), indent=2)
