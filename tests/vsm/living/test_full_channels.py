"""A channel that carries more than it is meant for hurts, and hurts no more when that is over (T-P2)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import OptionError
from cybernetic.vsm import (
    Algedonode,
    Cause,
    Channel,
    Clocks,
    Line,
    Note,
    NotInTopology,
    Role,
    ViableSystem,
    line_name,
    now,
)
from cybernetic.vsm.channels.line import NotCarried
from tests.vsm.living.company import PAGER, Company, done, started


def noise(level: str) -> Note:
    """Something on the channel of commands that is too late to matter, and a load all the same."""
    way = Channel.COMMAND, Role.PORTER, level, Role.CONTROL, level
    return Note(*way, "noise", "id", "id", sent_at=now(), deadline=now())


async def talk(system: System, level: str, rate: float, seconds: float) -> None:
    """So many notes a second, for so long."""
    line = system.named(line_name(level, Channel.COMMAND), Line)
    for _ in range(int(10 * seconds)):
        for _ in range(int(rate / 10)):
            line.cast(Line.carry, noise(level))
        await asyncio.sleep(0.1)


async def full(system: System, level: str) -> list[str]:
    """The channels of a level that hurt."""
    alarms = await system.named(f"{level}:algedonode", Algedonode).call(Algedonode.alarms)
    return [one.pain.index for one in alarms if one.pain.cause is Cause.LIMITS]


class Narrow(Company):
    """Whose channels are meant for little."""

    capacity = 100.0
    clocks = Clocks(ack=1.0, recovery=5.0)


@pytest.mark.parametrize("level", ["narrow", "narrow/division"])
async def test_a_channel_above_four_fifths_of_its_capacity_for_a_period_is_felt_and_then_over(
    level: str,
) -> None:
    rate = 150.0 if level == "narrow" else 1500.0  # the level within declares none of its own
    async with started(Narrow) as (system, _):
        await asyncio.sleep(2.0)
        await talk(system, level, rate, 1.0)
        assert await full(system, level) == []  # no more than a burst, so far
        await talk(system, level, rate, 2.0)
        assert await full(system, level) == ["command full"]
        await asyncio.sleep(3.0)
        assert await full(system, level) == []


async def test_a_channel_that_stays_full_wakes_the_human() -> None:
    async with started(Narrow) as (system, _):
        await asyncio.sleep(2.0)
        await talk(system, "narrow", 150.0, 40.0)
        assert ("narrow", "command full") in {(page.pain.path, page.pain.index) for _, page in PAGER.pages}


async def test_a_burst_and_a_day_of_work_are_no_pain() -> None:
    async with started(Narrow) as (system, company):
        await asyncio.sleep(2.0)
        await talk(system, "narrow", 70.0, 5.0)
        for _ in range(60):
            system.named(line_name("narrow", Channel.COMMAND), Line).cast(Line.carry, noise("narrow"))
        await asyncio.gather(*(done(company, usd=0.01) for _ in range(20)))
        await asyncio.sleep(3.0)
        assert await full(system, "narrow") == []
        assert await company.call(ViableSystem.alarms) == ()


@pytest.mark.parametrize("capacity", [0.0, -1.0, float("nan"), "much"])
def test_a_capacity_that_is_none_is_refused(capacity: Any) -> None:
    with pytest.raises(OptionError, match="capacity"):
        type("Wrong", (ViableSystem,), {"capacity": capacity})


def old(level: str, age: float) -> Note:
    """Something on the channel of commands that has waited for so long."""
    way = Channel.COMMAND, Role.PORTER, level, Role.CONTROL, level
    return Note(*way, "noise", "id", "id", sent_at=now() - age, deadline=now())


async def test_a_channel_whose_notes_wait_for_longer_than_a_period_is_felt_and_then_over() -> None:
    async with started(Narrow) as (system, _):
        await asyncio.sleep(2.0)
        line = system.named(line_name("narrow", Channel.COMMAND), Line)
        line.cast(Line.carry, old("narrow", 5.0))
        await asyncio.sleep(1.5)
        assert await full(system, "narrow") == []  # one is none
        for _ in range(20):
            line.cast(Line.carry, old("narrow", 0.9))
            await asyncio.sleep(0.1)
        assert await full(system, "narrow") == []  # within a period
        for _ in range(20):
            line.cast(Line.carry, old("narrow", 1.1))
            await asyncio.sleep(0.1)
        assert await full(system, "narrow") == ["command full"]
        assert (await line.call(Line.state)).age == pytest.approx(1.1)
        await asyncio.sleep(3.0)
        assert await full(system, "narrow") == []


async def test_a_line_says_what_is_wrong_with_what_it_does_not_pass_on() -> None:
    async with started(Narrow) as (system, _):
        await asyncio.sleep(1.0)
        line = system.named(line_name("narrow", Channel.COMMAND), Line)
        note = replace(noise("narrow"), deadline=now() - 2.0)
        with pytest.raises(NotCarried, match=r"expected one before its deadline, got: one 2 s after it"):
            await line.call(Line.relay, note)
        wrong = system.named(line_name("narrow", Channel.BARGAIN), Line)
        with pytest.raises(
            NotCarried, match=r"expected one for the channel 'bargain', got: one for 'command'"
        ):
            await wrong.call(Line.relay, note)
        nowhere = replace(note, channel=Channel.BARGAIN, sender=Role.POLICY)
        with pytest.raises(NotInTopology, match="from policy to control"):
            await wrong.call(Line.relay, nowhere)
        assert (await wrong.call(Line.state)).refused == 1
