"""What a refused run left in the database, as it was looked at afterwards, and the sentences that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from alembic_contracts.schemas.schema import Name
from alembic_contracts.schemas.steps import Location

__all__ = ["Aftermath", "Commit", "Earlier", "Rest", "at", "outcome", "runs_before", "stays", "summary"]


Rest = Literal["rolled back", "perhaps", "committed", "up to DDL", "partly", "open"]
"""Of what scripts did: perhaps: rolled back, where it is not known what that does to the schema; committed: each
statement committed by itself; up to DDL: each that changed the schema did, with all before it; partly: some did."""


_FEW = 6
"""Revisions that are named one by one."""


class Commit(Struct, frozen=True):
    """A commit of what a version script did, beside those of Alembic at the end of revisions."""

    revision: str
    location: Location | None
    """The line; of a commit that was not seen, the last statement before it that was; None: not even that."""
    seen: bool = True


class Earlier(Struct, frozen=True):
    """A run that env.py made before the one that is refused, in another database or schema."""

    label: str
    before: tuple[str, ...]
    """Where it began: heads of the version table."""
    after: tuple[str, ...]
    state: Literal["committed", "open", "rolled back", "unheld"]
    """``unheld``: no contract is about it, so that nobody has looked what became of it."""


class Aftermath(Struct, frozen=True, kw_only=True):
    """What is there after a refusal, read in a new transaction."""

    before: tuple[str, ...] = ()
    """The heads in the version table before the run."""
    now: tuple[str, ...] = ()
    """Its heads afterwards."""
    stopped: str = ""
    """The revision that was stopped before it was marked as applied."""
    leads_to: tuple[str, ...] = ()
    """What Alembic would then have had the version table say of it: the revision, for a downgrade what is below it."""
    applied: tuple[str, ...] = ()
    """Revisions of the run that are committed as a whole, by the version table."""
    commits: tuple[Commit, ...] = ()
    """Commits in the middle of other revisions."""
    elsewhere: tuple[Location, ...] = ()
    """Lines of scripts that used other connections."""
    gap: bool = False
    """Whether a script ended its transaction in a way that was not seen."""
    rest: Rest = "rolled back"
    """What has become of what was open last."""
    to_savepoint: bool = False
    """Whether it was rolled back to a savepoint that env.py had set, in a transaction that goes on."""
    failure: str = ""
    """With what the script failed by itself, where it was not refused; a sentence."""
    started: bool = True
    """Whether any script was handed out."""
    changed: tuple[Name, ...] = ()
    """Contracted tables that are not as they were before the run."""
    made: tuple[Name, ...] = ()
    """Those of them that were not there, where no revision stays as a whole: those that do not have made them."""
    restoring: tuple[str, ...] = ()
    """SQL that gives them back their shape (never their rows)."""
    leftovers: tuple[str, ...] = ()
    """Tables of batch mode that are still beside those that they were to replace, as SQL names them."""
    new_version_table: bool = False
    """Whether a version table is there, empty, that may not have been there before."""
    earlier: tuple[Earlier, ...] = ()
    unseen: str = ""
    """Why nothing could be looked at, where that is so; then only ``earlier`` and ``commits`` are known."""


def at(heads: Sequence[str]) -> str:
    """Return where a database is, for people: ``r1``, ``a1 and b1``, ``base``."""
    return " and ".join(heads) or "base"


def stays(aftermath: Aftermath) -> bool:
    """Return whether something is there that was not to be."""
    return bool(aftermath.started and (aftermath.changed or aftermath.commits) and not aftermath.unseen)


def summary(aftermath: Aftermath | None) -> str:
    """Return the end of the one-line error: what became of the run."""
    if aftermath is None or not aftermath.started:
        return "nothing was run" if aftermath is None or not aftermath.earlier else "nothing of this run was run"
    if aftermath.unseen:
        return "what stays of it could not be looked at"
    if aftermath.commits or aftermath.rest != "rolled back":
        as_before = not (aftermath.commits or aftermath.changed or aftermath.now != aftermath.before)
        return "the contracted tables are as before" if as_before else "the schema has already changed"
    if not aftermath.applied:
        return f"{_what_is(aftermath)} rolled back{_where(aftermath)}"
    verb = "stays" if len(aftermath.applied) == 1 else "stay"
    return f"{_told(aftermath.applied)} {verb}, the rest is rolled back"


def _told(revisions: Sequence[str]) -> str:
    """Return revisions that were applied, in their order: all of a few."""
    if len(revisions) <= _FEW:
        return ", ".join(revisions)
    return f"{len(revisions)} revisions, the last of them {revisions[-1]},"


def _what_is(aftermath: Aftermath) -> str:
    return "the run is" if aftermath.to_savepoint else "the transaction is"


def _where(aftermath: Aftermath) -> str:
    return " to the savepoint that env.py had set" if aftermath.to_savepoint else ""


def outcome(aftermath: Aftermath | None) -> str:
    """Return what became of the run, in sentences; of what was not looked at, nothing but that."""
    if aftermath is None:
        return "Nothing was run."
    parts = [runs_before(aftermath.earlier), *(_not_started(aftermath) if not aftermath.started else _stays(aftermath))]
    return " ".join(filter(None, parts))


def runs_before(earlier: Sequence[Earlier]) -> str:
    """Return what env.py did in other databases before, in sentences; empty where it did nothing."""
    words = {
        "committed": "which is committed and stays",
        "open": "in a transaction that env.py has yet to end",
        "rolled back": "which is rolled back",
        "unheld": "which was not looked at again: no contract is about it",
    }
    return " ".join(
        f"Before this, {run.label} was brought from {at(run.before)} to {at(run.after)}, {words[run.state]}."
        for run in earlier
    )


def _not_started(aftermath: Aftermath) -> Iterator[str]:
    here = "Here nothing was run" if aftermath.earlier else "Nothing was run"
    if aftermath.unseen:
        yield f"{here}; the database could not be looked at again: {aftermath.unseen}"
    elif aftermath.changed or aftermath.now != aftermath.before:
        yield f"{here}, but the database has changed in the meantime: {_changes(aftermath)}"
    elif aftermath.new_version_table:
        yield f"{here}; the database has Alembic's version table, which is empty, and no revision."
    else:
        yield f"{here}; {'this' if aftermath.earlier else 'the'} database is unchanged."


def _changes(aftermath: Aftermath) -> str:
    found = [
        f"{', '.join(map(str, aftermath.changed))} differ{'s' if len(aftermath.changed) == 1 else ''} from before."
    ]
    moved = [f"The version table has {at(aftermath.now)} instead of {at(aftermath.before)}."]
    return " ".join(found * bool(aftermath.changed) + moved * (aftermath.now != aftermath.before))


def _stays(aftermath: Aftermath) -> Iterator[str]:
    """Yield what became of scripts that have run."""
    if aftermath.failure:
        yield f"Revision {aftermath.stopped or 'at the end'} failed by itself: {aftermath.failure}"
    if aftermath.applied:
        yield f"Committed and staying: {', '.join(aftermath.applied)}."
    yield from map(_committed, aftermath.commits)
    if aftermath.gap and not aftermath.commits:
        yield "A script ended its transaction in a way that was not seen: what it did until then may stay."
    if aftermath.elsewhere:
        places = ", ".join(map(_line, aftermath.elsewhere))
        yield f"Scripts used another connection as well ({places}): what they committed there stays."
    if aftermath.unseen:
        yield f"Whether the rest is rolled back could not be looked at: {aftermath.unseen}"
        yield "`alembic current` shows where the database is."
        return
    yield from _rest(aftermath)
    yield from _way_back(aftermath)


def _line(location: Location) -> str:
    return f"{location.file}:{location.line}"


def _committed(commit: Commit) -> str:
    if commit.location is None:
        return f"Revision {commit.revision} committed by itself, at a line that was not seen: what it did before stays."
    place = f"{'at' if commit.seen else 'after'} {_line(commit.location)}"
    return f"Revision {commit.revision} committed by itself {place}: what it did until then stays."


def _for_good(aftermath: Aftermath) -> Iterator[str]:
    """Yield what has changed the schema without a commit of Alembic's."""
    if aftermath.rest == "committed":
        yield "The schema has already changed, for good: each statement committed by itself."
        if aftermath.stopped:
            yield f"So what {aftermath.stopped} did until it was stopped stays as well."
        return
    yield (
        "The schema has already changed, for good: each statement that changes it commits by itself, with all "
        "before it."
    )
    if aftermath.stopped:
        yield (
            f"So what {aftermath.stopped} did until the last of them stays as well, and is there when it runs "
            "again; what it wrote after that is rolled back where it can be."
        )


def _rest(aftermath: Aftermath) -> Iterator[str]:
    """Yield what was rolled back, and what a look at the database shows after it."""
    alone = not (aftermath.applied or aftermath.commits or aftermath.gap)
    as_before = not aftermath.changed and aftermath.now == aftermath.before
    if aftermath.rest == "open":
        yield "Its last transaction is still open on the server, as PREPARE TRANSACTION leaves it."
    elif aftermath.rest in ("committed", "up to DDL"):
        yield from _for_good(aftermath)
    elif aftermath.rest == "perhaps":
        yield (
            f"{_what_is(aftermath).capitalize()} rolled back{_where(aftermath)}; whether this kind of database takes "
            "back changes of the schema with it is not known."
        )
    elif aftermath.rest == "partly":
        yield (
            "The schema may have changed for good: the driver begins a transaction before some statements and not "
            "before others, which commit by themselves. What came after its last begin is rolled back."
        )
    elif alone and as_before and not aftermath.elsewhere:
        yield f"{_what_is(aftermath).capitalize()} rolled back{_where(aftermath)}; none of its changes stay."
    elif alone:
        yield "The migration's own transaction is rolled back."
    else:
        yield "What came after the last commit is rolled back."
    if as_before:
        yield "The contracted tables and the version table were read again, and are as before."
        return
    tables = ", ".join(map(str, aftermath.changed))
    verb = "is" if len(aftermath.changed) == 1 else "are"
    state = f"{tables} {verb} not as before" if tables else "the contracted tables are as before"
    yield f"Read again: {state}; the version table has {at(aftermath.now)}."


def _way_back(aftermath: Aftermath) -> Iterator[str]:
    """Yield the commands that undo what stays."""
    for table in aftermath.leftovers:
        yield f"Batch mode's copy {table} is there as well: `DROP TABLE {table}` before the next upgrade."
    if aftermath.applied and len(aftermath.before) < 2:
        yield f"To undo {', '.join(aftermath.applied)}: `alembic downgrade {at(aftermath.before)}`."
    elif aftermath.applied:
        yield f"To undo {', '.join(aftermath.applied)}, downgrade each of its branches to {at(aftermath.before)}."
    lost = set(aftermath.changed) - set(aftermath.made)
    if aftermath.restoring:
        yield f"SQL for the shape of what is lost, without its rows: {' '.join(aftermath.restoring)}"
    elif lost and not aftermath.applied:
        yield "What is lost has to come from a backup, or from a new revision."
    elif lost and aftermath.stopped and aftermath.rest in ("committed", "up to DDL"):
        yield f"What {aftermath.stopped} lost has to come from a backup, or from a new revision."
    yield from _before_the_next_run(aftermath)


def _before_the_next_run(aftermath: Aftermath) -> Iterator[str]:
    """Yield what has to be done before revisions run again that have left something, and are not marked as applied."""
    is_kept = aftermath.rest in ("committed", "up to DDL")
    of_commits = () if aftermath.applied else dict.fromkeys(commit.revision for commit in aftermath.commits)
    again = (aftermath.stopped,) if is_kept else tuple(of_commits)
    if not (aftermath.stopped and aftermath.changed and again):
        return
    meets = "meets what it has done itself" if len(again) == 1 else "meet what they have done themselves"
    drop = f", and {', '.join(map(str, aftermath.made))} dropped" if aftermath.made else ""
    yield f"Run again, {' and '.join(again)} {meets}: that has to be put back before{drop}."
    if is_kept:
        there = " ".join(aftermath.leads_to or ("base",))
        yield f"Or, if it came to its end and all of that shall stay: permit it, and `alembic stamp {there}`."
