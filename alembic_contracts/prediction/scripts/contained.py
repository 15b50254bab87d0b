"""A play in, what came of it out: in a process of its own where there is one to be had, else in this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from alembic_contracts.prediction.containment import process
from alembic_contracts.prediction.scripts import outside
from alembic_contracts.prediction.scripts.play import Event, Play
from alembic_contracts.prediction.scripts.source_lines import Script
from alembic_contracts.prediction.scripts.worlds import Played
from alembic_contracts.schemas.steps import Location, Operation, Prediction, Step, Unproven

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep

    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.prediction.containment.messages import Channel
    from alembic_contracts.schemas.schema import Schema

__all__ = ["Observer", "run"]


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


def run(
    play: Play, steps: Sequence[RevisionStep], arguments: Mapping[str, Any], observer: Observer, limits: Limits | None
) -> Played:
    """Play revisions, and return what came of it.

    Args:
        play: as it is to begin.
        steps: the revisions.
        arguments: what the scripts are called with.
        observer: told of what happens.
        limits: of each revision, for a process of its own; None: in this one.
    """
    if limits is None or not process.is_possible():
        play.tell, play.is_followed = observer.hear, observer.tells
        return play.run(steps, arguments)
    before = play.before
    outside.prepare()

    def body(channel: Channel) -> None:
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

        play.tell, play.is_contained = tell, True
        channel.send(play.run(steps, arguments))

    death = process.run(
        body, limits, process.Listener(heard=observer.hear, refused=observer.refused, lasts=observer.lasts)
    )
    return observer.after(death, before)
