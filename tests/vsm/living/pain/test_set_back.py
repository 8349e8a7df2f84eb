"""A company that starts anew on a machine whose clock was set back calls a human as soon as it ever would."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.vsm import Algedonode, Clocks, ViableSystem, unit
from cybernetic.vsm.ladder.signals import Cause, Pain
from tests.support import run_virtual
from tests.vsm.living.company import Worker
from tests.vsm.living.pain.ladder import Human
from tests.vsm.living.test_deep_afar import relieve

AHEAD = 100_000.0  # seconds of the clock before
HURTS = Pain("firm/one", "as told", Cause.INVARIANT)


def firm(folder: Path, pager: Human) -> type[ViableSystem]:
    """With a disk."""

    class Firm(ViableSystem):
        """Of one worker."""

        data: ClassVar[Any] = str(folder)
        human: ClassVar[Any] = (pager,)
        clocks = Clocks(ack=1.0, recovery=5.0)

        def units(self) -> list[Any]:
            """One."""
            return [unit(Worker, id="one")]

    return Firm


@pytest.mark.parametrize("mended", [False, True], ids=["of what was open", "of what hurts first"])
def test_a_human_is_called(tmp_path: Path, mended: bool) -> None:
    human = Human()
    made = firm(tmp_path, human)

    async def life(start: float) -> None:
        await asyncio.sleep(start)
        async with System() as system:
            await system.start(made)
            node = system.named("firm:algedonode", Algedonode)
            await asyncio.sleep(2.0)
            if mended or start == AHEAD:
                node.cast(Algedonode.feel, HURTS)
            if start != AHEAD:
                await asyncio.sleep(await node.call(Algedonode.bound) + 1.0)
            elif mended:
                await asyncio.sleep(1.0)
                assert await node.call(Algedonode.alarms)
                relieve(system, HURTS, "firm")

    run_virtual(life(AHEAD))
    assert not human.pages
    run_virtual(life(1.0))
    assert [page.pain.key for _, page in human.pages][:1] == [HURTS.key]
