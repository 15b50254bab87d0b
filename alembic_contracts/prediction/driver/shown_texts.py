"""A text that is stored in the catalog in, what reflection hands out for it out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from alembic_contracts.prediction.driver.unknown_text import UnknownText
from alembic_contracts.prediction.printing import texts
from alembic_contracts.prediction.printing.definitions import table_constraint

if TYPE_CHECKING:
    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.schemas.schema import Constraint, Name, Table, TypeDefinition

__all__ = ["ShownTexts"]


class ShownTexts:
    """Prints texts as the server would; one that is not known is a string that tells when somebody looks into it."""

    def __init__(self, catalog: Catalog, doubt: Callable[[str, Collection[Name] | None], None]) -> None:
        """Print from a catalog; ``doubt`` is called where a script looked at what is not known."""
        self.catalog = catalog
        self._state = catalog.state
        self._doubt = doubt

    def expression(self, written: str, table: Table) -> str:
        """Return a default, generation expression or predicate."""
        return self._known(texts.shown(self._state, written, table.columns), written, str(table.name))

    def key(self, written: str, table: Table) -> str:
        """Return an index's key that is an expression, in pretty form as PGDialect asks for it."""
        found = texts.shown_key(self._state, written, table.columns, is_pretty=True)
        return self._known(found, written, str(table.name))

    def check(self, constraint: Constraint, table: Table) -> str:
        """Return the definition of a check constraint."""
        found = table_constraint(self._state, table, constraint, pretty=True)
        return self._known(found, constraint.expression or "", str(table.name))

    def view(self, table: Table) -> str:
        """Return a view's query."""
        written = table.definition or ""
        return self._known(texts.shown(self._state, written), written, str(table.name))

    def domain_default(self, written: str, domain: Name) -> str:
        """Return the default of a domain."""
        return self._known(texts.without_names(written), written, str(domain))

    def domain_check(self, check: Constraint, domain: TypeDefinition) -> str:
        """Return what PGDialect takes for the condition of a domain's check: its definition without some letters."""
        written = check.expression or ""
        printed = texts.pretty(self._state, written, value=domain.base)
        if printed is not None:
            printed = f"CHECK ({printed}){'' if check.valid else ' NOT VALID'}"[7:-1]
        return self._known(printed, written, str(domain.name))

    def _known(self, printed: str | None, written: str, owner: str) -> str:
        if printed is not None:
            return printed
        what = f"a script looks at how PostgreSQL prints an expression of {owner}, which is not known"
        return UnknownText(written, lambda: self._doubt(what, None))

    def notice(self, table: Table) -> Callable[[], None]:
        """Return what is to be called where a script looks at options of an index that are not known."""
        what = f"a script looks at options of an index on {table.name}, which are not known"
        return lambda: self._doubt(what, None)
