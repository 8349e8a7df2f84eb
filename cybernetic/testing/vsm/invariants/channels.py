"""Channels: what the table of topology does not have is refused, and pain is not delayed by anything."""

from cybernetic.testing.vsm.bench import Bench
from cybernetic.testing.vsm.invariants.invariant import Invariant, expect
from cybernetic.vsm import TOPOLOGY, Channel, Line, Note, NotInTopology, Role, line_name, now


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


INVARIANTS = (
    Invariant("T-CH-topology", "what the table of topology does not have is refused", _refuses),
    Invariant("T-S2-no-authority", "system 2 commands nobody", _no_authority),
)
