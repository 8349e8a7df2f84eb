"""Who is on its way in at a port: waits for leave, for the call of another, for its turn, or to be let try again."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.decisions.verdicts import Escalate
from cybernetic.vsm.lives import Edition
from cybernetic.vsm.ports.passages import Allowed, Ask, Passage
from cybernetic.vsm.ports.port import Port


@dataclass(slots=True, eq=False)
class Caller:
    """One call from when it is asked for until it may be made.

    Attributes:
        ask: what is to be done.
        port: through which.
        user: the agent that will make it.
        answer: by which that one gets leave; awaited as long as it wants it.
        acting: the policies by which it was decided last; None: it was not yet.
        allowed: who left it to somebody that allowed it, and what was asked.
        counted: whether it is among the equal calls of its task already.
        passage: what it will be, once it has its money.
        task: what waits.
        asked: what somebody else is being asked.
    """

    ask: Ask
    port: Port
    user: Any
    answer: Deferred[Any] = field(repr=False)
    acting: Edition | None = None
    allowed: Allowed = None
    counted: bool = False
    passage: Passage | None = None
    task: "asyncio.Task[None] | None" = None
    asked: tuple[str, Escalate] | None = None

    def stop(self) -> None:
        """It waits for nothing any more."""
        if self.task is not None:
            self.task.cancel()
            self.task = None
