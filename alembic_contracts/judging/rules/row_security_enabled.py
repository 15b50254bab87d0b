"""Row-level security is not switched on where readers saw all rows."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import EXCLUSIVE
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    del fact
    table = cast("Table", subject.table)
    if not table.row_security or (subject.reference is not None and subject.reference.row_security):
        return HOLDS
    return Differs(f"row-level security {table.row_security}")


RULE = Rule(
    id="row-security-enabled",
    summary="Row-level security is not switched on.",
    description=(
        "Without a policy for them, readers get no rows, and no error either. Contracts of readers rely on it not "
        "being switched on. Source: pg_class.relrowsecurity and relforcerowsecurity."
    ),
    cause="{table} has {actual}.",
    consequence="Readers without a policy silently get no rows at all.",
    remedy=(
        "Leave it off, and create policies for the readers before it is switched on in a later revision, once {owner}\n"
        "states `row_security` in {contract_place}. This one shows every row to everybody:\n"
        '    op.execute("CREATE POLICY readers ON {sql_table} FOR SELECT USING (true)")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten."
    ),
    fix="Create policies for the readers' roles, and ask {owner} to state `row_security` in {contract_place}.",
    expected=lambda _fact, _dialect: "no row-level security",
    evaluate=_evaluate,
    breaks=breaking("reader", warning=("writer",)),
    implied_by=frozenset(("reader",)),
)
