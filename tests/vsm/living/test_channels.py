"""Channels: who may speak to whom, what is lost on the way, and that a flood on one holds up no pain."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cybernetic import Refusal, System
from cybernetic.vsm import (
    TOPOLOGY,
    Algedonode,
    Cause,
    Channel,
    Clocks,
    Line,
    Note,
    NotInTopology,
    Pain,
    Role,
    ViableSystem,
    line_name,
    now,
    topology_table,
)
from cybernetic.vsm.algedonic.messages import Felt
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.channels import Ear
from tests.vsm.living.company import started

FLOOD = 10_000


class Sink(Ear):
    """Hears anything, and counts."""

    role = Role.CONTROL

    def __init__(self) -> None:
        self.heard = 0

    def take(self, note: Note) -> None:
        """One more."""
        self.heard += 1

    def count(self) -> int:
        """How many there were."""
        return self.heard


def way(channel: Channel) -> tuple[Role, Role]:
    """Some way that a channel leads."""
    ways = sorted(TOPOLOGY, key=lambda one: (one[1].value, one[2].value))
    return next((sender, role) for found, sender, role in ways if found is channel)


def note(channel: Channel, sender: Role, role: Role, body: Any, to: str = "level") -> Note:
    """A note within the level."""
    return Note(channel, sender, "level", role, to, body, "n", "n")


@pytest.mark.parametrize("channel", [one for one in Channel if one is not Channel.ALGEDONIC])
async def test_t_ch_isolation_a_flood_on_any_channel_delays_a_pain_by_three_turns_at_most(
    channel: Channel,
) -> None:
    turns: list[str] = []

    class Counted(Line):
        """Notes each turn."""

        def carry(self, note: Note) -> None:
            turns.append(self.channel.value)
            super().carry(note)

    class Feels(Algedonode):
        """Notes each turn, too."""

        period = None

        def take(self, note: Note) -> Any:
            turns.append("felt")
            return super().take(note)

    async with System() as system:
        await system.start(Books, None, "level", name="level:books")
        for one in Channel:
            await system.start(Counted, one, "level", name=line_name("level", one))
        await system.start(Feels, "level", (Clocks(),), (), (), name="level:algedonode")
        sender, role = way(channel)
        flooded = system.named(line_name("level", channel), Line)
        loop = asyncio.get_running_loop()
        for _ in range(FLOOD):
            flooded.cast(Line.carry, note(channel, sender, role, "noise"))
        at = loop.time()
        pain = Felt(Pain("level", "fire", Cause.EXIT))
        system.named(line_name("level", Channel.ALGEDONIC), Line).cast(
            Line.carry, note(Channel.ALGEDONIC, Role.CONTROL, Role.ALGEDONODE, pain)
        )
        node = system.named("level:algedonode", Feels)
        while not await node.call(Algedonode.alarms):
            await asyncio.sleep(0)
        assert loop.time() == at
        own = [turn for turn in turns if turn != channel.value]
        assert own == [Channel.ALGEDONIC.value, "felt"]  # of its line and of the algedonode, and no others
        before = turns.index("felt")
        assert before < FLOOD / 10, f"{before} notes of the flood went first"


async def test_what_nobody_has_an_ear_for_is_counted_as_lost() -> None:
    async with started() as (system, company):
        line = system.named(line_name("company", Channel.COORDINATION), Line)
        for _ in range(3):
            line.cast(
                Line.carry,
                Note(
                    Channel.COORDINATION, Role.CONTROL, "company", Role.COORDINATION, "company", 7, "n", "n"
                ),
            )
        await asyncio.sleep(0.1)
        state = (await company.call(ViableSystem.status)).channels[Channel.COORDINATION.value]
        assert state.lost == 3
        assert 0.0 < state.fidelity < 1.0


async def test_a_note_that_comes_after_its_deadline_is_counted_as_late_and_not_carried() -> None:
    async with System() as system:
        sink = await system.start(Sink, name="level:control")
        line = await system.start(Line, Channel.COMMAND, "level")
        one = replace(note(Channel.COMMAND, Role.MANAGEMENT, Role.CONTROL, "x"), deadline=now() + 5.0)
        line.cast(Line.carry, one)
        await asyncio.sleep(5.0)
        line.cast(Line.carry, one)
        with pytest.raises(Refusal):
            await line.call(Line.relay, one)
        state = await line.call(Line.state)
        assert (state.carried, state.late) == (1, 2)
        assert await sink.call(Sink.count) == 1


async def test_a_line_by_itself_has_no_rounds_to_go() -> None:
    async with System() as system:
        line = await system.start(Line, Channel.COMMAND, "level")
        await asyncio.sleep(3600.0)
        info = line.inspect().info()
        assert info is not None
        assert info.reductions <= 3


async def test_what_gives_way_in_a_flood_is_counted_as_dropped() -> None:
    async with started() as (system, company):
        line = system.named(line_name("company", Channel.COORDINATION), Line)
        one = Note(Channel.COORDINATION, Role.CONTROL, "company", Role.COORDINATION, "company", 7, "n", "n")
        for _ in range(FLOOD + 500):
            line.cast(Line.carry, one)
        await asyncio.sleep(1.0)
        state = (await company.call(ViableSystem.status)).channels[Channel.COORDINATION.value]
        assert state.dropped == 500


async def test_t_ch_topology_the_table_is_what_is_carried_and_nothing_else() -> None:
    lines = list(topology_table())
    print("\n".join(lines))
    assert len(lines) == len(Channel)
    assert sum(line.count("->") for line in lines) == len(TOPOLOGY)
    async with System() as system:
        await system.start(Sink, name="level:control")
        for channel in Channel:
            line = await system.start(Line, channel, "level")
            refused = 0
            for sender in Role:
                if (channel, sender, Role.CONTROL) in TOPOLOGY:
                    await line.call(Line.relay, note(channel, sender, Role.CONTROL, "x"))
                    continue
                refused += 1
                line.cast(Line.carry, note(channel, sender, Role.CONTROL, "x"))
                with pytest.raises(NotInTopology):
                    await line.call(Line.relay, note(channel, sender, Role.CONTROL, "x"))
            state = await line.call(Line.state)
            assert state.refused == refused
            assert state.carried == len(Role) - refused
