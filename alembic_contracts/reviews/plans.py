"""What is pending in, what a reviewer wants to know out: what each revision changes, whom it touches, the verdict.

What is said where nothing is foreseen is imported there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from alembic_contracts.contracts.contract import Contract
from alembic_contracts.judging.elsewhere import aligned
from alembic_contracts.judging.violations import Checked, Report, Status, Violation
from alembic_contracts.reviews import changes
from alembic_contracts.running import environments
from alembic_contracts.running.courses import Course, follow
from alembic_contracts.running.databases import narrowed
from alembic_contracts.running.examination import judge, policy_of
from alembic_contracts.schemas.schema import Name, Schema
from alembic_contracts.schemas.steps import Unproven
from alembic_contracts.schemas.uses import Place
from alembic_contracts.support.paths import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.running.environments import Range
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms
    from alembic_contracts.schemas.steps import Prediction, Step
    from alembic_contracts.support.terminal import Progress

__all__ = ["Plan", "Revision", "Touch", "plans"]


class Touch(Struct, frozen=True):
    """A change, and the contracts that name what it is about."""

    change: changes.Change
    contracts: tuple[Contract, ...]

    def seen(self, contract: Contract) -> tuple[Place, ...]:
        """Return where a contract's consumers are seen to use what changes, under its old name or its new one."""
        return tuple(dict.fromkeys(place for at in self.change.places for place in contract.seen(*at)))


class Revision(Struct, frozen=True, kw_only=True):
    """One pending revision."""

    id: str
    message: str
    file: str
    touches: tuple[Touch, ...]
    violations: tuple[Violation, ...] = ()
    """What it breaks."""
    unproven: tuple[Unproven, ...] = ()

    @property
    def status(self) -> Status:
        """The verdict on this revision alone."""
        if any(violation.severity == "error" for violation in self.violations):
            return "broken"
        return "unproven" if self.unproven else "kept"


class Plan(Struct, frozen=True, kw_only=True):
    """All that is pending for one database."""

    revisions: tuple[Revision, ...]
    report: Report
    """The verdict on all of it; what it holds beside the revisions' own was so before."""
    dialect: Dialect
    """Of the database."""
    contracts: tuple[Contract, ...]
    """In the names of ``before`` and ``after``."""
    before: Schema
    """In the names that contracts have for what is there."""
    after: Schema
    postponed: str = ""
    """What refuses to run before a day that has not come, and was not looked at."""
    doubts: tuple[Unproven, ...] = ()
    """All that could not be worked out of ``after``, whether or not it is about contracts."""

    @property
    def elsewhere(self) -> tuple[Violation, ...]:
        """Violations that belong to none of the revisions."""
        placed = {id(violation) for revision in self.revisions for violation in revision.violations}
        return tuple(violation for violation in self.report.violations if id(violation) not in placed)


def plans(config: Config, terms: Terms, range_: Range, progress: Progress | None = None) -> tuple[Plan, ...]:
    """Return what is pending, a plan for each database that env.py migrates.

    Args:
        config: Alembic's configuration of the project.
        terms: settings and contracts.
        range_: which revisions, and whether to predict from a database or without one.
        progress: told of every revision that has been predicted.

    Raises:
        CannotCheck: revisions, env.py or the connection do not allow it.
    """
    found: list[Plan] = []

    def look(run: Run) -> None:
        held = narrowed(terms, run)
        if not run.is_shown:
            found.append(_unforeseen(run, held))
            return
        course = follow(run, None, shadow_url=terms.settings.shadow_url, progress=progress)
        found.append(_plan(course, held))

    environments.visit(config, range_, look)
    return tuple(found)


def _unforeseen(run: Run, terms: Terms) -> Plan:
    """Return what is known where nothing shows what pending revisions do: which ones they are, and the database."""
    from alembic_contracts.running import unheld

    if run.connection is None:
        unheld.require_shown(run)
    doubt = Unproven(unheld.sentence(run.dialect), None)
    observed = Schema()
    if run.connection is not None:
        observed = run.dialect.observe(run.connection, None, lock_timeout=run.lock_timeout)
    alike = aligned(terms.contracts, run.dialect, (observed,))
    schema = alike.schema(observed)
    revisions = (_revision(step.revision, (), unproven=(doubt,)) for step in run.steps)
    checked = Checked(len(terms.contracts), len(terms.tables), 0, len(run.steps))
    return Plan(
        revisions=tuple(revisions),
        report=Report(phase="check", unproven=(doubt,), checked=checked),
        dialect=run.dialect,
        contracts=alike.contracts,
        before=schema,
        after=schema,
        doubts=(doubt,),
        postponed="" if run.postponed is None else str(run.postponed),
    )


def _plan(course: Course, terms: Terms) -> Plan:
    run = course.run
    report = judge(course, terms, policy_of(run, terms, phase="check", scope="introduced"))
    whole = course.predictions[0]
    alike = aligned(terms.contracts, course.dialect, tuple(whole.schemas))
    prediction = alike.prediction(whole)
    schema_of_versions = run.context.version_table_schema or course.dialect.DEFAULT_SCHEMA
    version_table = Name(schema_of_versions, run.context.version_table)
    ignored = frozenset({version_table})
    scripts = {step.revision.revision: step.revision for step in run.steps}
    revisions = tuple(
        _revision(
            scripts[step.revision],
            tuple(_touches(changes.changes(before, step.operations, course.dialect, ignored), alike.contracts)),
            violations=tuple(v for v in report.violations if v.location and v.location.revision == step.revision),
            unproven=tuple(u for u in report.unproven if u.location and u.location.revision == step.revision),
        )
        for step, before in _with_starts(prediction)
    )
    return Plan(
        revisions=revisions,
        report=report,
        dialect=course.dialect,
        contracts=alike.contracts,
        before=alike.schema(course.before),
        after=prediction.after,
        doubts=course.doubts,
        postponed="" if run.postponed is None else str(run.postponed),
    )


def _revision(
    script: Script,
    touches: tuple[Touch, ...],
    violations: tuple[Violation, ...] = (),
    unproven: tuple[Unproven, ...] = (),
) -> Revision:
    return Revision(
        id=script.revision,
        message=(script.doc or "").strip(),
        file=shown(Path(script.path)),
        touches=touches,
        violations=violations,
        unproven=unproven,
    )


def _with_starts(prediction: Prediction) -> Iterator[tuple[Step, Schema]]:
    """Yield each revision with the schema before it."""
    current = prediction.before
    for step in prediction.steps:
        yield step, current
        current = step.operations[-1].after if step.operations else current


def _touches(found: Sequence[changes.Change], contracts: Sequence[Contract]) -> Iterator[Touch]:
    for change in found:
        named = tuple(contract for contract in contracts if any(_names(contract, *place) for place in change.places))
        yield Touch(change, named)


def _names(contract: Contract, table: Name, column: str | None) -> bool:
    """Whether a contract says anything of a table, or of one of its columns."""
    if table not in contract.tables:
        return False
    return (
        column is None
        or column in contract.columns(table)
        or any(f.rule == "extra-column" and f.table == table for f in contract.facts)
    )
