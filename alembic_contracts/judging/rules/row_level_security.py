"""Row-level security is on, or off, as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import EXCLUSIVE, in_tables_only
from alembic_contracts.schemas.schema import Table


def _words(state: str) -> str:
    return f"row-level security {state}" if state else "no row-level security"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    actual = cast("Table", subject.table).row_security
    holds = bool(actual) == fact.expected if isinstance(fact.expected, bool) else actual == fact.expected
    return HOLDS if holds else Differs(_words(actual))


def _expected(fact: Fact) -> str:
    if isinstance(fact.expected, bool):
        return _words("enabled" if fact.expected else "")
    return _words(str(fact.expected))


RULE = Rule(
    id="row-level-security",
    summary="Row-level security is on, or off, as stated.",
    description=(
        "Switched on, readers without a policy get no rows and no error; switched off, everybody sees all rows. "
        "Source: pg_class.relrowsecurity and relforcerowsecurity."
    ),
    cause="{table} has {actual} instead of {expected}.",
    consequence="Readers silently get fewer rows than before, or rows that they must not see.",
    remedy="Keep it as it is until policies and readers are ready.\nAsk {owner} to change {contract_place} first.",
    fix=(
        "Switch it in a migration:\n"
        '    op.execute("ALTER TABLE {sql_table} {row_security}")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(in_tables_only("row-level security"),),
    expected=lambda fact, _dialect: _expected(fact),
    evaluate=_evaluate,
    breaks=breaking("reader", "writer"),
)
