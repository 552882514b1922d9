"""How far a run is, kept up to date from the events of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from videonas.progress import Event, Failed, Finished, Stage, Started, Step, TimeLeft, Waiting


@dataclass
class Standing:
    """How far a stage is.

    Attributes:
        stage: what is going on.
        ended: names of the pieces of work that have ended in it.
        under_way: what was heard last of those that have begun, by name.
        waiting: what everything waits for, if it does.
        left: the last estimate of what is left of the run, or of the step.
    """

    stage: Stage = field(default_factory=lambda: Stage("starting"))
    ended: set[str] = field(default_factory=set)
    under_way: dict[str, Started | Step] = field(default_factory=dict)
    waiting: Waiting | None = None
    left: TimeLeft | None = None

    def hear(self, event: Event) -> None:
        """Takes in an event."""
        self.waiting = None
        match event:
            case Stage():
                self.stage = event
                if self.left is not None and self.left.of == "batch":
                    self.left = None
                self.ended.clear()
                self.under_way.clear()
            case Started(name=name) | Step(name=name):
                self.under_way[name] = event
            case Finished(name):
                self.under_way.pop(name, None)
                self.ended.add(name)
            case Failed(name=name):
                self.under_way.pop(name, None)
            case Waiting():
                self.waiting = event
            case TimeLeft(of=of) if of == "run" or self.left is None or self.left.of == "batch":
                self.left = event

    @property
    def total(self) -> int | None:
        """Pieces of work in the stage; of a stage that is one piece, its steps. None if unknown."""
        if self.stage.total is not None:
            return self.stage.total
        return next((step.total for step in self._steps), None)

    @property
    def done(self) -> float:
        """Of `total`; work under way counts as far as it has come."""
        if self.stage.total is None:
            return sum(step.done for step in self._steps)
        return len(self.ended) + sum(step.done / max(step.total, 1) for step in self._steps)

    @property
    def detail(self) -> str:
        """What is being done, where the stage does not say it already, and the time left."""
        doing = self.under_way.values() if self.stage.total is not None else ()
        parts: list[object] = [self.waiting] if self.waiting is not None else list(doing)
        if self.left is not None and self.left.seconds >= 1:
            parts.append(self.left)
        return "; ".join(map(str, parts))

    def __str__(self) -> str:
        count = "" if self.total is None else f" {int(self.done)} of {self.total}"
        return f"{self.stage}{count}" + (f"; {self.detail}" if self.detail else "")

    @property
    def _steps(self) -> list[Step]:
        return [event for event in self.under_way.values() if isinstance(event, Step)]
