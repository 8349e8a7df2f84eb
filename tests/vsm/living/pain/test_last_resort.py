"""When no human answers: what was declared takes effect, without systems 2 to 5, and silence is never leave."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.core import OptionError
from cybernetic.vsm import (
    Algedonode,
    Allow,
    Cause,
    Clocks,
    Deny,
    Escalate,
    Paging,
    Pain,
    Severity,
    Suspended,
    ViableSystem,
)
from cybernetic.vsm.algedonic.messages import Relief
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note, note_id
from tests.vsm.living.company import PAGER, TOOL, Company, done, started

QUICK = Clocks(ack=1.0, recovery=5.0)
SILENT = 25.0  # seconds: two pages, ten apart, and their last word


class Unheard(Company):
    """A human who is called twice, ten seconds apart, and does not answer."""

    clocks = QUICK
    budget: ClassVar[Any] = None
    paging = Paging(ack=10.0, backoff=1.0, attempts=2)


class Stopped(Unheard):
    """What nobody answers for ends."""

    paging = Paging(ack=10.0, backoff=1.0, attempts=2, denied="stop")


class Lenient(Unheard):
    """Somebody wrote down that all go on."""

    paging = Paging(ack=10.0, backoff=1.0, attempts=2, on_timeout=Allow())


class Insistent(Unheard):
    """After two calls there is a third, of thirty seconds; then it is denied."""

    paging = Paging(
        ack=10.0, backoff=1.0, attempts=2, on_timeout=Escalate("the owner", 30.0, Deny("nor the owner"))
    )


def hurt(system: System, path: str, at: str | None = None) -> Pain:
    """Let something hurt that is with the human at once."""
    pain = Pain(at or path, "fire", Cause.INVARIANT, Severity.CRITICAL)
    system.named(f"{path}:algedonode", Algedonode).cast(Algedonode.feel, pain)
    return pain


def healed(system: System, level: str, pain: Pain) -> None:
    """It hurts no more."""
    id, way = note_id(), (Channel.ALGEDONIC, Role.CHANNEL, level, Role.ALGEDONODE, level)
    note = Note(*way, Relief(pain.key), id, id, sent_at=asyncio.get_running_loop().time())
    system.named(line_name(level, Channel.ALGEDONIC), Line).cast(Line.carry, note)


async def works(company: Any, unit: str) -> bool:
    """Whether a unit does a task within a few seconds."""
    try:
        async with asyncio.timeout(3.0):
            await done(company, unit)
    except (TimeoutError, Suspended):
        return False
    return True


async def test_t_s5_last_resort_what_nobody_answers_for_is_suspended_and_nothing_else() -> None:
    async with started(Unheard) as (system, top):
        pain = hurt(system, "unheard", "unheard/solo")
        await asyncio.sleep(SILENT - 10.0)
        assert await works(top, "unheard/solo")  # there is still time to answer
        await asyncio.sleep(SILENT)
        assert not await works(top, "unheard/solo")
        assert await works(top, "unheard/division/w0")
        system.named("unheard:algedonode", Algedonode).cast(Algedonode.feel, pain)
        await asyncio.sleep(600.0)
        assert not await works(top, "unheard/solo")  # nor is a long silence leave


async def test_t_s5_last_resort_needs_nothing_of_systems_2_to_5() -> None:
    async with started(Unheard) as (system, top):
        await top.within(None).call(ViableSystem.ablate, "s2", "s3", "s4", "s5")
        hurt(system, "unheard", "unheard/division")  # a whole level
        await asyncio.sleep(SILENT)
        assert not await works(top, "unheard/division/w0")
        assert not await works(top, "unheard/division/w1")
        assert await works(top, "unheard/solo")


@pytest.mark.parametrize("victim", ["unheard/solo", "unheard/solo:porter", "unheard:algedonode"])
async def test_t_s5_last_resort_outlives_who_carries_it_out(victim: str) -> None:
    async with started(Unheard) as (system, top):
        hurt(system, "unheard", "unheard/solo")
        await asyncio.sleep(SILENT)
        found: Any = system.whereis(victim)
        found.exit(Kill())
        await asyncio.sleep(3.0)
        assert not await works(top, "unheard/solo")


async def test_it_is_over_with_the_pain_or_by_the_word_of_a_human() -> None:
    async with started(Unheard) as (system, top):
        pain = hurt(system, "unheard", "unheard/solo")
        await asyncio.sleep(SILENT)
        await top.call(ViableSystem.resume, "unheard/solo", "seen to")
        assert await works(top, "unheard/solo")
        await asyncio.sleep(10.0)
        assert await works(top, "unheard/solo")
        below = hurt(system, "unheard/division")
        await asyncio.sleep(SILENT)
        assert not await works(top, "unheard/division/w0")
        healed(system, "unheard/division", below)
        await asyncio.sleep(1.0)
        assert await works(top, "unheard/division/w0")
        assert pain.key != below.key


async def test_what_two_pains_hold_goes_on_when_both_are_over() -> None:
    async with started(Unheard) as (system, top):
        node = system.named("unheard:algedonode", Algedonode)
        pains = [
            Pain("unheard/solo", index, Cause.INVARIANT, Severity.CRITICAL) for index in ("fire", "flood")
        ]
        for pain in pains:
            node.cast(Algedonode.feel, pain)
        await asyncio.sleep(SILENT)
        waits = asyncio.ensure_future(done(top, "unheard/solo"))
        await asyncio.sleep(1.0)
        healed(system, "unheard", pains[0])
        await asyncio.sleep(10.0)
        assert not waits.done()
        assert not TOOL.asked  # not even for a moment
        healed(system, "unheard", pains[1])
        assert (await waits).outcome.good


async def test_t_s5_last_resort_a_level_may_be_declared_to_end() -> None:
    async with started(Stopped) as (system, top):
        hurt(system, "stopped/division")
        await asyncio.sleep(SILENT)
        assert system.whereis("stopped/division") is None
        assert await works(top, "stopped/solo")
    async with System() as system:
        whole = await system.start(Stopped, name="stopped", type="temporary")
        hurt(system, "stopped")
        await asyncio.sleep(SILENT)
        assert not system.alive(whole)


async def test_an_allowance_that_somebody_wrote_down_is_one() -> None:
    async with started(Lenient) as (system, top):
        hurt(system, "lenient", "lenient/solo")
        await asyncio.sleep(SILENT)
        assert await works(top, "lenient/solo")


async def test_an_escalation_calls_once_more_for_its_deadline() -> None:
    async with started(Insistent) as (system, top):
        hurt(system, "insistent", "insistent/solo")
        await asyncio.sleep(49.0)
        assert [page.attempt for _, page in PAGER.pages] == [1, 2, 3]
        assert await works(top, "insistent/solo")
        await asyncio.sleep(2.0)
        assert not await works(top, "insistent/solo")
        assert len(PAGER.pages) == 3


def test_what_a_denial_comes_to_is_one_of_two() -> None:
    with pytest.raises(OptionError, match="denied"):
        Paging(denied="whatever")
    paging = Paging(ack=1.0, attempts=1, on_timeout=Escalate("a", 5.0, Escalate("b", 7.0, Deny("no"))))
    assert [paging.given(attempt) for attempt in (1, 2, 3)] == [1.0, 5.0, 7.0]
    assert (paging.calls, paging.last_word) == (3, Deny("no"))
