"""The catalogue: contracts, schema and what is pending in, a site out that needs neither server nor network.

contract_pages    contracts, a schema, a plan -> what the page of each contract says
pictures          tables -> a picture of them, in Graphviz' language
addresses         names of anybody -> names of files, and anchors
finding           the same, and all tables -> what the search looks through

Jinja is imported when pages are written: it comes with the extra ``docs``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_contracts import texts
from alembic_contracts.errors import CannotCheck
from alembic_contracts.reviews.coverage import coverage_of
from alembic_contracts.reviews.site.addresses import anchor_of, file_of, link_to
from alembic_contracts.reviews.site.contract_pages import ContractPage, Pages
from alembic_contracts.reviews.site.finding import script_of
from alembic_contracts.reviews.site.pictures import MOST_TABLES, picture_of
from alembic_contracts.support.garbage import uncollected

if TYPE_CHECKING:
    from jinja2 import Environment

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.reviews.plans import Plan
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.schema import Schema, Table

__all__ = ["write"]

_ASSETS = ("catalogue.css", "catalogue.js", "viz-global.js", "viz-LICENSE.txt")
_CONTRACTS = "contracts"
_MARK = re.compile(r'<meta name="generator" content="alembic-contracts">')
"""What tells a page that was written here from a file of somebody else."""


@uncollected()
def write(folder: Path, plan: Plan, terms: Terms, *, schema: Schema, notices: Sequence[str] = ()) -> tuple[Path, ...]:
    """Write the pages and what they need; returns the files, the one to begin with first.

    Args:
        folder: made where it is not there; files of the same names are replaced, and pages of contracts that are gone
            removed.
        plan: what is pending.
        terms: settings and contracts, these in the plan's names.
        schema: the tables that the pages show.
        notices: what has to be known of all of it; every page says so first.

    Raises:
        CannotCheck: Jinja is not installed, or the folder cannot be written.
    """
    pages = Pages(terms, plan, schema)
    try:
        files = {folder / name: text for name, text in _rendered(pages, notices)}
    except ModuleNotFoundError as error:
        raise CannotCheck("The catalogue needs Jinja: pip install 'alembic-contracts[docs]'") from error
    try:
        (folder / _CONTRACTS).mkdir(parents=True, exist_ok=True)
        _remove_pages_that_are_gone(folder / _CONTRACTS, {file.name for file in files})
        for file, text in files.items():
            file.write_text(text, encoding="utf-8")
        for name in _ASSETS:
            shutil.copyfile(Path(__file__).with_name("assets") / name, folder / name)
    except OSError as error:
        raise CannotCheck(f"The catalogue cannot be written to {folder}: {error.strerror}") from error
    return (*files, *(folder / name for name in _ASSETS))


def _rendered(pages: Pages, notices: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file, the page to begin with first."""
    contracts = tuple(pages)
    coverage = coverage_of(pages.terms.contracts, pages.schema)
    names = [row.table for row in coverage.rows]
    templates = _templates()
    templates.globals.update(plan=pages.plan, notices=tuple(notices), today=pages.terms.today)
    templates.globals.update(file_of=file_of, anchor_of=anchor_of, link_to=link_to)
    owners = _owners(contracts)
    drawn = picture_of(pages.schema, names, pages.covered) if len(names) <= MOST_TABLES else None

    def rendered(name: str, **values: object) -> str:
        """Return a page. No template has characters that cannot be seen, so all of it is looked through at once."""
        return texts.lines(templates.get_template(name).render(values))

    yield (
        "index.html",
        rendered(
            "index.html",
            home="",
            verdict=pages.verdict,
            contracts=contracts,
            coverage=coverage,
            owners=owners,
            picture=drawn,
        ),
    )
    yield (
        "tables.html",
        rendered(
            "tables.html",
            home="",
            coverage=coverage,
            relied_on=pages.relied_on,
            columns=lambda name: _columns(pages.schema.tables[name], pages.plan.dialect),
        ),
    )
    yield "pending.html", rendered("pending.html", home="")
    yield "search.js", script_of(contracts, (owner for owner, _ in owners), coverage)
    for page in contracts:
        yield f"{_CONTRACTS}/{page.file}", rendered("contract.html", home="../", page=page, picture=page.picture)


def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("alembic_contracts.reviews.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _remove_pages_that_are_gone(folder: Path, written: set[str]) -> None:
    for file in folder.glob("*.html"):
        if file.name not in written and _MARK.search(file.read_text(encoding="utf-8", errors="replace")[:1000]):
            file.unlink()


def _owners(contracts: Sequence[ContractPage]) -> tuple[tuple[Any, tuple[ContractPage, ...]], ...]:
    """Return each owner with their contracts, by name."""
    found: dict[Any, list[ContractPage]] = {}
    for page in contracts:
        found.setdefault(page.contract.owner, []).append(page)
    return tuple((owner, tuple(found[owner])) for owner in sorted(found, key=lambda owner: (owner.name, str(owner))))


def _columns(table: Table, dialect: Dialect) -> tuple[tuple[str, str, bool, bool], ...]:
    """Return name, type, whether it can be NULL, and whether it is in the key."""
    return tuple(
        (
            c.name,
            dialect.format_type(c.type) if c.type is not None else "?",
            not c.not_null,
            c.name in table.primary_key,
        )
        for c in table.columns
    )
