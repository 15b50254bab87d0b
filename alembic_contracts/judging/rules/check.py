"""Every row passes the check that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Portable, Rule, Subject, breaking, not_printed
from alembic_contracts.judging.rules._ways import ANEW, EXCLUSIVE, IN_BATCH_ANEW, in_tables_only
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    expected = cast("str", fact.expected)
    table = cast("Table", subject.table)
    checks = [each.expression or "" for each in table.constraints if each.kind == "check" and each.valid]
    same = {check: subject.dialect.same_expression(expected, check) for check in checks}
    if any(same.values()):
        return HOLDS
    unknown = next((check for check, is_same in same.items() if is_same is None), None)
    if unknown is not None:
        return not_printed(f"the check {unknown} of {table.name}")
    return Differs("no such check")


_ADDED = f'{IN_BATCH_ANEW}        batch.create_check_constraint("ck_{{constraint}}", sa.text("{{condition}}"))\n{ANEW}'


RULE = Rule(
    id="check",
    summary="Every row passes the stated check.",
    description=(
        "A guarantee to readers. Expressions are compared as the database parses them, without brackets and casts of "
        "literals; IN, BETWEEN and LIKE are what PostgreSQL makes of them. Where it is not known how it prints a "
        "check, that is unproven. A check that says the same in other words is not found. "
        "Source: pg_constraint contype 'c' with convalidated, and pg_get_expr(conbin, conrelid)."
    ),
    cause="{table} has no check ({expected}).",
    consequence="Rows can hold values that readers do not expect.",
    remedy=(
        "Keep it, or put it back in the same revision:\n"
        '    op.execute("{add_check}")\n'
        f"Price: {EXCLUSIVE}, while every row is read; nothing is rewritten.\n"
        "If nobody relies on it, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Add it in a migration:\n"
        '    op.execute("{add_check}")\n'
        f"Price: {EXCLUSIVE}, while every row is read; nothing is rewritten.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(in_tables_only("check"),),
    portable=Portable(
        remedy=(
            "Keep it, or put it back in the same revision:\n"
            f"{_ADDED}"
            "If nobody relies on it, ask {owner} to change {contract_place} first."
        ),
        fix=f"Add it in a migration:\n{_ADDED}If the contract is wrong, ask {{owner}} to correct {{contract_place}}.",
    ),
    expected=lambda fact, _dialect: str(fact.expected),
    evaluate=_evaluate,
    breaks=breaking("reader"),
)
