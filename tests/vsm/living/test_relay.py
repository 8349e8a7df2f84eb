"""A port that is paced above: while nobody speaks there, a lease has to lapse before a level helps itself."""

import asyncio
from typing import Any

from cybernetic.core import CallFailed, NoConnection
from cybernetic.vsm import now
from cybernetic.vsm.coordination.flow import Turn
from cybernetic.vsm.coordination.relay import Relay
from cybernetic.vsm.damping.shares import SharedPacer

LAPSES = 10.0


class Away:
    """Who speaks for the level above is away."""

    def within(self, seconds: float | None) -> "Away":
        """However long one waits."""
        return self

    async def call(self, *args: Any) -> Any:
        """No answer."""
        raise CallFailed("above", "its turn", NoConnection())


class Owner:
    """Who does the work of the relay."""

    def task(self, work: Any) -> "asyncio.Future[Any]":
        """Beside all else."""
        return asyncio.ensure_future(work)


class Waits:
    """A unit that waits for its turn."""

    at: float | None = None

    def reply(self, word: object) -> None:
        """It has it."""
        self.at = now()


async def test_where_nobody_is_above_a_level_goes_by_its_own_share_once_its_lease_has_lapsed() -> None:
    pacer = SharedPacer(1.0, frozenset({"a"}), 3.0, now())
    relay: Any = Relay(Owner(), Away(), "port", pacer)  # type: ignore[arg-type]
    relay.part(now() + 1.0, now() + LAPSES)
    unit = Waits()
    relay.asked("a", Turn(unit), 1.0, 1.0)
    while unit.at is None:
        relay.heard("a", now() + 3.0, 1.0)
        relay.cycle()
        await asyncio.sleep(0.5)
        assert now() < 3 * LAPSES
    assert LAPSES <= unit.at <= LAPSES + 2.0
