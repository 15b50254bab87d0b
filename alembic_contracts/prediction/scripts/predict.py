"""Pending version scripts in, the schemas that they lead to out, without a database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from alembic_contracts.prediction.scripts.contained import Observer, Plays
from alembic_contracts.prediction.scripts.harmless import are_harmless
from alembic_contracts.prediction.scripts.play import Play
from alembic_contracts.prediction.scripts.worlds import Played, Turns, in_worlds

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, RevisionStep

    from alembic_contracts.prediction.catalog.catalog import Catalog
    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.schemas.schema import Name
    from alembic_contracts.schemas.steps import Location, Prediction

__all__ = ["NotReadError", "predict"]


def predict(
    *,
    environment: EnvironmentContext,
    context: MigrationContext,
    steps: Sequence[RevisionStep],
    run_arguments: Mapping[str, Any],
    baseline: Callable[[], Catalog],
    watched: Collection[Name] | None,
    as_sql: bool,
    rows_between_revisions: bool = False,
    own_transaction: bool = False,
    progress: Callable[[int], None] | None = None,
    plain: bool = False,
    limits: Callable[[], Limits] | None = None,
    slow: Callable[[Location], None] | None = None,
    heads: Collection[str] = (),
    is_held: bool = False,
) -> tuple[Prediction, ...]:
    """Run version scripts on a connection that sends nothing, and return the schemas that they lead to.

    Where scripts read rows of tables whose contents are not known there are several predictions: see ``worlds``.

    Args:
        environment: Alembic's, which ``alembic.context`` leads to; the same afterwards as before.
        context: the real run's migration context; its options are what scripts see.
        steps: the revisions to run, in order.
        run_arguments: what ``context.run_migrations()`` hands to the scripts.
        baseline: returns a new catalog of what is there before; called at least once.
        watched: the tables that the predictions' schemas show (None: all).
        as_sql: whether the real run writes SQL (``--sql``) instead of executing it.
        rows_between_revisions: whether the revisions are a history, in which applications may have filled tables
            before the next revision came; otherwise what the scripts create is empty until they fill it.
        own_transaction: whether env.py has begun the transaction that the scripts run in, and commits it.
        progress: told the number of revisions that have been predicted.
        plain: whether no script is to be run; what is not plain to see of one is unproven.
        limits: returns those of each revision, for scripts to run in a process of its own (None: in this one, which is
            not kept from what they do to it). Where all of them are ``harmless`` they run in this one.
        slow: told of a revision that takes long, with limits.
        heads: what the version table has before, beside what the steps start from.
        is_held: whether somebody will hold the scripts against what they executed here.

    Raises:
        NotReadError: the scripts need more of the database than the baseline has.
    """
    is_harmless = not plain and are_harmless(steps, context)

    def begun(turns: Turns) -> Play:
        play = Play(environment, context, baseline(), watched, turns, as_sql=as_sql)
        play.reader.rows_between_revisions, play.own_transaction = rows_between_revisions, own_transaction
        play.is_plain, play.heads, play.is_held = plain, frozenset(heads), is_held
        play.is_harmless = is_harmless
        return play

    def observed(turns: Turns) -> Observer:
        return Observer(steps, progress if turns.world == "empty" else None, slow)

    with Plays(begun, steps, run_arguments, None if is_harmless else limits, observed) as plays:

        def play(turns: Turns) -> Played:
            played = plays.play(turns)
            if played.asked_for_unread:
                raise NotReadError
            return played

        return in_worlds(play)


class NotReadError(Exception):
    """The baseline was an extract of the database, and that is not enough: predict from all of it."""
