"""Replicas as a state machine: whatever is lost, repeated, late, cut off or killed, nothing acknowledged is lost, and
all are the same two seconds after the heal.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cybernetic.core import Refusal
from cybernetic.runtime import VirtualTimeLoop
from cybernetic.state import AWSet, Escrow
from tests.crdt.world import TYPES, Op, change, ops, shown
from tests.state.replica.fleet import Fleet, add, fleet, remove
from tests.support import SEED, soak

NAMES = "abcde"
names = st.sampled_from(NAMES)
seconds = st.sampled_from([0.0, 0.05, 0.4, 1.5, 5.0])
shares = st.sampled_from([0.0, 0.3, 0.9])


def edit(value: Any, by: Any, op: Op) -> Any:
    return change(value, by.replica, op, by.stamp().millis)


class Replicas(RuleBasedStateMachine):
    """Three to five, each with a store of its own, and a network that can be made bad."""

    kinds: ClassVar[Any] = TYPES

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop(seed=SEED)
        self.folder = TemporaryDirectory()
        self.fleet: Any = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """One step to its end, in virtual time."""
        return self.loop.run_until_complete(work)

    @initialize(data=st.data(), count=st.integers(3, 5), tidy=st.sampled_from([0.7, 60.0]))
    def begin(self, data: st.DataObject, count: int, tidy: float) -> None:
        """All are there, and nothing is wrong."""
        kind = data.draw(st.sampled_from(self.kinds))
        self.names = NAMES[:count]
        self.around = fleet(kind, self.names, Path(self.folder.name), seed=SEED, tidy=tidy)
        self.fleet = self.run(self.around.__aenter__())

    @property
    def f(self) -> Fleet:
        """The replicas."""
        found: Fleet = self.fleet
        return found

    def one(self, name: str) -> str:
        """Of those there are."""
        return self.names[NAMES.index(name) % len(self.names)]

    @rule(
        loss=st.sampled_from([0.0, 0.3, 0.9]),
        twice=st.sampled_from([0.0, 0.3]),
        slowest=st.sampled_from([0.001, 1.5]),
    )
    def worsen(self, loss: float, twice: float, slowest: float) -> None:
        """Frames are lost, come twice, or late and out of order."""
        self.f.net.loss, self.f.net.twice, self.f.net.slowest = loss, twice, slowest

    @rule(left=st.sets(names))
    def part(self, left: set[str]) -> None:
        """Some are cut off from the others."""
        self.f.net.groups = [left & set(self.names), set(self.names) - left]

    @rule()
    def mend(self) -> None:
        """The network is well."""
        self.f.net.heal()

    @rule(name=names)
    def begin_anew(self, name: str) -> None:
        """One is killed, and started from its disk."""

        async def killed(name: str) -> None:
            await self.f.kill(name)
            await self.f.start(name)

        self.run(killed(self.one(name)))

    @rule(seconds=seconds)
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.run(asyncio.sleep(seconds))

    async def healed(self) -> None:
        """Two seconds later all know and show the same."""
        self.f.net.heal()
        self.f.net.slowest = 0.05
        await asyncio.sleep(2.0)
        values = await self.f.values()
        assert [shown(value) for value in values] == [shown(values[0])] * len(self.names)
        assert len({value.context for value in values}) == 1
        assert not any([(await self.f.status(name)).counts.diverged for name in self.names])

    def teardown(self) -> None:
        """After whatever happened."""
        try:
            if self.fleet is not None:
                try:
                    self.run(self.healed())
                finally:
                    self.run(self.around.__aexit__(None, None, None))
        finally:
            self.loop.close()
            self.folder.cleanup()


class OfAnyType(Replicas):
    """Whatever is written, at most what may be."""

    @rule(name=names, op=ops)
    def write(self, name: str, op: Op) -> None:
        """One changes the value; it may be that this has no rights to."""
        try:
            self.run(self.f.change(self.one(name), edit, op))
        except Refusal:
            return

    async def healed(self) -> None:
        """Nor has anybody spent what nobody had."""
        await super().healed()
        value = await self.f.value("a")
        assert not isinstance(value, Escrow) or value.used <= value.granted


class OfASet(Replicas):
    """What was acknowledged is there in the end, and what was taken out is not."""

    kinds = (AWSet,)

    def __init__(self) -> None:
        super().__init__()
        self.count, self.there = 0, set[int]()

    @rule(name=names)
    def put_in(self, name: str) -> None:
        """Something new."""
        self.run(self.f.change(self.one(name), add, self.count))
        self.there.add(self.count)
        self.count += 1

    @precondition(lambda self: self.there)
    @rule(name=names, data=st.data())
    def take_out(self, name: str, data: st.DataObject) -> None:
        """Something that this one knows."""
        gone = data.draw(st.sampled_from(sorted(self.there)))
        if gone in self.run(self.f.value(self.one(name))):
            self.run(self.f.change(self.one(name), remove, gone))
            self.there.discard(gone)

    async def healed(self) -> None:
        """Everywhere, and on the disk of one that is alone."""
        await super().healed()
        for value in await self.f.values():
            assert set(value) == self.there
        for name in self.names:
            await self.f.kill(name)
        await self.f.start("a")
        assert set(await self.f.value("a")) == self.there


OfAnyType.TestCase.settings = settings(
    max_examples=soak(50, 1500), stateful_step_count=soak(25, 60), deadline=None
)
OfASet.TestCase.settings = settings(
    max_examples=soak(40, 1000), stateful_step_count=soak(30, 60), deadline=None
)
TestOfAnyType = OfAnyType.TestCase
TestOfASet = OfASet.TestCase
