"""A script with something unknown in it, predicted and run for real in several states of a database: where they part.

For each table the predicted schema is the server's in every state, or the table is unproven; what the prediction says
PostgreSQL would refuse is refused, in those words; a contract that is kept is kept in every state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from alembic_contracts import dialects
from alembic_contracts.contracts.contract import Choice, Contract, Owner
from alembic_contracts.contracts.formats import native, writer
from alembic_contracts.dialects import postgresql
from alembic_contracts.judging import engine
from alembic_contracts.prediction.catalog.catalog import Catalog
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import REFUSED, Operation, Prediction, Step, Unproven
from tests.support.parity import table_facts
from tests.support.scripts import Scripts
from tests.support.unknown_scripts import Parts, text_of
from tests.support.unknown_stock import PRELUDE, SETUP, STATES

if TYPE_CHECKING:
    from tests.support.project import Project

CONTRACTED = tuple(Name(*name.split(".")) for name in ("public.a", "public.b", "public.c", "public.v", "s.b"))
WATCHED = [f"{schema}.{name}{end}" for schema in ("public", "s") for name in "abcdkrvwx" for end in ("", *"01234")]
"""All tables and views that a script can make, or nearly all."""
_POLICY = engine.Policy(
    phase="check", scope="target", ends_at_head=True, severities=MappingProxyType({}), today=date(2030, 1, 1)
)


@dataclass(frozen=True)
class Outcome:
    """What a script did in one state: the schema afterwards, or the server's words and code."""

    schema: Schema
    error: str | None = None
    sqlstate: str | None = None
    raised: bool = False
    """Whether the script raised something else than a database's error."""


@dataclass
class Tally:
    """What came of all scripts."""

    scripts: int = 0
    runs: int = 0
    failures: int = 0
    unforeseen: int = 0
    """Runs that fail where the prediction says nothing of it: nothing is committed then."""
    tables: int = 0
    unproven: int = 0
    unproven_scripts: int = 0
    refusals: int = 0
    wrong: Counter[str] = field(default_factory=Counter)


class Beside:
    """A server and a project for scripts that follow what ``SETUP`` makes."""

    def __init__(self, project: Project, url: str) -> None:
        self.scripts = Scripts(project)
        self.tally = Tally()
        self._connection = sa.create_engine(url, poolclass=sa.NullPool).connect()
        self._version = int(self._connection.exec_driver_sql("SHOW server_version_num").scalar_one())
        self._connection.exec_driver_sql("DROP SCHEMA IF EXISTS public CASCADE; DROP SCHEMA IF EXISTS s CASCADE")
        self._connection.exec_driver_sql("CREATE SCHEMA public")
        self._connection.execute(sa.text(SETUP))
        self._connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text NOT NULL)")
        self._connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('r1')")
        self._connection.commit()
        self._before = postgresql.observe(self._connection, None)
        self._connection.rollback()
        self._contracts = {name: contract_of(name, self._before) for name in CONTRACTED}
        self.scripts.revision("r1", f"op.execute({SETUP!r})", down=None)

    def close(self) -> None:
        self._connection.close()

    # -- both sides --------------------------------------------------------------------------------------------------

    def predicted(self, parts: Parts) -> tuple[Prediction, ...]:
        """Return the prediction of the script after the one that makes the tables."""
        self.scripts.revision("r2", text_of(parts), down="r1", prelude=PRELUDE)
        return self.scripts.predict(
            *WATCHED, baseline=lambda: Catalog(server_version=self._version), rows_between_revisions=True
        )

    def real(self, parts: Parts, state: str) -> Outcome:
        """Run the script for real in a state, and undo it."""
        connection = self._connection
        module = ModuleType("r2")
        vars(module)["sa"] = sa
        code = "from alembic import op\n" + PRELUDE + "\ndef upgrade():\n" + _indented(text_of(parts))
        exec(compile(code, "r2.py", "exec"), vars(module))
        transaction = connection.begin()
        try:
            connection.exec_driver_sql(state)
            with Operations.context(MigrationContext.configure(connection)):
                module.upgrade()
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'r2'")
            return Outcome(postgresql.observe(connection, None))
        except sa.exc.DBAPIError as error:
            original: Any = error.orig
            words = str(original).splitlines()[0]
            return Outcome(self._before, words, original.sqlstate)
        except Exception as error:  # noqa: BLE001 - whatever scripts raise
            return Outcome(self._before, f"{type(error).__name__}: {error}", raised=True)
        finally:
            transaction.rollback()
            connection.exec_driver_sql("RESET ALL")
            connection.rollback()

    # -- the comparison ----------------------------------------------------------------------------------------------

    def faults(self, parts: Parts) -> list[str]:
        """Return what the prediction is certain of and a server does otherwise; each begins with what kind it is."""
        predictions = self.predicted(parts)
        outcomes = {name: self.real(parts, sql) for name, sql in STATES.items()}
        whole = [prediction for prediction in predictions if prediction.cut is None]
        unproven = [each for prediction in predictions for each in prediction.unproven]
        self._count(unproven, outcomes)
        found = [
            *self._wrong_verdicts(predictions, unproven, outcomes),
            *_wrong_tables(whole, unproven, outcomes),
            *_wrong_refusals(predictions, outcomes),
        ]
        self.tally.wrong.update({fault.partition(":")[0] for fault in found})
        return found

    def _count(self, unproven: Sequence[Unproven], outcomes: Mapping[str, Outcome]) -> None:
        tally = self.tally
        tally.scripts += 1
        tally.runs += len(outcomes)
        failed = sum(outcome.error is not None for outcome in outcomes.values())
        tally.failures += failed
        tally.unforeseen += 0 if any(each.tables is None for each in unproven) else failed
        tally.tables += len(CONTRACTED)
        tally.unproven += sum(_is_unproven(name, unproven) for name in CONTRACTED)
        tally.unproven_scripts += bool(unproven)
        tally.refusals += any(each.reason.startswith(REFUSED) for each in unproven)

    def _wrong_verdicts(
        self, predictions: Sequence[Prediction], unproven: Sequence[Unproven], outcomes: Mapping[str, Outcome]
    ) -> Iterator[str]:
        done = {name: outcome for name, outcome in outcomes.items() if outcome.error is None}
        for name, contract in self._contracts.items():
            said = _status(contract, predictions)
            seen = {
                state: _status(contract, [_observed(self._before, outcome.schema)]) for state, outcome in done.items()
            }
            broken = [state for state, status in seen.items() if status == "broken"]
            if said == "kept" and broken:
                yield f"false kept: the contract on {name} is broken with {', '.join(broken)}"
            is_certain = len(predictions) == 1 and not _is_unproven(name, unproven)
            if said == "broken" and is_certain and seen and not broken:
                yield f"false alarm: the contract on {name} is kept in every state"


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def contract_of(name: Name, schema: Schema) -> Contract:
    """Return a contract with all that holds of a table."""
    known = writer("native")
    dialect = dialects.load("postgresql")
    document = known.document(
        [schema.tables[name]],
        schema,
        dialect,
        namespace="test",
        name=f"{name.schema}-{name.name}",
        owner=Owner("Team"),
        choice=Choice(minimal=False),
    )
    return native.contracts(native.parse(known.text(document), f"{name}.json"))[0]


def _status(contract: Contract, predictions: Sequence[Prediction]) -> str:
    report = engine.judge([contract], predictions, dialect=dialects.load("postgresql"), policy=_POLICY)
    return report.status


def _observed(before: Schema, after: Schema) -> Prediction:
    return Prediction(before=before, steps=(Step("r2", (Operation(None, "", after),)),))


def _is_unproven(name: Name, unproven: Sequence[Unproven]) -> bool:
    return any(each.tables is None or name in each.tables for each in unproven)


def _facts(schema: Schema, name: Name) -> Any:
    table = schema.tables.get(name)
    return None if table is None else table_facts(table, untyped=True)


def _wrong_tables(
    whole: Sequence[Prediction], unproven: Sequence[Unproven], outcomes: Mapping[str, Outcome]
) -> Iterator[str]:
    """Yield the tables that are predicted for certain and are otherwise."""
    done = {state: outcome for state, outcome in outcomes.items() if outcome.error is None}
    names = {n for o in done.values() for n in o.schema.tables} | {n for p in whole for n in p.after.tables}
    for name in sorted(each for each in names if str(each) in WATCHED):
        if _is_unproven(name, unproven):
            continue
        possible = [_facts(prediction.after, name) for prediction in whole]
        for state, outcome in done.items():
            real = _facts(outcome.schema, name)
            if real not in possible:
                yield f"wrong table: {name} with {state}: {_difference(possible, real)}"
                break


def _difference(possible: Sequence[Any], real: Any) -> str:
    if real is None or None in possible:
        return "it is not there" if real is None else "it is there"
    keys = [key for key in real if all(real[key] != other[key] for other in possible)]
    return "; ".join(f"{key}: predicted {[p[key] for p in possible]}, is {real[key]}" for key in keys)


def _wrong_refusals(predictions: Sequence[Prediction], outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """Yield what PostgreSQL would refuse, it is said, and does not.

    What is said of one of two worlds alone has to be so in some state, all else in every one, unless rows make it fail
    before.
    """
    said = [_refusal(prediction) for prediction in predictions]
    words = tuple(each for each in said if each is not None)
    other = [state for state, outcome in outcomes.items() if not _refuses(outcome, words)]
    if words and ((None not in said and other) or len(other) == len(outcomes)):
        state = other[0]
        yield f"wrong refusal: {' / '.join(sorted(words))}; with {state}: {outcomes[state].error or 'it runs'}"


def _refuses(outcome: Outcome, words: Sequence[str]) -> bool:
    """Whether a run failed with one of these words (what follows them is ours), for its rows, or as the script says."""
    if outcome.error is None or (outcome.sqlstate or "").startswith(("22", "23", "P0")):
        return outcome.error is not None
    return any(each.startswith(outcome.error) for each in words)


def _refusal(prediction: Prediction) -> str | None:
    reasons = (each.reason for each in prediction.unproven if each.reason.startswith(REFUSED))
    return next((reason.removeprefix(REFUSED) for reason in reasons), None)
