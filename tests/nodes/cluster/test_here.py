"""Children that want what this very node offers."""

import asyncio
from typing import Any

import pytest

from cybernetic import AlreadyStarted, Backoff, Kill, NotFound, Supervisor, System, child
from cybernetic.nodes.host.driver_memory import MemoryHost
from tests.nodes.cluster.mesh import Holder, one, until


class Wanting(Supervisor):
    """A child that needs what one node offers, another that names it."""

    def children(self) -> Any:
        yield child(Holder, id="gpu", name="gpu", requires={"gpu": True})
        yield child(Holder, id="named", name="named", node="a")


async def test_a_single_process_runs_what_it_offers_itself() -> None:
    async with System(node="a", capabilities={"gpu": True}) as system:
        await system.start(Wanting)
        ref = system.whereis("gpu", Holder)
        assert ref is not None
        ref.exit(Kill())
        await until(lambda: system.whereis("gpu") not in (None, ref))
        assert system.nodes == []


@pytest.mark.parametrize("several", [False, True])
async def test_a_name_that_is_held_refuses_a_child_that_is_placed_here(several: bool) -> None:
    options: Any = {"listen": ["memory:a"], "secret": "known to all nodes"} if several else {}
    offers = {"gpu": True}
    async with System(node="a", capabilities=offers, host_port=MemoryHost(), **options) as system:
        holder = system.spawn(Holder, name="gpu")
        top = await system.start(Supervisor)
        spec = child(Holder, id="gpu", name="gpu", requires={"gpu": True})
        with pytest.raises(AlreadyStarted):
            await top.call(Supervisor.start_child, spec)
        with pytest.raises(NotFound):
            await top.call(Supervisor.get_childspec, "gpu")
        await holder.stop()
        assert await top.call(Supervisor.start_child, spec) == system.whereis("gpu")


class Unhurried(Supervisor):
    """A child that is started again after a second."""

    def children(self) -> Any:
        yield child(Holder, id="gpu", name="gpu", requires={"gpu": True}, backoff=Backoff(1.0, 1.0))


async def test_a_child_whose_name_is_held_elsewhere_is_started_here_when_it_is_free() -> None:
    async with one("a", capabilities={"gpu": True}) as system, one("b", "a") as other:
        top = await system.start(Unhurried)
        ref = system.whereis("gpu", Holder)
        assert ref is not None
        ref.exit(Kill())
        await until(lambda: other.whereis("gpu") is None)
        thief = other.spawn(Holder, name="gpu")
        await asyncio.sleep(10)
        assert system.alive(top)
        assert getattr(system.whereis("gpu"), "node", "") == "b"
        await thief.stop()
        await until(lambda: getattr(system.whereis("gpu"), "node", "") == "a", 5.0)
        assert system.alive(top)
