"""Names that are held elsewhere when a supervisor wants them: it waits, and does not give up."""

import asyncio
from typing import Any

from cybernetic import Agent, Supervisor, System, child
from cybernetic.nodes.host.driver_memory import MemoryHost

SECRET = "known to all nodes"


class Chief(Agent):
    """There is one."""

    def node(self) -> str:
        return self.ref.node


class Court(Supervisor):
    """Has a chief, with the default of restarts."""

    def children(self) -> Any:
        return [child(Chief, id="chief", name="chief")]


async def test_the_supervisor_of_the_loser_waits_until_the_name_is_free() -> None:
    async with System(node="one", host_port=MemoryHost(), secret=SECRET, listen=["memory:one"]) as one:
        earlier = await one.start(Court)
        await asyncio.sleep(1)
        async with System(node="two", host_port=MemoryHost(), secret=SECRET, listen=["memory:two"]) as two:
            later = await two.start(Court)
            assert one._cluster is not None
            assert two._cluster is not None
            await two._cluster.join(one._cluster._listeners[0].address)
            await asyncio.sleep(30)
            assert one.alive(earlier)
            assert two.alive(later)
            assert await one.named("chief", Chief).call(Chief.node) == "two"
            (info,) = await earlier.call(Supervisor.which_children)
            assert info.ref == "restarting"
        await asyncio.sleep(10)
        assert one.alive(earlier)
        assert await one.named("chief", Chief).call(Chief.node) == "one"
