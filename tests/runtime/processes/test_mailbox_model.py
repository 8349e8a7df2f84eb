"""Whatever is sent by whom and whoever dies: one agent's mailbox is first in, first out (decision 4)."""

import asyncio
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic import Agent, Down, Exit, Kill, Killed, NoProc, Normal, Reason, Ref, System
from tests.runtime.processes.agents import Puppet, Upset, settled
from tests.runtime.processes.fifo import RESUME, SUSPEND, Fifo
from tests.support import soak

PEERS = 4
WAITS = st.sampled_from([None, 0.0, 0.3])  # how long handlers of the receiver wait; None: they are sync
PEER = st.integers(0, PEERS - 1)
ACTIONS = st.one_of(
    st.tuples(st.just("cast"), PEER, st.integers(1, 3)),
    st.tuples(st.just("cast"), PEER, st.just(70)),  # more than a turn
    st.tuples(st.just("send"), PEER),
    st.tuples(st.just("call"), PEER),
    st.tuples(st.just("outside")),
    st.tuples(st.just("timer"), st.integers(0, 3)),
    st.tuples(st.just("signal"), PEER),
    st.tuples(st.just("crash"), PEER),
    st.tuples(st.just("stop"), PEER),
    st.tuples(st.just("kill"), PEER),
    st.tuples(st.just("link"), PEER),
    st.tuples(st.just("monitor"), PEER),
    st.tuples(st.just("unlink"), PEER, st.booleans()),
    st.tuples(st.just("demonitor"), PEER, st.booleans()),
    st.tuples(st.just("regret"), PEER, st.booleans(), st.booleans()),
    st.tuples(st.just("system")),
    st.tuples(st.just("toggle")),
    st.tuples(st.just("pause")),
)


class Receiver(Agent):
    """Reports to the model what it handles, and waits a little if it is told to."""

    trap_exit = True

    def __init__(self, world: "World", wait: float | None) -> None:
        self.world, self.wait = world, wait

    def take(self, entry: Any) -> Any:
        self.world.fifo.handles(entry)
        return self._rest(entry)

    def act(self, entry: Any, what: Any) -> Any:
        self.world.fifo.handles(entry)
        what(self)
        return self._rest(entry)

    def receive(self, message: Any) -> Any:
        if isinstance(message, Exit | Down):
            message = self.world.entry_of(message)
        return self.take(message)

    def _rest(self, value: Any) -> Any:
        return value if self.wait is None else self._waits(value)

    async def _waits(self, value: Any) -> Any:
        await asyncio.sleep(self.wait)  # type: ignore[arg-type]
        return value


class World:
    """The receiver, its peers, and what the model must know: who is linked and monitored, and who has died."""

    def __init__(self, system: System) -> None:
        self.system, self.numbers = system, count()
        self.fifo = Fifo(lambda: self.receiver.inspect().info().status == "suspended")
        self.receiver: Ref[Receiver] = None  # type: ignore[assignment]
        self.peers: list[Any] = []
        self.links: set[Any] = set()
        self.monitors: dict[Any, Any] = {}  # token -> peer
        self.replies: list[tuple[Any, Any]] = []
        self.tasks: list[Any] = []
        self.last_due = 0.0

    def entry(self, kind: str) -> Any:
        return (kind, next(self.numbers))

    def entry_of(self, message: Any) -> Any:
        """What the model calls a `Down` or an `Exit`."""
        key = message.token if isinstance(message, Down) else message.ref
        return (type(message).__name__, key, message.reason)

    def dies(self, peer: Any, reason: Reason) -> None:
        """Peer is about to end, in this very step: its news arrives."""
        if peer in self.links:
            self.links.discard(peer)
            self.fifo.arrives(("Exit", peer, reason))
        for token, of in list(self.monitors.items()):
            if of is peer:
                del self.monitors[token]
                self.fifo.arrives(("Down", token, reason))

    # What peers do, inside themselves.

    async def by(self, peer: Any, work: Any) -> None:
        if self.system.alive(peer):
            peer.cast(Puppet.do, work)
            if next(self.numbers) % 2:
                await asyncio.sleep(0)

    async def cast(self, peer: int, times: int) -> None:
        def work(me: Any) -> None:
            for _ in range(times):
                entry = self.entry("cast")
                self.fifo.arrives(entry)
                self.receiver.cast(Receiver.take, entry)

        await self.by(self.peers[peer], work)

    async def send(self, peer: int) -> None:
        def work(me: Any) -> None:
            entry = self.entry("send")
            self.fifo.arrives(entry)
            self.receiver.send(entry)

        await self.by(self.peers[peer], work)

    async def call(self, peer: int) -> None:
        async def work(me: Any) -> None:
            entry = self.entry("call")
            self.fifo.arrives(entry)
            self.replies.append((entry, self.receiver.within(None).request(Receiver.take, entry)))

        await self.by(self.peers[peer], work)

    async def outside(self) -> None:
        entry = self.entry("cast")
        self.fifo.arrives(entry)
        self.receiver.cast(Receiver.take, entry)

    async def timer(self, steps: int) -> None:
        """A timer, and beside it a note to the model at the same instant, which no other event shares."""
        loop, entry = asyncio.get_running_loop(), self.entry("timer")
        self.last_due = max(self.last_due, loop.time()) + 0.0137 + steps * 0.1001
        loop.call_at(self.last_due, self.fifo.arrives, entry)
        self.receiver.after(self.last_due - loop.time()).cast(Receiver.take, entry)

    async def signal(self, peer: int) -> None:
        def work(me: Any) -> None:
            reason = Upset(str(next(self.numbers)))
            self.fifo.arrives(("Exit", me.ref, reason))
            me.exit(self.receiver, reason)

        await self.by(self.peers[peer], work)

    async def crash(self, peer: int) -> None:
        await self.ends(peer, Upset("crash"), lambda me, reason: me.exit(me.ref, reason))

    async def stop(self, peer: int) -> None:
        def work(me: Any, reason: Any) -> None:
            self.receiver.send(last)
            me.stop(reason)

        last = self.entry("send")
        await self.ends(peer, Normal(), work, last)

    async def ends(self, peer: int, reason: Reason, end: Any, last: Any = None) -> None:
        def work(me: Any) -> None:
            if last is not None:
                self.fifo.arrives(last)
            self.dies(me.ref, reason)
            end(me, reason)

        await self.by(self.peers[peer], work)
        await self.replace(peer)

    async def kill(self, peer: int) -> None:
        if self.system.alive(self.peers[peer]):
            self.dies(self.peers[peer], Killed())
            self.peers[peer].exit(Kill())
        await self.replace(peer)

    async def replace(self, peer: int) -> None:
        """Now and then a new peer takes the place of one that ends."""
        if next(self.numbers) % 2:
            self.peers[peer] = self.system.spawn(Puppet)

    # What the receiver does, as a message of its own.

    def told(self, what: Any) -> None:
        entry = self.entry("act")
        self.fifo.arrives(entry)
        self.receiver.cast(Receiver.act, entry, what)

    async def link(self, peer: int) -> None:
        def what(me: Any) -> None:
            if self.system.alive(ref):
                self.links.add(ref)
            else:
                self.fifo.arrives(("Exit", ref, NoProc()))
            me.link(ref)

        ref = self.peers[peer]
        self.told(what)

    async def monitor(self, peer: int) -> None:
        def what(me: Any) -> None:
            alive = self.system.alive(ref)
            token = me.monitor(ref)
            if alive:
                self.monitors[token] = ref
            else:
                self.fifo.arrives(("Down", token, NoProc()))

        ref = self.peers[peer]
        self.told(what)

    async def unlink(self, peer: int, flush: bool) -> None:
        ref = self.peers[peer]
        self.told(lambda me: self.unlinked(me, ref, flush))

    async def demonitor(self, peer: int, flush: bool) -> None:
        ref = self.peers[peer]

        def what(me: Any) -> None:
            token = next((t for t, of in self.monitors.items() if of is ref), None)
            if token is not None:
                self.demonitored(me, token, flush)

        self.told(what)

    async def regret(self, peer: int, linked: bool, flush: bool) -> None:
        """The receiver watches a peer, which dies, and then does not want to know any more."""
        ref = self.peers[peer]

        def what(me: Any) -> None:
            if not self.system.alive(ref):
                return
            if linked:
                me.link(ref)
                self.links.add(ref)
                self.told(lambda me: self.unlinked(me, ref, flush))
            else:
                token = me.monitor(ref)
                self.monitors[token] = ref
                self.told(lambda me: self.demonitored(me, token, flush))
            self.dies(ref, Killed())
            ref.exit(Kill())

        self.told(what)
        await self.replace(peer)

    def unlinked(self, me: Any, ref: Any, flush: bool) -> None:
        self.links.discard(ref)
        me.unlink(ref, flush=flush)
        if flush:
            self.fifo.withdraws(lambda entry: entry[:2] == ("Exit", ref))

    def demonitored(self, me: Any, token: Any, flush: bool) -> None:
        active = self.monitors.pop(token, None) is not None
        assert me.demonitor(token, flush=flush) is active
        if flush:
            self.fifo.withdraws(lambda entry: entry[:2] == ("Down", token))

    # System requests.

    async def system_request(self) -> None:
        entry = self.entry("system")

        def change(state: dict[str, Any]) -> dict[str, Any]:
            self.fifo.handles(entry)
            return state

        async def ask() -> None:
            self.fifo.arrives(entry)
            await self.receiver.inspect().within(1e6).replace_state(change)

        self.tasks.append(asyncio.create_task(ask()))

    async def toggle(self) -> None:
        """Suspend or resume, and wait until it is so."""
        self.fifo._catch_up()
        port = self.receiver.inspect().within(1e6)
        self.fifo.arrives((RESUME if self.fifo.suspended else SUSPEND,))
        await (port.resume() if self.fifo.suspended else port.suspend())

    async def finish(self) -> None:
        """Let everything come to rest, and compare what is left: nothing."""
        if self.receiver.inspect().info().status == "suspended":
            await self.toggle()
        while self.receiver.inspect().info().length or self.fifo.lane:
            length = self.receiver.inspect().info().length, len(self.fifo.lane)
            await asyncio.sleep(100)
            now = self.receiver.inspect().info().length, len(self.fifo.lane)
            assert now != length, f"expected these to be handled: {self.fifo.lane}"
        await asyncio.gather(*self.tasks)
        for entry, reply in self.replies:
            assert await reply == entry
        assert self.system.alive(self.receiver)
        assert self.receiver.inspect().info().reductions >= self.fifo.handled


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "own task"])
@settings(max_examples=soak(50, 1000))
@given(actions=st.lists(ACTIONS, max_size=60), wait=WAITS)
async def test_nothing_in_the_message_lane_overtakes_anything_in_it(
    inline: bool, actions: list[Any], wait: float | None
) -> None:
    async with System(inline=inline) as system:
        world = World(system)
        world.receiver = await system.start(Receiver, world, wait)
        world.peers = [await system.start(Puppet) for _ in range(PEERS)]
        for kind, *arguments in actions:
            if kind == "pause":
                await settled()
            else:
                await getattr(world, "system_request" if kind == "system" else kind)(*arguments)
        await settled()
        await world.finish()
