"""What the world says is amiss, as system 4 knows it."""

from typing import Any

from cybernetic.state import GraphRefused, Var
from cybernetic.vsm.world.findings import DISCREPANT, FOUND
from cybernetic.vsm.world.knowing import Knowing, NoWorld
from cybernetic.vsm.world.outages import IS, OUT


class Troubles:
    """Asked for in each round of a part. Where no world is declared there are none.

    Args:
        part: who asks.

    Attributes:
        out: ports that some unit says are out, by their names in the world.
        found: paths of the units that audits of some level hold to be discrepant.
    """

    def __init__(self, part: Any) -> None:
        self._world = Knowing(part, part.path)
        self.out: tuple[str, ...] = ()
        self.found: tuple[str, ...] = ()

    async def ask(self) -> None:
        """Learn what is so now. Where the world does not answer, nothing is known."""
        if not self._world.declared:
            return
        try:
            self.out = await self._subjects(IS, OUT)
            self.found = await self._subjects(FOUND, DISCREPANT)
        except (NoWorld, GraphRefused):
            self.out = self.found = ()

    async def _subjects(self, predicate: str, object: str) -> tuple[str, ...]:
        answers = await self._world.ask((Var("subject"), predicate, object))
        return tuple(sorted(str(row["subject"]) for row in answers.rows))
