"""A silence is over when who was silent is heard again, also of what only its beats tell, and whoever felt it died."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.runtime import Agent
from cybernetic.vsm import Clocks, ViableSystem, unit
from cybernetic.vsm.algedonic.deadmen import silence, silences
from cybernetic.vsm.books.disk import OnDisk
from cybernetic.vsm.ladder.signals import Cause, Pain
from tests.nodes.stage import TWO, stage
from tests.vsm.living.company import PAGER, Worker, done, started
from tests.vsm.living.pain.test_far_keepers import felt, opened
from tests.vsm.living.test_remote import Outlet, two


def indices(alarms: Any) -> set[str]:
    """What hurts."""
    return {one.pain.key.index for one in alarms}


async def test_that_of_a_disk_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck: list[Any] = []
    act = OnDisk._do
    slow: list[Any] = []

    def do(self: Any, what: Any) -> Any:
        """The disk of the division answers nothing more."""
        if self not in slow:
            return act(self, what)
        stuck.append((asyncio.get_running_loop().create_future(), self, what))
        return stuck[-1][0]

    class Division(ViableSystem):
        """On a disk of its own."""

        data = str(tmp_path / "division")

        def units(self) -> list[Any]:
            """One."""
            return [unit(Worker, id="one")]

    class Kept(ViableSystem):
        """With a division."""

        human: ClassVar[Any] = (PAGER,)
        clocks = Clocks(ack=1.0, recovery=30.0)
        data = str(tmp_path)

        def units(self) -> list[Any]:
            """One."""
            return [unit(Division, id="division")]

    opening = OnDisk.open.__func__  # type: ignore[attr-defined]

    async def opened(cls: Any, file: Path, *of: Any) -> Any:
        """Note whose it is."""
        made = await opening(cls, file, *of)
        disks.extend([made] if "division/kept%2Fdivision.books" in str(file) else [])
        return made

    disks: list[Any] = []
    monkeypatch.setattr(OnDisk, "open", classmethod(opened))
    monkeypatch.setattr(OnDisk, "_do", do)
    async with started(Kept) as (system, kept):
        await asyncio.sleep(5.0)
        assert disks
        slow += disks
        await asyncio.sleep(25.0)
        assert indices(await kept.call(ViableSystem.alarms)) == {"disk silent"}
        system.named("kept:algedonode", Agent).exit(Kill())
        await asyncio.sleep(10.0)
        assert "disk silent" in indices(await kept.call(ViableSystem.alarms))
        slow.clear()
        for answer, disk, what in stuck:
            act(disk, what).add_done_callback(
                lambda done, to=answer: to.done() or to.set_result(done.result())
            )
        await asyncio.sleep(30.0)
        assert not await kept.call(ViableSystem.alarms)


async def test_that_of_a_level_of_another_system() -> None:
    async with two() as (here, _, shop):
        await asyncio.sleep(10.0)
        Outlet.cut = True
        await asyncio.sleep(20.0)
        assert "management silent" in indices(await shop.call(ViableSystem.alarms))
        here.named("shop:algedonode", Agent).exit(Kill())
        await asyncio.sleep(3.0)
        assert "management silent" in indices(await shop.call(ViableSystem.alarms))
        Outlet.cut = False
        await asyncio.sleep(60.0)
        assert not await shop.call(ViableSystem.alarms)


async def test_that_of_a_world_in_another_process_which_is_ended_all_the_same() -> None:
    async with stage(TWO) as s:
        spread, name = await opened(s), "spread/far:world"
        hung = s.system.whereis(name, Agent)
        asked = asyncio.ensure_future(done(spread, "spread/far", "hang", name=name))
        while "world silent" not in await felt(spread):
            await asyncio.sleep(1.0)
        s.system.named("spread:algedonode", Agent).exit(Kill())
        await asyncio.sleep(60.0)
        assert s.system.whereis(name, Agent) not in (None, hung)
        await asyncio.sleep(60.0)
        assert not await spread.call(ViableSystem.alarms)
        asked.cancel()


def test_who_is_silent_is_read_off_what_is_felt() -> None:
    key = "books", "a/b"
    others = Pain("a/b", "start", Cause.HEARTBEAT), Pain("a/b", "books silent", Cause.ERRORS)
    assert silences([silence(key, 0.0), *others]) == [key]
