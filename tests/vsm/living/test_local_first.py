"""T-S1-local-first: what a unit mends itself is heard of by nobody above it."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Clocks, Index, Operation, Outcome, Pain, Task, ViableSystem, unit
from cybernetic.vsm.control.control import Control
from tests.vsm.living.company import PAGER, TOOL, Company, done, started


class Mender(Operation):
    """Too slow, until it mends itself when it is told."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 1.0), cost=True)]

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        used = await self.use("tool", TOOL, task.id)
        return Outcome(used.value, evidence=[used.receipt])

    def recover(self, pain: Pain) -> bool:
        """Another tool."""
        TOOL.takes = 0.1
        return True


class Shoplet(Company):
    """One unit that knows how to help itself."""

    clocks = Clocks(ack=1.0, recovery=30.0)

    def units(self) -> list[Any]:
        """One."""
        return [unit(Mender, id="mender")]


async def test_t_s1_local_first_what_a_unit_mends_itself_is_heard_of_by_nobody_above(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []
    take = Control.take

    def listening(self: Control, note: Any) -> Any:
        if note.sender.in_unit:  # what comes from system 5 is none of the unit's saying
            heard.append(type(note.body).__name__)
        return take(self, note)

    monkeypatch.setattr(Control, "take", listening)
    async with started(Shoplet) as (_, ref):
        TOOL.takes = 3.0
        await done(ref)
        await asyncio.sleep(3.0)
        assert TOOL.takes == 0.1
        for _ in range(5):
            await done(ref)
        await asyncio.sleep(60.0)
        assert set(heard) <= {"Accountability", "Acting"}
        assert await ref.call(ViableSystem.alarms) == ()
        assert PAGER.pages == []
