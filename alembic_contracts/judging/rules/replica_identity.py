"""Updates and deletes are replicated with the identity that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import in_tables_only
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    actual = cast("Table", subject.table).replica_identity
    return HOLDS if actual == fact.expected else Differs(actual)


RULE = Rule(
    id="replica-identity",
    summary="The replica identity is the stated one.",
    description=(
        "It decides what old values of a row change data capture gets, and without any UPDATE and DELETE on a "
        "published table are refused (SQLSTATE 55000). Source: pg_class.relreplident."
    ),
    cause="{table} has the replica identity {actual} instead of {expected}.",
    consequence="Consumers of changes no longer get the old values that they need, and writers may be refused.",
    remedy="Keep the replica identity until the consumers are ready.\nAsk {owner} to change {contract_place} first.",
    fix=(
        "Set it in a migration, by ALTER TABLE {table} REPLICA IDENTITY.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(in_tables_only("replica identity"),),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    breaks=breaking("cdc", warning=("writer",)),
)
