"""Who waits at a port: for the call of another, for its turn, or to be let try again."""

import asyncio
from dataclasses import dataclass
from typing import Any

from cybernetic.runtime import Deferred
from cybernetic.vsm.lives import Edition
from cybernetic.vsm.ports.passages import Passage


@dataclass(slots=True, eq=False)
class Caller:
    """One call that has its money and waits.

    Attributes:
        passage: what it will be.
        user: the agent that will make it.
        answer: by which that one gets leave; awaited as long as it wants it.
        acting: the policies by which the call was decided last.
        task: what waits.
    """

    passage: Passage
    user: Any
    answer: Deferred[Any]
    acting: Edition
    task: "asyncio.Task[None] | None" = None
