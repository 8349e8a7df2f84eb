"""How often a level looks for what has gone silent is one of its clocks; who begins in another process has longer."""

import asyncio

import pytest

from cybernetic import System
from cybernetic.runtime import Agent
from cybernetic.vsm import Algedonode, Cause, Clocks, unit
from cybernetic.vsm.layout import AFAR, Layout, first
from cybernetic.vsm.recursion.charter import Charter
from tests.vsm.living.company import PAGER, Company, Division, started


class Quick(Company):
    """Looks as often as a level does unless told otherwise."""

    clocks = Clocks(ack=60.0, recovery=60.0)


class Slow(Company):
    """Looks every two seconds: silence is what lasts two beats of four."""

    clocks = Clocks(ack=60.0, recovery=60.0, look=2.0)


async def _silent(system: System, path: str) -> bool:
    alarms = await system.named(f"{path}:algedonode", Algedonode).call(Algedonode.alarms)
    return any(one.pain.cause is Cause.HEARTBEAT for one in alarms)


@pytest.mark.parametrize(("cls", "still", "felt"), [(Quick, 1.0, 3.0), (Slow, 5.0, 11.0)])
async def test_silence_of_a_level_within_is_felt_as_its_clocks_say(
    cls: type[Company], still: float, felt: float
) -> None:
    name = cls.__name__.lower()
    async with started(cls) as (system, _):
        await asyncio.sleep(30.0)
        assert not await _silent(system, name)
        assert PAGER.pages == []  # the vigil and the algedonode of the top go by the same clock
        ladder = system.whereis(f"{name}/division:algedonode", Agent)
        assert ladder is not None
        await ladder.inspect().suspend()
        await asyncio.sleep(still)
        assert not await _silent(system, name)
        await asyncio.sleep(felt - still)
        assert await _silent(system, name)
        await ladder.inspect().resume()


def test_who_begins_in_another_process_is_given_longer_to_be_heard_at_first() -> None:
    assert first(unit(Division, id="here"), 1.0) == 1.0
    assert first(unit(Division, id="there", node="worker-1"), 1.0) == AFAR
    assert first(unit(Division, id="there", node="worker-1"), 2 * AFAR) == 2 * AFAR


def test_what_begins_after_a_unit_in_another_process_is_given_as_long() -> None:
    charter = Charter.top("slow", Slow)
    here = Layout(charter, (unit(Division, id="here"),)).loops
    there = Layout(charter, (unit(Division, id="here"), unit(Division, id="there", node="worker-1"))).loops
    assert {period for role, _, period in here if role == "control"} == {charter.pulse}
    assert {period for role, _, period in there if role == "control"} == {AFAR}
    assert {path: period for role, path, period in there if role == "management"} == {
        "slow/here": charter.pulse,
        "slow/there": AFAR,
    }
    assert {path: period for role, path, period in there if role == "algedonode"} == {
        "slow/here": 4.0,
        "slow/there": AFAR,
    }
