"""Some replicas of one value on a network that can be made bad, each with a store of its own or none."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cybernetic import Kill, System
from cybernetic.state import Replica, ReplicaOptions, ReplicaStatus, Store
from tests.state.replica.net import Net, clock


class Fleet:
    """Replicas called "a", "b", "c" and so on."""

    def __init__(self, system: System, net: Net, kind: Any, folder: Path | None, options: Any) -> None:
        self.system, self.net, self.kind, self.folder = system, net, kind, folder
        self.options = options
        self.refs: dict[str, Any] = {}
        self.stores: dict[str, Store] = {}
        self.steps: dict[str, float] = {}  # by how much wall clocks are wrong

    async def start(self, names: Iterable[str], **changes: Any) -> None:
        """Start the replicas of these names."""
        for name in names:
            store = None
            if self.folder is not None:
                store = self.stores.get(name) or await Store.open(self.folder / name, synchronous="normal")
                self.stores[name] = store
            options = dataclasses.replace(self.options, **changes)
            self.refs[name] = await self.system.start(
                Replica, self.kind, "it", store, options, self.net.peers(name), partial(self.wall, name)
            )

    def wall(self, name: str) -> float:
        """The wall clock of one."""
        return clock() + self.steps.get(name, 0.0)

    async def stop(self, name: str) -> None:
        """Stop one in an orderly way."""
        self.net.here.pop(name)
        await self.refs.pop(name).stop()

    async def kill(self, name: str) -> None:
        """Kill one; what it had not written is gone."""
        self.net.here.pop(name)
        ref = self.refs.pop(name)
        ref.exit(Kill())
        await self.system.wait(ref)

    async def change(self, name: str, edit: Any, *args: Any) -> Any:
        """Have one change the value."""
        return await self.refs[name].call(Replica.change, edit, *args)

    async def value(self, name: str) -> Any:
        """The value of one."""
        return await self.refs[name].call(Replica.value)

    async def values(self) -> list[Any]:
        """The values of all, in order of names."""
        return [await self.value(name) for name in sorted(self.refs)]

    async def status(self, name: str) -> ReplicaStatus:
        """What one tells of itself."""
        status: ReplicaStatus = await self.refs[name].call(Replica.status)
        return status

    async def same(self) -> bool:
        """Whether all know the same."""
        values = await self.values()
        return all(value == values[0] for value in values)


@asynccontextmanager
async def fleet(
    kind: Any, names: str, folder: Path | None = None, seed: int = 0, **options: Any
) -> AsyncIterator[Fleet]:
    """Replicas of these names; `options` are of `ReplicaOptions`."""
    async with System() as system:
        made = Fleet(system, Net(seed), kind, folder, ReplicaOptions(**options))
        await made.start(names)
        yield made
        for name in list(made.refs):
            await made.stop(name)
        for store in made.stores.values():
            await store.close()
    await asyncio.sleep(1)


# edits


def add(value: Any, by: Any, *elements: Any) -> Any:
    """Put elements into a set."""
    return value.add(by.replica, *elements)


def remove(value: Any, by: Any, *elements: Any) -> Any:
    """Take elements out of a set."""
    return value.remove(by.replica, *elements)
