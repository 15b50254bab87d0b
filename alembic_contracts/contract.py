"""Contracts and the facts that they state, as immutable values that know where they were written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alembic_contracts.schema import Name, Type

__all__ = ["Contract", "ContractLocation", "Expected", "Fact", "Owner"]

Expected = Type | bool | int | str | tuple[str, ...] | None
"""What a fact expects; which of these it is depends on the rule. None where the rule alone says it all."""


@dataclass(frozen=True, slots=True)
class ContractLocation:
    """Where in a contract file something is stated. ``line`` and ``column`` count from 1."""

    file: str
    """Relative to the working directory where possible, with forward slashes."""
    line: int
    column: int = 1
    pointer: str = ""
    """JSON pointer (RFC 6901)."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for a contract."""

    name: str
    email: str | None = None

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.email else self.name


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a contract states. What a contract leaves unset is no fact at all."""

    rule: str
    """Id of the rule that can tell whether it holds."""
    table: Name
    column: str | None
    expected: Expected
    location: ContractLocation
    mode: Literal["exactly", "at least"] = "exactly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What one consumer, or a group of them, relies on."""

    namespace: str
    name: str
    owner: Owner
    facts: tuple[Fact, ...]
    location: ContractLocation
    description: str = ""
    resource: str | None = None
    """The data asset's resource name as written, for example ``postgresql://host:5432/database.table``."""
    catalog: str | None = None
    """The database it was written for; contracts travel, so a difference is a warning."""

    @property
    def id(self) -> str:
        """``namespace/name``, unique among all contracts of a project."""
        return f"{self.namespace}/{self.name}"

    @property
    def tables(self) -> tuple[Name, ...]:
        """The tables that its facts are about, in the order of the file."""
        return tuple(dict.fromkeys(fact.table for fact in self.facts))
