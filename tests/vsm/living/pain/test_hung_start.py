"""A unit whose `setup` hangs when it begins anew holds up nobody else; where it has a limit it is tried again."""

import asyncio
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, OptionError, StartFailed, System
from cybernetic.runtime import Agent
from cybernetic.supervision import Supervisor
from cybernetic.vsm import Clocks, Operation, Outcome, Task, ViableSystem, now, unit
from tests.vsm.living.company import PAGER, started

HANGS: set[str] = set()  # whose `setup` does
SETUPS: list[tuple[str, float]] = []


class Clerk(Operation):
    """Needs what may never answer."""

    async def setup(self) -> None:
        """Wait for it."""
        name = str(self.ref.name)
        SETUPS.append((name, now()))
        if name in HANGS:
            await asyncio.Event().wait()

    async def handle(self, task: Task) -> Outcome:
        """Nothing."""
        return Outcome(1, good=False)


class Floor(ViableSystem):
    """Two."""

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Clerk, id="a"), unit(Clerk, id="b")]


class House(ViableSystem):
    """Two, and a level of two."""

    clocks = Clocks(ack=1.0, recovery=5.0)
    human = (PAGER,)
    limit: ClassVar[float | None] = None

    def units(self) -> list[Any]:
        """All three."""
        return [
            unit(Clerk, id="a", start_timeout=self.limit),
            unit(Clerk, id="b"),
            unit(Floor, id="floor", start_timeout=self.limit),
        ]


class Limited(House):
    """What does not start in time is tried again."""

    limit = 2.0


@pytest.fixture(autouse=True)
def all_is_well() -> None:
    """Nobody hangs."""
    HANGS.clear()
    SETUPS.clear()


def kill(system: System, name: str) -> None:
    """End somebody at once."""
    found: Any = system.whereis(name)
    found.exit(Kill())


async def done(house: Any, to: str, within: float = 1.0) -> int:
    """What comes of a task, in so many seconds."""
    performed = await house.within(within).call(ViableSystem.submit, Task("q", to=to))
    value: int = performed.outcome.value
    return value


OF_LEVEL = ["/a", "/a:unit", ":operations", ":level"]
VICTIMS = [
    *(("house", what) for what in OF_LEVEL),
    *(("house/floor", what) for what in (*OF_LEVEL, ":unit", "")),
]


@pytest.mark.parametrize(("level", "what"), VICTIMS)
async def test_who_hangs_when_it_begins_anew_holds_up_nobody_else(level: str, what: str) -> None:
    async with started(House) as (system, house):
        await asyncio.sleep(2.0)
        HANGS.add(f"{level}/a")
        kill(system, f"{level}{what}")
        await asyncio.sleep(1.0)
        for victim in ("/b:unit", "/b", ":environment", ":algedonode", ":control", ":coordination"):
            kill(system, f"{level}{victim}")
            await asyncio.sleep(1.0)
            assert await done(house, f"{level}/b") == 1
            assert system.whereis(f"{level}{victim}", Agent) is not None
        await asyncio.sleep(25.0)
        assert {page.pain.path for _, page in PAGER.pages} == {f"{level}/a"}


@pytest.mark.parametrize("level", ["house", "house/floor"])
async def test_who_hangs_can_be_taken_out_and_begin_anew(level: str) -> None:
    async with started(House) as (system, house):
        await asyncio.sleep(2.0)
        HANGS.add(f"{level}/a")
        kill(system, f"{level}/a:unit")
        await asyncio.sleep(30.0)
        HANGS.clear()
        operations = system.named(f"{level}:operations", Supervisor).within(5.0)
        await operations.call(Supervisor.terminate_child, "a")
        await operations.call(Supervisor.restart_child, "a")
        assert await done(house, f"{level}/a") == 1
        await asyncio.sleep(15.0)
        assert {key.path for key in PAGER.over} == {f"{level}/a"}
        assert await house.call(ViableSystem.alarms) == ()


@pytest.mark.parametrize("what", ["/a", "/a:unit"])
async def test_what_takes_longer_than_it_may_is_tried_again_with_growing_pauses(what: str) -> None:
    async with started(Limited) as (system, house):
        await asyncio.sleep(2.0)
        HANGS.add("limited/a")
        kill(system, f"limited{what}")
        await asyncio.sleep(60.0)
        tries = [at for name, at in SETUPS if name == "limited/a"][1:]
        gaps = [round(later - at - 2.0, 3) for at, later in pairwise(tries)]
        assert gaps[:6] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4], rel=0.21)
        assert {page.pain.path for _, page in PAGER.pages} == {"limited/a"}
        HANGS.clear()
        await asyncio.sleep(14.0)
        assert await done(house, "limited/a") == 1


@pytest.mark.parametrize("who", ["limited/a", "limited/floor/a"])
async def test_so_it_is_told_to_who_starts_all(who: str) -> None:
    HANGS.add(who)
    async with System() as system:
        with pytest.raises(StartFailed, match=r"StartTimeout\(seconds=2.0\)"):
            await system.start(Limited)
        assert 2.0 <= now() < 3.0


def test_a_limit_is_a_number_of_seconds() -> None:
    with pytest.raises(OptionError, match="start_timeout"):
        unit(Clerk, id="a", start_timeout=0.0)
