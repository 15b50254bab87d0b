"""PostgreSQL's catalog in memory: starts from a schema, answers what is there, ends transactions.

No database is involved. ``statements.execute`` applies SQL to it as the server would, errors, transactions and
savepoints included; what cannot be worked out is a ``Doubt``, never silence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from alembic_contracts.prediction.catalog.snapshots import Snapshots
from alembic_contracts.prediction.catalog.state import Attachment, Function, State
from alembic_contracts.prediction.catalog.traits import HANGING, HIDDEN
from alembic_contracts.prediction.catalog.transactions import Transactions
from alembic_contracts.prediction.catalog.unread import Unread
from alembic_contracts.schemas.schema import Name, Schema, Table, TypeDefinition
from alembic_contracts.schemas.surroundings import DEFAULT_VERSION, OtherObjects, Sequence

if TYPE_CHECKING:
    from alembic_contracts.schemas.surroundings import Extract

__all__ = ["Catalog"]


class Catalog:
    """The state of one database as seen by one session."""

    def __init__(
        self,
        schema: Schema | None = None,
        *,
        database: str | None = None,
        user: str | None = None,
        search_path: Collection[str] = ("public",),
        server_version: int = DEFAULT_VERSION,
        complete: bool = True,
        complete_tables: bool = True,
        others: OtherObjects | None = None,
        extract: Extract | None = None,
        without_access: bool = False,
        observed: bool = False,
    ) -> None:
        """Start from a schema (None: a fresh database with the schema ``public`` and nothing in it).

        Args:
            schema: what is known to be there.
            database: what ``current_database()`` says; None: that is not known.
            user: the role, for ``$user`` in the search path and for owners. None: that is not known.
            search_path: schemas in the order of lookup; ``$user`` stands for the role's name.
            server_version: as ``server_version_num`` has it (170004 is 17.4).
            complete: False where objects of the kinds that ``Schema`` does not carry (functions, triggers, roles,
                extensions ...) may exist that are not known here.
            complete_tables: False where even tables, types and sequences may exist that are not in ``schema``.
            others: the casts, operators and the like that are there beside the server's own; None: nothing is known of
                them unless the baseline is ``complete``.
            extract: which part of the database ``schema`` is; None: all of it.
            without_access: whether nothing of roles, and of what they may do, is in ``schema``.
            observed: whether the texts in ``schema`` are known to be those that a server printed.
        """
        unread = Unread(extract, without_access) if extract is not None or without_access else None
        known = complete or others is not None
        self.state = State(
            database or "postgres", user or "postgres", server_version, complete, complete_tables, known, unread
        )
        self.state.known_database, self.state.known_user = database, user
        self.transactions = Transactions(self.state)
        quoted = ", ".join(f'"{part}"' for part in search_path)
        self.state.settings.put("search_path", quoted)
        self.state.defaults["search_path"] = quoted
        for name in extract.sequences if extract is not None else ():
            self.state.sequences.put(name, Sequence(name))
        self._load(schema if schema is not None else Schema(catalog=self.state.database), observed=observed)
        nothing_known = OtherObjects(has_hidden=not complete, has_hanging=not complete)
        self._load_others(others or nothing_known)
        if unread is not None:
            unread.original = frozenset((*self.state.tables.loaded(), *self.state.types, *self.state.sequences))
            unread.asked = False
        self.state.journal.forget()

    def _load(self, schema: Schema, *, observed: bool) -> None:
        from alembic_contracts.prediction.catalog.stored_texts import as_observed, type_as_observed

        state = self.state
        state.extensions.put("plpgsql", "pg_catalog")
        for namespace in schema.namespaces:
            state.namespaces.put(namespace, state.user)
        for name in schema.sequences:
            state.sequences.put(name, Sequence(name))
        for name, definition in schema.types.items():
            state.types.put(name, type_as_observed(definition) if observed else definition)
        state.set_access(schema.access)
        for publication in schema.access.publications:
            state.attachments.put(("publication", None, publication), Attachment("publication", publication, None))
        for name, table in schema.tables.items():
            state.tables.put(name, as_observed(table) if observed else table)
            for column in table.columns:
                self._own_sequence(table, column.name)
            if table.publications:
                from alembic_contracts.prediction.catalog.publishing import include

                for published in table.publications:
                    include(state, table, published)

    def _load_others(self, others: OtherObjects) -> None:
        self._load_ties(others)
        for source, target, context in others.casts:
            self.state.casts.put((source, target), context)
        self.state.further_types = others.types
        for operator in others.names:
            self.state.traits.put(("operator", operator), "user")
        for method, key in others.classes:
            self.state.operator_classes.put((method, key), value=True)

    def _load_ties(self, others: OtherObjects) -> None:

        for table, type_ in others.typed.items():
            self.state.traits.put(("of", str(table)), str(type_))
        for table, columns in others.local_columns.items():
            self.state.local_columns.put(table, columns)
        if others.has_hidden:
            self.state.traits.put((HIDDEN, ""), "")
        if others.has_hanging:
            self.state.traits.put((HANGING, ""), "")
        for name, owner in others.owned.items():
            if name in self.state.sequences:
                self.state.sequences.put(name, Sequence(name) if owner is None else Sequence(name, owner[:2], owner[2]))

    def _own_sequence(self, table: Table, column: str) -> None:
        """Take a sequence of the name that serial and identity give it for one that the column owns."""
        name = Name(table.name.schema, f"{table.name.name}_{column}_seq")
        known = table.column(column)
        if known is None or name not in self.state.sequences:
            return
        if known.identity or (known.default or "").startswith("nextval("):
            self.state.sequences.put(name, Sequence(name, (table.name, column), bool(known.identity)))

    # -- transactions ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start a transaction block; does nothing inside of one, as the server (which warns)."""
        self.transactions.begin()

    def commit(self) -> None:
        """End the transaction block; one that failed is rolled back."""
        self.transactions.commit()

    def rollback(self) -> None:
        """Undo the transaction block."""
        self.transactions.rollback()

    def savepoint(self, name: str) -> None:
        """Mark a point inside of a transaction block.

        Raises:
            PostgresError: 25P01 outside of one, 25P02 in a failed one.
        """
        self.transactions.savepoint(name)

    def release(self, name: str) -> None:
        """Forget a savepoint and those after it.

        Raises:
            PostgresError: 3B001, there is none of this name.
        """
        self.transactions.release(name)

    def rollback_to(self, name: str) -> None:
        """Undo everything since a savepoint, which stays.

        Raises:
            PostgresError: 3B001, there is none of this name.
        """
        self.transactions.rollback_to(name)

    def abort(self) -> None:
        """An error happened that is not of this catalog's making, a value's for example: the block fails."""
        self.transactions.fail()

    def resume(self) -> None:
        """Leave the failed state without undoing the block, as no server would: prediction goes on after a failure."""
        self.transactions.failed = False

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open."""
        return self.transactions.active

    @property
    def failed(self) -> bool:
        """Whether the open transaction block refuses everything but its end."""
        return self.transactions.failed

    # -- what is there -----------------------------------------------------------------------------------------------

    def resolve(self, name: str, schema: str | None = None) -> Name | None:
        """Return the qualified name of the table or view that a name stands for, temporary ones first."""
        table = self.state.find_table(name, schema)
        return None if table is None else table.name

    def resolve_type(self, name: str, schema: str | None = None) -> Name | None:
        """Return the qualified name of the user's type that a name stands for."""
        definition = self.state.find_type(name, schema)
        return None if definition is None else definition.name

    def resolve_sequence(self, name: str, schema: str | None = None) -> Name | None:
        """Return the qualified name of the sequence that a name stands for."""
        found = self.state.find_relation(name, schema)
        return found[0] if found is not None and found[1] == "sequence" else None

    def table(self, name: Name) -> Table | None:
        """Return a table or view by its qualified name."""
        return self.state.tables.get(name)

    def index_table(self, name: Name) -> Name | None:
        """Return the table that an index (of the same schema) is on."""
        table = self.state.index_table(name)
        return None if table is None else table.name

    def has_operator(self, name: str) -> bool:
        """Return whether there is an operator of users' own of this name."""
        return self.state.has_operator(name)

    def functions(self, name: str, schema: str | None = None) -> tuple[Function, ...]:
        """Return the user's functions of this name."""
        return self.state.find_functions(name, schema)

    @property
    def tables(self) -> Mapping[Name, Table]:
        """All tables and views; temporary ones are in the schema ``pg_temp``. A live view: copy it to keep it."""
        return self.state.tables

    @property
    def types(self) -> Mapping[Name, TypeDefinition]:
        """All types of users' own. A live view."""
        return self.state.types

    @property
    def sequences(self) -> Mapping[Name, Sequence]:
        """All sequences, those of serial and identity columns included. A live view."""
        return self.state.sequences

    @property
    def namespaces(self) -> Mapping[str, str]:
        """Schemas and their owners, without the system's own. A live view."""
        return self.state.namespaces

    @property
    def extensions(self) -> Mapping[str, str]:
        """Extensions and their schemas. A live view."""
        return self.state.extensions

    @property
    def search_path(self) -> tuple[str, ...]:
        """Schemas in which unqualified names are looked for, ``$user`` replaced, whether they exist or not."""
        return self.state.search_path

    @property
    def current_schema(self) -> str | None:
        """Where unqualified new objects go; None where no schema of the search path exists."""
        return self.state.current_schema()

    def setting(self, name: str) -> str | None:
        """Return a run-time setting as ``SET`` left it, None where it was never set."""
        return self.state.setting(name.lower())

    def has_set(self, name: str) -> bool:
        """Return whether a run-time setting is another one than at the beginning."""
        return self.state.setting(name) != self.state.defaults.get(name)

    @property
    def database(self) -> str:
        """What ``current_database()`` says."""
        return self.state.database

    @property
    def known_database(self) -> str | None:
        """What ``current_database()`` says, None where nobody said."""
        return self.state.known_database

    @property
    def known_user(self) -> str | None:
        """What ``current_user`` says, None where nobody said."""
        changed = self.state.current_user != self.state.user
        return self.state.current_user if changed else self.state.known_user

    @property
    def user(self) -> str:
        """What ``current_user`` says."""
        return self.state.current_user

    @property
    def server_version(self) -> int:
        """As ``server_version_num`` has it."""
        return self.state.server_version

    @property
    def is_uncertain(self) -> bool:
        """Whether something that is not known has decided what is there."""
        return self.state.uncertain.anything or bool(self.state.uncertain.names)

    @property
    def complete(self) -> bool:
        """Whether functions, triggers, roles, extensions ... that are not known here do not exist."""
        return self.state.complete

    @property
    def complete_tables(self) -> bool:
        """Whether tables, types and sequences that are not known here do not exist."""
        return self.state.complete_tables

    @property
    def asked_for_unread(self) -> bool:
        """Whether anything depended on a part of the baseline that was not read: start again with all of it."""
        unread = self.state.unread
        return unread is not None and unread.asked

    @property
    def loaded_tables(self) -> Mapping[Name, Table]:
        """The tables that are known, where it does not matter that there may be more."""
        return self.state.tables.loaded()

    @property
    def version(self) -> int:
        """Grows with every change: the catalog is the same as long as this is."""
        return self.state.journal.version

    def schema(self, names: Collection[Name] | None = None) -> Schema:
        """Return the named tables (None: all) and all types as an immutable value."""
        return Snapshots(self.state, names).now()

    @classmethod
    def over(cls, state: State, transactions: Transactions) -> Catalog:
        """Return the catalog of a state while a statement is being applied to it, for those who read catalogs."""
        catalog = cls.__new__(cls)
        catalog.state, catalog.transactions = state, transactions
        return catalog

    def copy(self) -> Catalog:
        """Return a catalog of its own with the same contents, outside of any transaction."""
        state = self.state.copy()
        return Catalog.over(state, Transactions(state))
