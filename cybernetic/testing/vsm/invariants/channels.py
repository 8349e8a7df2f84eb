"""Channels: what the table of topology does not have is refused, and pain is not delayed by anything."""

import asyncio

from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.invariants.invariant import Invariant, expect
from cybernetic.vsm import (
    TOPOLOGY,
    Algedonode,
    Cause,
    Channel,
    Line,
    Note,
    NotInTopology,
    Pain,
    Role,
    ViableSystem,
    line_name,
    now,
)

FLOOD = 100  # notes on each way
TASKS = 10
FULL = 0.8  # of the capacity


def _note(bench: Bench, channel: Channel, sender: Role, role: Role) -> Note:
    return Note(channel, sender, bench.path, role, bench.path, "?", "id", "id", sent_at=now())


async def _refuses(bench: Bench) -> None:
    for channel in Channel:
        line = bench.system.named(line_name(bench.path, channel), Line)
        for sender in Role:
            for role in Role:
                if (channel, sender, role) in TOPOLOGY:
                    continue
                try:
                    await line.call(Line.relay, _note(bench, channel, sender, role))
                except NotInTopology:
                    continue
                expect(False, f"{channel.value} carried from {sender.value} to {role.value}")


async def _no_authority(bench: Bench) -> None:
    ways = [way for way in TOPOLOGY if way[1] is Role.COORDINATION and way[0] is Channel.COMMAND]
    expect(not ways, ways)


async def _isolated(bench: Bench) -> None:
    node = bench.part("algedonode", Algedonode)
    for channel, sender, role in sorted(TOPOLOGY, key=str):
        if channel is Channel.ALGEDONIC or role.in_unit:
            continue
        line = bench.system.named(line_name(bench.path, channel), Line)
        for _ in range(FLOOD):
            line.cast(Line.carry, _note(bench, channel, sender, role))
    began = asyncio.get_running_loop().time()
    await node.call(Algedonode.feel, Pain(bench.path, "asked in a flood", Cause.EXIT))
    alarms = await node.call(Algedonode.alarms)
    waited = asyncio.get_running_loop().time() - began
    felt = any(one.pain.index == "asked in a flood" for one in alarms)
    expect(felt and waited == 0.0, f"felt after {waited:g} s" if felt else "it was not felt")


async def _capacity(bench: Bench) -> None:
    await bench.work(TASKS)
    states = (await bench.level.call(ViableSystem.status)).channels
    full = {name: one.utilisation for name, one in states.items() if one.utilisation > FULL}
    expect(not full, f"{full} of their capacity")


async def _fidelity(bench: Bench) -> None:
    await bench.work(TASKS)
    states = (await bench.level.call(ViableSystem.status)).channels
    lossy = {name: one.fidelity for name, one in states.items() if one.fidelity < 1.0}
    expect(not lossy, f"understood only in part: {lossy}")


async def _cohesion(bench: Bench) -> None:
    await bench.work(TASKS)
    await asyncio.sleep(3.0)
    status = await bench.level.call(ViableSystem.status)
    units = set((await bench.level.call(ViableSystem.identity)).boundary)
    seen = {"accounts": set(status.accounts), "load": set(status.load), "known": set(status.known)}
    wrong = {name: sorted(paths ^ units) for name, paths in seen.items() if paths != units}
    expect(not wrong, f"units are {sorted(units)}; more or less than these in {wrong}")


INVARIANTS = (
    Invariant("T-CH-topology", "what the table of topology does not have is refused", _refuses),
    Invariant("T-CH-isolation", "a flood on the other channels delays no pain", _isolated),
    Invariant("T-P2", "at work no channel is loaded above its capacity", _capacity),
    Invariant("T-P3", "all that is said at work is understood", _fidelity),
    Invariant("T-COH", "of what is within a level the one above sees the unit and nothing else", _cohesion),
    Invariant("T-S2-no-authority", "system 2 commands nobody", _no_authority),
)
