"""Channels: what the table of topology does not have is refused, and pain is not delayed by anything."""

import asyncio
from collections.abc import Sequence
from itertools import cycle

from cybernetic.runtime import Agent
from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.expecting import expect
from cybernetic.testing.vsm.invariants.invariant import Invariant
from cybernetic.vsm import (
    TOPOLOGY,
    Channel,
    Line,
    NotInTopology,
    Role,
    ViableSystem,
    line_name,
)

FLOOD = 2000  # notes on each channel
FIRST = (
    500  # of these may be handled before a pain: an agent handles up to 64 a turn, and its way is three turns
)
LOOKS = 100_000
ASKED = "asked in a flood"
TASKS = 10
FULL = 0.8  # of the capacity
ROUNDS = 3  # in which all units have accounted


async def _refuses(bench: Bench) -> None:
    for channel in Channel:
        line = bench.line(channel)
        for sender in Role:
            for role in Role:
                if (channel, sender, role) in TOPOLOGY:
                    continue
                try:
                    await line.call(Line.relay, bench.note(channel, sender, role))
                except NotInTopology:
                    continue
                expect(False, f"{channel.value} carried from {sender.value} to {role.value}")


async def _no_authority(bench: Bench) -> None:
    ways = [way for way in TOPOLOGY if way[1] is Role.COORDINATION and way[0] is Channel.COMMAND]
    expect(not ways, ways)


class Lookout(Agent):
    """Looks, whenever it has a turn among all others, whether an agent has handled one more message; then it counts how
    many others have handled by then.

    Args:
        awaited: the name of that agent.
        counted: the names of the others.
    """

    def __init__(self, awaited: str, counted: Sequence[str]) -> None:
        self._awaited, self._counted = awaited, counted
        self._from, self._before = self._turns(awaited), {name: self._turns(name) for name in counted}
        self._found: dict[str, int] = {}

    def look(self, left: int = LOOKS) -> None:
        """Now, and at its next turn again, `left` times at the most."""
        if self._turns(self._awaited) > self._from:
            self._found = {name: self._turns(name) - self._before[name] for name in self._counted}
        elif left:
            self.ref.cast(Lookout.look, left - 1)

    def found(self) -> dict[str, int]:
        """How many each has handled, by name."""
        return self._found

    def _turns(self, name: str) -> int:
        agent = self.system.whereis(name)
        info = None if agent is None else agent.inspect().info()
        return 0 if info is None else info.reductions


async def _isolated(bench: Bench) -> None:
    """In turns of handlers, for simulated time stands still in a flood however long that takes."""
    await asyncio.sleep(1.0)
    flooded = [channel for channel in Channel if channel is not Channel.ALGEDONIC]
    names = [line_name(bench.path, channel) for channel in flooded]
    lookout = await bench.system.start(Lookout, f"{bench.path}:algedonode", names)
    for channel in flooded:
        ways = [(a, b) for found, a, b in sorted(TOPOLOGY, key=str) if found is channel and not b.in_unit]
        for _, (sender, role) in zip(range(FLOOD), cycle(ways), strict=False):
            bench.line(channel).cast(Line.carry, bench.note(channel, sender, role))
    lookout.cast(Lookout.look)
    bench.feel(ASKED)
    await asyncio.sleep(0.1)
    alarms = await bench.level.call(ViableSystem.alarms)
    expect(any(one.pain.index == ASKED for one in alarms), "it was not felt")
    late = {name: first for name, first in (await lookout.call(Lookout.found)).items() if first > FIRST}
    expect(not late, f"of a flood of {FLOOD} notes on each channel so many went first: {late}")


async def _capacity(bench: Bench) -> None:
    await bench.worked(TASKS)
    states = (await bench.level.call(ViableSystem.status)).channels
    full = {name: one.utilisation for name, one in states.items() if one.utilisation > FULL}
    expect(not full, f"{full} of their capacity")


async def _fidelity(bench: Bench) -> None:
    await bench.worked(TASKS)
    states = (await bench.level.call(ViableSystem.status)).channels
    lossy = {name: one.fidelity for name, one in states.items() if one.fidelity < 1.0}
    expect(not lossy, f"understood only in part: {lossy}")


async def _cohesion(bench: Bench) -> None:
    await bench.worked(TASKS)
    await asyncio.sleep(ROUNDS * bench.round)
    await bench.heard()
    status = await bench.level.call(ViableSystem.status)
    units = set((await bench.level.call(ViableSystem.identity)).boundary)
    seen = {"accounts": set(status.accounts), "load": set(status.load), "known": set(status.known)}
    more = {name: sorted(paths - units) for name, paths in seen.items() if paths - units}
    expect(not more, f"units are {sorted(units)}; beside these there are {more}")
    less = {name: sorted(units - paths) for name, paths in seen.items() if units - paths}
    expect(not less, f"of the units {sorted(units)} these are missing after {ROUNDS} rounds: {less}")


INVARIANTS = (
    Invariant("T-CH-topology", "what the table of topology does not have is refused", _refuses),
    Invariant("T-CH-isolation", "a flood on the other channels delays no pain", _isolated),
    Invariant("T-P2", "at work no channel is loaded above its capacity", _capacity),
    Invariant("T-P3", "all that is said at work is understood", _fidelity),
    Invariant("T-COH", "of what is within a level the one above sees the unit and nothing else", _cohesion),
    Invariant("T-S2-no-authority", "system 2 commands nobody", _no_authority),
)
