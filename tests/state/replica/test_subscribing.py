"""Who subscribes to a replica, or watches a graph, is told again after that was killed and started anew."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Agent, Down, Kill, Supervisor, System, child
from cybernetic.runtime import LocalSystem
from cybernetic.state import AWSet, Changed, Diff, Graph, Replica, Var
from cybernetic.wire import BeyondLimit
from tests.state.replica.fleet import add, remove

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorial.md"


class Shop(Supervisor):
    """What is listened to, and who listens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def children(self) -> Iterator[Any]:
        yield child(Replica, AWSet, "customers", self.folder / "replica", name="customers.there")
        yield child(Graph, "world", self.folder / "graph", name="world.there")
        yield child(Listener, name="listener")


class Listener(Agent):
    """Does what `Replica.subscribe` and `Graph.watch` ask for."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def setup(self) -> None:
        await self.subscribe()
        await self.watch()

    async def subscribe(self) -> None:
        customers = self.system.named("customers.there", Replica)
        self.replica = self.monitor(customers)
        self.told.append(set(await customers.call(Replica.subscribe)))

    async def watch(self) -> None:
        world = self.system.named("world.there", Graph)
        self.monitor(world)
        watching = await world.call(Graph.watch, (Var("who"), "knows", "bob"))
        self.told.append([row["who"] for row in watching.rows])

    async def receive(self, message: Any) -> None:
        match message:
            case Diff(put=put):
                self.told.append({key for key, _ in put})
            case Changed(added=added):
                self.told.append([row["who"] for row in added])
            case Down(token=token):
                await asyncio.sleep(1)
                await (self.subscribe() if token == self.replica else self.watch())

    def heard(self) -> list[Any]:
        told, self.told = self.told, []
        return told


async def test_who_subscribes_again_when_its_replica_or_graph_went_down_is_told_all(tmp_path: Path) -> None:
    async with System() as system:
        await system.start(Shop, tmp_path)
        listener = system.named("listener", Listener)
        customers, world = system.named("customers.there", Replica), system.named("world.there", Graph)
        for n, name in enumerate(("ann", "eve", "joe")):
            await customers.call(Replica.change, add, name)
            await world.call(Graph.add, name, "knows", "bob", who="clerk")
            await asyncio.sleep(3.0)
            before = ["ann", "eve"][:n]
            heard = await listener.call(Listener.heard)
            assert [set(one) for one in heard if isinstance(one, set)] == [set(before), {name}]
            assert [sorted(one) for one in heard if isinstance(one, list)] == [before, [name]]
            for one in customers, world:
                one.exit(Kill())
            await asyncio.sleep(3.0)


class Hearer(Agent):
    """Keeps what it is sent."""

    def __init__(self, replica: Any) -> None:
        self.replica, self.told = replica, list[Any]()

    async def setup(self) -> None:
        await self.replica.call(Replica.subscribe)

    def receive(self, message: Any) -> None:
        self.told.append(message)

    def heard(self) -> list[Any]:
        return self.told


def swapped(value: Any, by: Any, old: Any, *new: Any) -> Any:
    gone = value.remove(by.replica, old)
    return gone.join(value.join(gone).add(by.replica, *new))


def narrow(value: Any, what: str) -> Any:
    """As a way on which no diff travels that is longer than one of two numbers."""
    for one in value if isinstance(value, tuple) else ():
        if isinstance(one, Diff) and len(repr((one.put, one.gone))) > 30:
            raise BeyondLimit("message", "at most 30", 30, "more")
    return value


async def test_a_change_too_large_to_travel_is_told_in_parts_or_ends_the_subscription_alone() -> None:
    async with LocalSystem(transfer=narrow) as system:
        replica = await system.start(Replica, AWSet, "it")
        hearer = await system.start(Hearer, replica)
        long = "x" * 100
        for edit, elements in (
            (add, range(15)),
            (remove, range(12)),
            (swapped, (12, 15, 16)),
            (add, [long]),
            (add, [17]),
        ):
            await replica.call(Replica.change, edit, *elements)
        await asyncio.sleep(1.0)
        *told, last = await hearer.call(Hearer.heard)
        assert sorted(key for diff in told for key, _ in diff.put) == [*range(17)]
        assert sorted(key for diff in told for key in diff.gone) == [*range(13)]
        assert (last.put, last.gone, last.ended) == ((), (), "message: expected at most 30, got: more")
        assert set(await replica.call(Replica.value)) == {13, 14, 15, 16, long, 17}
        await replica.stop()
        await hearer.stop()


async def test_the_watcher_of_the_tutorial_listens_again_after_its_replica_was_killed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    programs = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    (program,) = [text for text in programs if "Replica.subscribe" in text]
    space: dict[str, Any] = {"__name__": "tutorial"}
    exec(program.replace("asyncio.run(main())", ""), space)
    async with System() as system:
        await system.start(space["Shop"])
        here, there = (system.named(f"customers.{node}", Replica) for node in ("here", "there"))
        await here.call(Replica.change, add, "ann")
        await asyncio.sleep(1.0)
        there.exit(Kill())
        await asyncio.sleep(5.0)
        await here.call(Replica.change, add, "eve")
        await asyncio.sleep(1.0)
    assert capsys.readouterr().out.splitlines() == [
        "there: from []",
        "there: come ['ann'] gone []",
        "there: from ['ann']",
        "there: come ['eve'] gone []",
    ]
