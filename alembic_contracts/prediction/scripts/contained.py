"""A play in, what came of it out: in a process of its own where there is one to be had, else in this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from alembic_contracts.prediction.scripts.play import Event, Play
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.prediction.scripts.worlds import Played, Turns
from alembic_contracts.schemas.steps import Location, Operation, Prediction, Step, Unproven
from alembic_contracts.support import garbage

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

    from alembic_contracts.prediction.containment import process
    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.prediction.containment.messages import Channel
    from alembic_contracts.schemas.schema import Schema

__all__ = ["Observer", "Plays"]


class Observer:
    """Takes note of what a play tells while it goes on, for those who wait and in case that it never says the rest."""

    def __init__(
        self,
        steps: Sequence[RevisionStep],
        progress: Callable[[int], None] | None,
        slow: Callable[[Location], None] | None,
    ) -> None:
        """Observe the play of some revisions.

        Args:
            steps: the revisions.
            progress: told the number of those that are through.
            slow: told of a revision that takes long.
        """
        self._steps, self._progress, self._slow = steps, progress, slow
        self._script: Script | None = None
        self._done: list[Step] = []
        self._operations: list[Operation] = []
        self._unproven: dict[Unproven, None] = {}
        self._refused: dict[Unproven, None] = {}
        self.played: Played | None = None

    def __copy__(self) -> Observer:
        """Return one that has heard the same."""
        copied = Observer(self._steps, self._progress, self._slow)
        copied.go_on_like(self)
        return copied

    def go_on_like(self, other: Observer) -> None:
        """Take for heard what another one has heard."""
        self._script = other._script
        self._done, self._operations = list(other._done), list(other._operations)
        self._unproven, self._refused = dict(other._unproven), dict(other._refused)

    @property
    def is_ahead(self) -> bool:
        """Whether it was none of the revisions' turn yet."""
        return self._script is not None and self._script.is_ahead

    @property
    def tells(self) -> bool:
        """Whether somebody is told of revisions."""
        return self._progress is not None

    def hear(self, event: Event | Played) -> None:
        """Take note of what happened."""
        match event:
            case Script():
                self._script = event
            case Operation():
                self._operations.append(event)
            case Unproven():
                self._unproven[event] = None
            case Step():
                self._done.append(event)
                self._operations = []
                if self._progress is not None:
                    self._progress(len(self._done))
            case Played():
                self.played = event

    def refused(self, what: str, line: int | None) -> None:
        """Take note of what was tried and refused by the kernel."""
        self._refused[Unproven(f"the script {what}", self._place(line), is_final=True)] = None

    def lasts(self) -> None:
        """Say that a revision takes long."""
        place = self._place(None)
        if self._slow is not None and place is not None:
            self._slow(place)

    def _place(self, line: int | None) -> Location | None:
        return None if self._script is None else self._script.at(line)

    def after(self, death: process.Death | None, before: Schema) -> Played:
        """Return what came of the play, as far as it is known where it did not come to its own end."""
        if self.played is not None and death is None:
            prediction = self.played.prediction
            unproven = tuple(dict.fromkeys((*prediction.unproven, *self._refused)))
            return replace(self.played, prediction=replace(prediction, unproven=unproven))
        reason = death.reason if death is not None else "ended the prediction"
        place = self._place(None if death is None else death.line)
        end = Unproven(f"the script {reason}", place, is_final=True)
        revisions = [step.revision.revision for step in self._steps]
        steps = list(self._done)
        if len(steps) < len(revisions):
            steps.append(Step(revisions[len(steps)], tuple(self._operations)))
        steps.extend(Step(revision, ()) for revision in revisions[len(steps) :])
        unproven = (*self._unproven, *self._refused, end)
        return Played(
            prediction=Prediction(before=before, steps=tuple(steps), unproven=unproven),
            last=self._script.revision if self._script is not None else "",
            through=frozenset(step.revision for step in self._done),
        )


class Plays:
    """The plays of some revisions, one world after the other; all that comes before the worlds part is played once."""

    def __init__(
        self,
        begun: Callable[[Turns], Play],
        steps: Sequence[RevisionStep],
        arguments: Mapping[str, Any],
        limits: Callable[[], Limits] | None,
        observed: Callable[[Turns], Observer],
    ) -> None:
        """Make ready.

        Args:
            begun: makes a play as it is to begin, in its worlds.
            steps: the revisions.
            arguments: what the scripts are called with.
            limits: returns those of each revision, for a process of its own; None: in this one.
            observed: makes who is told of what happens.
        """
        self._begun, self._steps, self._arguments = begun, steps, arguments
        self._limits, self._observed = limits, observed
        self._processes = ExitStack()
        self._watch: process.Watch | None = None
        self._before: Schema | None = None
        self._parted: list[Observer] = []
        """What was heard by where the process can go on from."""
        self._may_part = self._loads_ahead = True

    def __enter__(self) -> Self:
        """End with the context the process that another play could go on in."""
        return self

    def __exit__(self, *_: object) -> None:
        """End that process."""
        self._processes.close()

    def play(self, turns: Turns) -> Played:
        """Play the revisions, and return what came of it."""
        observer = self._observed(turns)
        if self._limits is None:
            return self._play_here(turns, observer)
        from alembic_contracts.prediction.containment import process

        if not process.is_possible():
            return self._play_here(turns, observer)
        watch = self._gone_on(turns, observer) or self._start(turns, self._limits())

        def parted() -> None:
            self._parted.append(copy(observer))

        listener = process.Listener(heard=observer.hear, refused=observer.refused, lasts=observer.lasts, parted=parted)
        assert self._before is not None, "it has started"  # noqa: S101
        death = watch.until_the_end(listener)
        if death is not None and self._may_part and watch.lacks_threads:
            self._may_part = False
            return self.play(turns)
        if death is not None and self._loads_ahead and observer.is_ahead:  # the revisions before that are not to blame
            self._loads_ahead = False
            return self.play(turns)
        return observer.after(death, self._before)

    def _gone_on(self, turns: Turns, observer: Observer) -> process.Watch | None:
        """Have the process go on from where it parted last; returns None where it did not, or has come to no end.

        That is on the way of all turns: a revision is turned because it raised, after the last place. In the other
        world the process goes on from the first one, as there is no second one without rows (``Turns.may_go_on``).
        """
        if self._watch is None or not self._watch.can_go_on:
            return None
        observer.go_on_like(self._parted.pop())
        self._watch.go_on(turns)
        return self._watch

    def _play_here(self, turns: Turns, observer: Observer) -> Played:
        play = self._begun(turns)
        play.tell, play.is_followed = observer.hear, observer.tells
        with garbage.scripts():
            return play.run(self._steps, self._arguments)

    def _start(self, turns: Turns, limits: Limits) -> process.Watch:
        """Start a process with a play, in place of the one there is."""
        from alembic_contracts.prediction.containment import process
        from alembic_contracts.prediction.scripts import outside

        self._processes.close()
        self._parted.clear()
        play = self._begun(turns)
        play.loads_ahead = self._loads_ahead
        self._before = play.before
        outside.prepare()
        body = partial(_contained, play, self._steps, self._arguments, may_part=self._may_part)
        self._watch = self._processes.enter_context(process.started(body, limits))
        return self._watch


def _contained(
    play: Play, steps: Sequence[RevisionStep], arguments: Mapping[str, Any], channel: Channel, *, may_part: bool
) -> None:
    """Play revisions in a process of their own, and say what comes of it."""
    started = ""

    def tell(event: Event) -> None:
        nonlocal started
        if isinstance(event, Script) and event.revision != started:
            started = event.revision
            channel.lap(event.path, event)
        elif isinstance(event, Step):
            channel.hold(event)
        else:
            channel.send(event)

    def part(turns: Turns) -> Turns:
        from alembic_contracts.prediction.containment import parting
        from alembic_contracts.prediction.scripts import outside

        with outside.unwatched():
            return parting.part(channel, turns)

    play.tell, play.is_contained = tell, True
    if may_part:
        play.part = part
    channel.send(play.run(steps, arguments))
