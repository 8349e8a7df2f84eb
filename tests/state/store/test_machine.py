"""Outbox, inbox, journal and nonces against models, in any order of use, with the store reopened in between."""

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cybernetic.state import Batch, Inbox, Journal, Nonces, NoRoom, Outbox, Store, StoreLimits
from cybernetic.state.store.memory import GRACE
from cybernetic.testing import VirtualTimeLoop
from tests.support import soak

T = TypeVar("T")

LIMIT = 12  # of each part
FEW = st.lists(st.integers(1, 40), max_size=6)
KEYS = st.sampled_from(["a", "b", "c", "d"])
BODIES = st.binary(max_size=20)


class Model:
    """What must be there."""

    def __init__(self) -> None:
        self.waiting: dict[int, bytes] = {}
        self.aside: dict[int, bytes] = {}
        self.last = 0
        self.keys: dict[str, tuple[bytes, float]] = {}
        self.streams: dict[str, list[tuple[int, bytes]]] = {}
        self.ends: dict[str, int] = {}
        self.nonces: dict[str, float] = {}

    def put(self, number: int, body: bytes) -> None:
        assert number > self.last
        self.last = number
        self.waiting[number] = body

    def append(self, stream: str, event: bytes) -> int:
        self.ends[stream] = self.ends.get(stream, 0) + 1
        self.streams.setdefault(stream, []).append((self.ends[stream], event))
        return self.ends[stream]

    def close(self, stream: str) -> bool:
        self.streams.pop(stream, None)
        return self.ends.pop(stream, None) is not None

    @property
    def messages(self) -> int:
        return len(self.waiting) + len(self.aside)

    @property
    def events(self) -> int:
        return sum(map(len, self.streams.values()))


class StoreMachine(RuleBasedStateMachine):
    """A store and its model, on a virtual-time loop of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = VirtualTimeLoop()
        self.model = Model()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def open(self) -> None:
        self.run(self._open())

    async def _open(self) -> None:
        limits = StoreLimits(count=LIMIT)
        self.store = await Store.open(Path(self.folder.name) / "store", synchronous="normal")
        await Outbox.open(self.store, "another")  # so that there are neighbours
        self.outbox = await Outbox.open(self.store, "mine", limits)
        self.inbox = await Inbox.open(self.store, limits)
        self.journal = await Journal.open(self.store, limits)
        self.nonces = await Nonces.open(self.store, limits)

    @rule()
    def reopen(self) -> None:
        now = self.store.now()
        self.run(self.store.close())
        self.run(self._open())
        self.store._since = now - self.loop.time()  # virtual time has gone on, the wall's has not

    @rule(seconds=st.sampled_from([1.0, 100.0, GRACE]))
    def wait(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @rule(bodies=st.lists(BODIES, min_size=1, max_size=5))
    def put(self, bodies: list[bytes]) -> None:
        async def put() -> list[int]:
            futures = []
            for body in bodies:
                if self.outbox.count - self.outbox.aside < LIMIT:
                    futures.append(self.outbox.put("e", "q", body))
                else:
                    try:
                        self.outbox.put("e", "q", body)
                    except NoRoom:
                        continue
                    raise AssertionError("expected that a full outbox refuses")
            return list(await asyncio.gather(*futures))

        room = max(0, LIMIT - len(self.model.waiting))
        for number, body in zip(self.run(put()), bodies[:room], strict=True):
            self.model.put(number, body)

    @rule(numbers=FEW, again=FEW)
    def confirm(self, numbers: list[int], again: list[int]) -> None:
        async def confirm() -> None:
            await asyncio.gather(self.outbox.confirm(numbers), self.outbox.confirm(again))

        self.run(confirm())
        for number in numbers + again:
            self.model.waiting.pop(number, None)

    @rule(number=st.integers(1, 40))
    def fail(self, number: int) -> None:
        there = number in self.model.waiting
        if len(self.model.aside) >= LIMIT:
            with pytest.raises(NoRoom):
                self.run(self.outbox.fail(number, "why"))
            return
        assert self.run(self.outbox.fail(number, "why")) == there
        if there:
            self.model.aside[number] = self.model.waiting.pop(number)

    @rule(number=st.integers(1, 40))
    def restore(self, number: int) -> None:
        there = number in self.model.aside
        new = self.run(self.outbox.restore(number))
        assert (new is not None) == there
        if new is not None:
            self.model.put(new, self.model.aside.pop(number))

    @rule(number=st.integers(1, 40))
    def discard(self, number: int) -> None:
        there = self.model.aside.pop(number, None) is not None
        assert self.run(self.outbox.discard(number)) == there

    @rule(key=KEYS, bodies=st.lists(BODIES, max_size=3), stream=KEYS, life=st.sampled_from([10.0, 1e6]))
    def commit(self, key: str, bodies: list[bytes], stream: str, life: float) -> None:
        batch = Batch(self.store, outbox=self.outbox, inbox=self.inbox, journal=self.journal)
        until = self.store.now() + life
        fits = not bodies or len(bodies) <= LIMIT - len(self.model.waiting)
        fits = fits and len(bodies) <= LIMIT - self.model.events
        try:
            batch.once(key, b"result of " + key.encode(), until)
            for body in bodies:
                batch.send("e", "q", body)
                batch.note(stream, body)
            done = self.run(self.store.commit(batch))
        except NoRoom:
            assert not fits
            return
        assert fits
        known = self.model.keys.get(key)
        if known is not None and known[1] >= self.store.now() - GRACE:
            assert (done.seen, done.result) == (True, known[0])
        elif done.seen:  # long expired, and not yet swept
            assert known is not None
        else:
            self.model.keys[key] = b"result of " + key.encode(), until
            for number, body in zip(done.numbers, bodies, strict=True):
                self.model.put(number, body)
            assert done.positions == tuple(self.model.append(stream, body) for body in bodies)

    @rule(stream=KEYS, event=BODIES)
    def append(self, stream: str, event: bytes) -> None:
        async def append() -> int:
            return await self.journal.append(stream, event)

        try:
            position = self.run(append())
        except NoRoom:
            assert self.model.events == LIMIT
        else:
            assert position == self.model.append(stream, event)

    @rule(stream=KEYS, before=st.integers(0, 15))
    def trim(self, stream: str, before: int) -> None:
        events = self.model.streams.get(stream, [])
        left = [(position, event) for position, event in events if position >= before]
        assert self.run(self.journal.trim(stream, before)) == len(events) - len(left)
        if events:
            self.model.streams[stream] = left

    @rule(stream=KEYS)
    def close(self, stream: str) -> None:
        assert self.run(self.journal.close(stream)) == self.model.close(stream)

    @rule(nonce=KEYS, life=st.sampled_from([10.0, 1e6]))
    def use(self, nonce: str, life: float) -> None:
        until = self.store.now() + life
        fresh = self.run(self.nonces.fresh(nonce, until))
        known = self.model.nonces.get(nonce)
        if known is None:
            assert fresh
        elif known >= self.store.now() - GRACE:
            assert not fresh
        if fresh:
            self.model.nonces[nonce] = until

    @precondition(lambda self: hasattr(self, "store"))
    @invariant()
    def what_must_be_there_is_there(self) -> None:
        waiting = self.run(self.outbox.take(limit=1000))
        assert [(m.number, m.body) for m in waiting] == sorted(self.model.waiting.items())
        aside = self.run(self.outbox.failed(limit=1000))
        assert [(f.message.number, f.message.body) for f in aside] == sorted(self.model.aside.items())
        assert (self.outbox.count, self.outbox.aside) == (self.model.messages, len(self.model.aside))
        assert self.outbox.size == sum(
            len("eq") + len(body) for body in (*self.model.waiting.values(), *self.model.aside.values())
        )
        streams = self.run(self.journal.streams())
        assert {stream.name: stream.last for stream in streams} == self.model.ends
        for stream in streams:
            events = self.run(self.journal.read(stream.name))
            assert [(noted.position, noted.event) for noted in events] == self.model.streams[stream.name]
        assert self.journal.count == self.model.events

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.run(self.store.close())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


StoreMachine.TestCase.settings = settings(max_examples=soak(12, 300), stateful_step_count=soak(25, 60))
TestStore = StoreMachine.TestCase
