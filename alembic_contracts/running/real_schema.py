"""What a scratch server shows in, what that makes of the real database out.

Roles belong to a server and not to a schema, and on a scratch server somebody else runs the scripts. And a restored
expression can be printed otherwise than the one it was restored from (``x IN ('a', 'b')`` on a varchar), although it is
the same. So it is not what is there that counts, but what the scripts did to it: that is done to what is known of the
real database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from alembic_contracts.schemas.schema import Access, Column, Constraint, Index, Schema, Table
from alembic_contracts.schemas.steps import Prediction

__all__ = ["RealSchema"]

_T = TypeVar("_T")
_P = TypeVar("_P", Column, Constraint, Index)


class RealSchema(Struct, frozen=True):
    """The same start on both servers, and who runs the scripts."""

    scratch: Schema
    """Before the first of the scripts, as the scratch server shows it."""
    real: Schema
    """Likewise, as it is known of the real database."""
    scratch_user: str = ""
    real_user: str = ""
    """Empty: that is not known, and whoever ran the scripts there stands for it."""

    def of_prediction(self, replayed: Prediction) -> Prediction:
        """Return what was observed on the scratch server as it would be on the real one."""
        seen: dict[int, Schema] = {}
        granted: set[str] = set()

        def there(schema: Schema) -> Schema:
            if id(schema) not in seen:  # most operations share theirs with the one before
                granted.update(grant.grantee for table in schema.tables.values() for grant in table.grants)
                seen[id(schema)] = self._of_schema(schema, frozenset(granted))
            return seen[id(schema)]

        steps = tuple(
            replace(step, operations=tuple(replace(each, after=there(each.after)) for each in step.operations))
            for step in replayed.steps
        )
        return replace(replayed, before=self.real, steps=steps)

    def _of_schema(self, schema: Schema, granted: frozenset[str]) -> Schema:
        tables = MappingProxyType({name: self._of_table(table) for name, table in schema.tables.items()})
        access = self._of_access(schema.access)
        if not access.complete:  # what a role was granted is known of it, wherever the role comes from
            access = replace(access, roles=access.roles | granted)
        return replace(schema, tables=tables, access=access, catalog=self.real.catalog)

    def _of_table(self, table: Table) -> Table:
        before, there = self.scratch.tables.get(table.name), self.real.tables.get(table.name)
        owner = None if table.owner is None else self._name(table.owner)
        if before is None or there is None:
            return replace(table, owner=owner)
        return replace(
            table,
            owner=there.owner if before.owner == table.owner else owner,
            unusable=_carried(table.unusable, before.unusable, there.unusable),
            columns=_as_before(table.columns, before.columns, there.columns),
            constraints=_as_before(table.constraints, before.constraints, there.constraints),
            indexes=_as_before(table.indexes, before.indexes, there.indexes),
            definition=there.definition if before.definition == table.definition else table.definition,
        )

    def _of_access(self, now: Access) -> Access:
        before, there = self.scratch.access, self.real.access

        def carried(part: Callable[[Access], frozenset[_T]], name: Callable[[_T], _T]) -> frozenset[_T]:
            lost, won = part(before) - part(now), part(now) - part(before)
            return part(there) - frozenset(map(name, lost)) | frozenset(map(name, won))

        return Access(
            complete=there.complete,
            roles=carried(lambda access: access.roles, str),
            superusers=carried(lambda access: access.superusers, str),
            without_inheritance=carried(lambda access: access.without_inheritance, str),
            memberships=carried(lambda access: access.memberships, self._pair),
            schema_usage=carried(lambda access: access.schema_usage, lambda usage: (usage[0], self._name(usage[1]))),
            default_grants=carried(
                lambda access: access.default_grants, lambda grant: grant._replace(role=self._name(grant.role))
            ),
            publications=_changed(there.publications, before.publications, now.publications),
            sending=_changed(there.sending, before.sending, now.sending),
        )

    def _name(self, role: str) -> str:
        return self.real_user if self.real_user and role == self.scratch_user else role

    def _pair(self, roles: tuple[str, str]) -> tuple[str, str]:
        return self._name(roles[0]), self._name(roles[1])


def _carried(
    now: frozenset[_T] | None, before: frozenset[_T] | None, there: frozenset[_T] | None
) -> frozenset[_T] | None:
    """Return a set with what the scripts took from it and gave it; None: that is not known."""
    return None if now is None or before is None or there is None else there - (before - now) | (now - before)


def _as_before(now: tuple[_P, ...], before: tuple[_P, ...], there: tuple[_P, ...]) -> tuple[_P, ...]:
    """Return parts of a table, those that the scripts left alone as the real database prints them."""
    if before == there:
        return now
    real = {part.name: part for part in there}
    known = {part: real.get(part.name, part) for part in before}
    return tuple(known.get(part, part) for part in now)


def _changed(there: Mapping[str, _T], before: Mapping[str, _T], now: Mapping[str, _T]) -> Mapping[str, _T]:
    gone = before.keys() - now.keys()
    kept = {name: what for name, what in there.items() if name not in gone}
    new = {name: what for name, what in now.items() if name not in before or before[name] != what}
    return MappingProxyType({**kept, **new})
