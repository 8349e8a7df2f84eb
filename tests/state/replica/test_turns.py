"""No turn of the loop is long: what is large is told, and let go of, in steps. They are counted, not timed."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from cybernetic.crdt import LWW, AWMap, AWSet, Context, Digests, Leaf, Stamp, held
from cybernetic.crdt import context as contexts
from cybernetic.state import Replica
from cybernetic.state.replica.diff import difference
from cybernetic.state.replica.exchange import Exchange
from cybernetic.state.replica.frames import Frames, News
from cybernetic.state.replica.letting import Letting
from tests.state.replica.fleet import Fleet, add, fleet, remove

MANY, SOME = 4000, 1500  # elements there are, and leaves let go of in one turn at most


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Counts leaves as they are freed: "all", and the "most" in one turn of the loop."""
    gc.collect()  # what other tests have left
    counts = {"all": 0, "most": 0}
    run = asyncio.Handle._run

    def freed(_: Any) -> None:
        counts["all"] += 1

    def turn(handle: Any) -> Any:
        before = counts["all"]
        run(handle)
        counts["most"] = max(counts["most"], counts["all"] - before)

    with monkeypatch.context() as patch:
        patch.setattr(Leaf, "__del__", freed, raising=False)
        patch.setattr(asyncio.Handle, "_run", turn)
        yield counts


async def test_a_value_that_nobody_needs_goes_in_steps_and_what_others_hold_is_not_gone_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    value = AWSet[int]()
    value = value.join(value.add("a", *range(MANY)))
    later = value.join(value.add("a", 1))
    looked: list[Any] = []

    def noted(part: Any) -> Any:
        looked.append(1)
        return held(part)

    monkeypatch.setattr("cybernetic.state.replica.letting.held", noted)
    with counted(monkeypatch) as counts:
        letting = Letting()
        letting.drop(value)
        del value
        await asyncio.sleep(1)
        assert counts["all"] == 1
        assert len(looked) < 10
        letting.drop(later)
        del later
        await asyncio.sleep(1)
    assert counts["all"] == MANY + 1
    assert counts["most"] <= SOME


async def _killed(f: Fleet) -> None:
    await f.kill("a")


async def _forgotten(f: Fleet) -> None:
    for first in range(0, MANY, 100):
        await f.change("a", remove, *range(first, first + 100))


async def _replaced_meanwhile(f: Fleet) -> None:
    """All is replaced while the whole of it is sent to another, and written as a snapshot."""
    await f.start("b")
    await asyncio.sleep(0.1)
    for first in range(0, MANY, 100):
        await f.change("a", add, *range(first, first + 100))


@pytest.mark.parametrize("ends", [_killed, _forgotten, _replaced_meanwhile])
async def test_what_a_replica_held_goes_in_steps(
    ends: Callable[[Fleet], Awaitable[None]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with fleet(AWSet, "a", tmp_path, tidy=1.0, pulse=0.2) as f:
        await f.change("a", add, *range(MANY))
        await asyncio.sleep(3)
        with counted(monkeypatch) as counts:
            await ends(f)
            await asyncio.sleep(5)
    assert counts["all"] >= MANY
    assert counts["most"] <= SOME


async def _replace(f: Fleet) -> None:
    """Replace all that the replica "a" has."""
    for first in range(0, MANY, 500):
        await f.change("a", add, *range(first, first + 500))


async def _digest(f: Fleet, patch: pytest.MonkeyPatch) -> None:
    steps, replaced = Digests.steps, asyncio.Event()
    until = iter(lambda: replaced.is_set() or None, True)  # a disk takes as long as it takes
    patch.setattr(Digests, "steps", lambda self, value: chain(steps(self, value), until))
    await f.change("a", add, -1)
    digest = asyncio.ensure_future(f.refs["a"]._agent._upkeep.digest())
    await asyncio.sleep(0)
    await _replace(f)
    assert not digest.done()
    replaced.set()
    await digest


async def _snapshot(f: Fleet, patch: pytest.MonkeyPatch) -> None:
    copy = f.refs["a"]._agent._copy
    patch.setattr(copy._archive, "keep", lambda *_, **__: asyncio.sleep(1))
    keeps = asyncio.ensure_future(copy.keep(100))
    await asyncio.sleep(0)
    await _replace(f)
    assert not keeps.done()
    await keeps


async def _stream(f: Fleet, patch: pytest.MonkeyPatch) -> None:
    f.net.spoil = lambda frame: b"" if b"piece" in frame else frame
    await f.start("b")
    await asyncio.sleep(0.2)
    assert (await f.status("a")).peers[0].catching_up
    await _replace(f)
    assert (await f.status("a")).peers[0].catching_up
    await asyncio.sleep(4)


@pytest.mark.parametrize("holds", [_digest, _snapshot, _stream])
async def test_who_held_on_to_a_value_that_is_replaced_meanwhile_lets_go_of_it_in_steps(
    holds: Callable[[Fleet, pytest.MonkeyPatch], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    async with fleet(AWSet, "a", tmp_path) as f:
        await f.change("a", add, *range(MANY))
        await asyncio.sleep(3)
        with counted(monkeypatch) as counts, monkeypatch.context() as patch:
            await holds(f, patch)
            await asyncio.sleep(0.1)
            assert counts["all"] >= MANY
            assert counts["most"] <= SOME


@pytest.mark.parametrize("gone", [100, MANY - 100])
async def test_one_that_learns_the_whole_anew_lets_go_of_what_it_had_in_steps(
    gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(AWSet, "ab", tidy=1.0, gone_unkept=2.0) as f:
        await f.change("a", add, *range(MANY))
        await asyncio.sleep(2)
        f.net.part("a", "b")
        await f.change("a", remove, *range(gone))
        await asyncio.sleep(5)
        f.net.heal()
        with counted(monkeypatch) as counts:
            await asyncio.sleep(5)
            assert (await f.status("b")).counts.rejoined == 1
    assert counts["all"] >= MANY
    assert counts["most"] <= SOME


def _put(value: Any, by: Any, n: int) -> Any:
    """Put an element into a set inside a map."""
    return value.put("all", value.at("all", AWSet).add(by.replica, n))


@pytest.mark.parametrize(("kind", "edit"), [(AWSet, add), (AWMap, _put)])
async def test_many_changes_of_one_moment_are_told_a_frame_a_turn(
    kind: Any, edit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    run, write = asyncio.Handle._run, Frames.write
    sizes: list[int] = []

    def turn(handle: Any) -> None:
        written.clear()
        run(handle)
        sizes.append(len(written))

    def noted(frames: Any, frame: Any) -> bytes:
        if isinstance(frame, News):
            written.append(1)
        return write(frames, frame)

    async with fleet(kind, "ab", leaves=10) as f:
        for n in range(100):
            await f.change("a", edit, n)
        with monkeypatch.context() as patch:
            patch.setattr(Frames, "write", noted)
            patch.setattr(asyncio.Handle, "_run", turn)
            await asyncio.sleep(1)
        assert max(sizes) == 1
        assert sum(sizes) >= 10
        assert (await f.value("b")).context == (await f.value("a")).context


async def test_what_is_known_in_many_pieces_is_put_together_once_for_each_greeting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pieces = AWSet[int]().from_store(None, Context({"w": tuple(range(1, 200, 2))}))
    heard, united = list[int](), list[Any]()
    union, hello = contexts.union, Exchange._hello

    def counted(*bounds: Any) -> Any:
        united.extend([bounds] if min(map(len, bounds)) >= 100 else [])
        return union(*bounds)

    def greeted(*args: Any) -> None:
        before = len(united)
        hello(*args)
        heard.append(len(united) - before)

    async with fleet(AWSet, "ab") as f:
        for ref in f.refs.values():
            ref.cast(Replica.hear, Frames(AWSet, 65_536).write(News(0, pieces)), "x")
        await asyncio.sleep(1)
        with monkeypatch.context() as patch:
            patch.setattr(contexts, "union", counted)
            patch.setattr(Exchange, "_hello", greeted)
            await asyncio.sleep(3)
    assert len(heard) >= 6
    assert max(heard) == 1


async def test_what_each_peer_lacks_is_worked_out_in_a_turn_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, turns = list[int](), list[int]()
    run, minus = asyncio.Handle._run, Context.minus

    def turn(handle: Any) -> None:
        before = len(asked)
        run(handle)
        turns.append(len(asked) - before)

    def counted(self: Context, other: Context) -> Context:
        asked.append(1)
        return minus(self, other)

    async with fleet(AWSet, "abcd", pulse=50.0) as f:
        await f.change("a", add, "one")
        await asyncio.sleep(1)
        with monkeypatch.context() as patch:
            patch.setattr(Context, "minus", counted)
            patch.setattr(asyncio.Handle, "_run", turn)
            status = await f.refs["a"].call(Replica.status)
            await asyncio.sleep(0)
    assert len(status.peers) == len(asked) == 3
    assert max(turns) == 1


async def test_an_end_in_order_tells_what_was_not_told_yet_however_much_a_frame_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written, most = 0, 0
    run, write = asyncio.Handle._run, Frames.write

    def turn(handle: Any) -> None:
        nonlocal most
        before = written
        run(handle)
        most = max(most, written - before)

    def noted(self: Frames, frame: Any) -> bytes:
        nonlocal written
        written += isinstance(frame, News)
        return write(self, frame)

    async with fleet(AWSet, "ab", leaves=10) as f:
        for n in range(100):
            await f.change("a", add, n)
        with monkeypatch.context() as patch:
            patch.setattr(Frames, "write", noted)
            patch.setattr(asyncio.Handle, "_run", turn)
            await f.stop("a")
            await asyncio.sleep(0.05)
        assert set(await f.value("b")) == set(range(100))
    assert written >= 10
    assert most == 1


async def test_all_peers_are_greeted_each_in_a_turn_of_its_own() -> None:
    """What is known in many pieces is long to write, for each peer anew."""
    turns: list[int] = []
    async with fleet(AWSet, "abcd", pulse=5.0) as f:
        await asyncio.sleep(1)
        exchange: Exchange[Any] = f.refs["a"]._agent._exchange
        f.net.frames.clear()
        pulse = exchange.pulse()
        while True:
            before = len(f.net.frames)
            try:
                pulse.send(None)
            except StopIteration:
                break
            turns.append(len(f.net.frames) - before)
    assert turns == [1, 1, 1]


def test_what_subscribers_are_told_of_a_change_is_found_without_a_look_into_what_was_written() -> None:
    """By the names of the writes: to digest both values of each key would cost more than the rest of an edit."""
    looks: list[Any] = []

    class Looks(Digests):
        def __call__(self, slot: Any, store: Any) -> int:
            looks.append(slot)
            return super().__call__(slot, store)

    before = AWMap[int]()
    for n in range(20):
        before = before.join(before.write("a", n, LWW, (Stamp(1, 0, "a"), "first")))
    delta = before.write("b", 7, LWW, (Stamp(2, 0, "b"), "second"))
    after = before.join(delta)
    diff = difference("it", before, after, delta, Looks())
    assert [(key, one.value) for key, one in diff.put] == [(7, "second")]
    assert not difference("it", after, after.join(before), before, Looks())
    concurrent = before.write("c", 7, LWW, (Stamp(1, 0, "c"), "third"))  # does not show, and is there
    (told,) = difference("it", after, after.join(concurrent), concurrent, Looks()).put
    assert told[1].value == "second"
    assert looks == []


def test_what_a_change_within_a_large_map_shows_is_found_by_the_places_that_it_touches() -> None:
    looks: list[Any] = []

    class Looks(Digests):
        def __call__(self, slot: Any, store: Any) -> int:
            looks.append(slot)
            return super().__call__(slot, store)

    def within(value: Any, by: str, at: int, key: Any, write: str) -> Any:
        inner = value.at("all", AWMap)
        return value.put("all", inner.write(by, key, LWW, (Stamp(at, 0, by), write)))

    before = AWMap[Any]()
    for n in range(200):
        before = before.join(within(before, "a", 1, n, "first"))
    delta = within(before, "b", 2, 7, "second")
    after = before.join(delta)
    (told,) = difference("it", before, after, delta, Looks()).put
    assert told[1].at(7, LWW).value == "second"
    assert not difference("it", after, after.join(before), before, Looks())
    removed = after.put("all", after.at("all", AWMap).remove("b", 7))
    assert difference("it", after, after.join(removed), removed, Looks()).put
    assert not difference("it", after.join(removed), after.join(removed).join(delta), delta, Looks())
    assert looks == []
