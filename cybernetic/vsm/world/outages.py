"""What is behind a port is out: told by the unit that meets it, known to all that share a world before they call."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cybernetic.core import Refusal
from cybernetic.state import Changed, GraphRefused, Var
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.knowing import PATIENCE, Knowing, NoWorld
from cybernetic.vsm.world.outage import Met, Outage
from cybernetic.vsm.world.telling import Telling
from cybernetic.wire import travels

IS, OUT = "is", "out"
"""The fact is (the port's name in the world, "is", "out")."""


@travels(name="vsm.PortOut")
class PortOut(Refusal):
    """What is behind a port is known to be out: the call was not made."""

    def __init__(self, port: str, path: str) -> None:
        super().__init__(f"port {port!r}: expected one that answers, got: one that is known to be out")
        self.port, self.path = port, path


def port_name(level: str, port: str) -> str:
    """What a port that the level at a path declares is called in the world."""
    return f"{level}:{port}"


class Outages:
    """What a porter knows of outages. Without a port that declares an `Outage` it does nothing.

    Args:
        porter: whose it is.
        outages: as declared, by port.
        names: of these ports in the world.
    """

    def __init__(self, porter: Any, outages: Mapping[str, Outage], names: Mapping[str, str]) -> None:
        self._porter, self._outages = porter, dict(outages)
        self._names = {port: names.get(port, port) for port in outages}
        self._ports = {name: port for port, name in self._names.items()}
        self._world = Knowing(porter, porter.path)
        self._telling = Telling(porter, self._world)
        self._met = dict.fromkeys(outages, Met())
        self._known: set[str] = set()  # ports that somebody says are out
        self._watch = ""

    def begin(self) -> None:
        """Learn what the others know, from now on."""
        if self._outages and self._world.declared:
            self._porter.task(self._learn())

    def out(self, port: str) -> bool:
        """Whether a port is known to be out."""
        return port in self._known or (port in self._met and now() < self._met[port].until)

    def check(self, port: str) -> None:
        """Raises `PortOut`."""
        if self.out(port):
            raise PortOut(port, self._porter.path)

    def ended(self, port: str, good: bool, task: str) -> None:
        """A call in a task is over, well or not: tell the others what that says of the port."""
        outage = self._outages.get(port)
        if outage is None:
            return
        before = self._met[port]
        after = self._met[port] = before.after(good, outage, now())
        fact = self._names[port], IS, OUT
        if after.until > before.until:
            self._telling.tell(fact, after.until, task)
        elif good and now() < before.until:  # it was begun before the outage, and has done well
            self._telling.take_back(fact, before.until, task)

    def heard(self, message: object) -> bool:
        """What the world tells; whether it was that."""
        if not isinstance(message, Changed):
            return False
        if message.token == self._watch:
            self._learned(message.added)
            self._known -= self._among(message.removed)
            if message.ended is not None:
                self._known.clear()
                self._porter.task(self._learn())
        return True

    async def _learn(self) -> None:
        """Watch; again and again as long as the world is away."""
        while True:
            try:
                watching = await self._world.watch((Var("port"), IS, OUT))
                break
            except (NoWorld, GraphRefused):
                await asyncio.sleep(PATIENCE)
        self._watch = watching.token
        self._learned(watching.rows)

    def _learned(self, rows: Any) -> None:
        for port in self._among(rows):
            self._known.add(port)
            self._met[port] = self._met[port].told(self._outages[port])

    def _among(self, rows: Any) -> set[str]:
        return {self._ports[row["port"]] for row in rows if row["port"] in self._ports}
