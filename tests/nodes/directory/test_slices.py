"""Nodes with very many names are greeted, told and lost in slices: the keys handled in each turn are counted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cybernetic import attach
from cybernetic.nodes import NodeJoined, NodeLost
from cybernetic.nodes.directory import directory as decisions
from cybernetic.nodes.directory import form
from cybernetic.nodes.directory.directory import AT_ONCE, Directory
from cybernetic.nodes.remote import peer as peers
from tests.nodes.cluster.mesh import Holder, inside, one
from tests.nodes.directory.stage import Joiner, part, serials, teams, watched

MANY = 8 * AT_ONCE
HEARD = 5 * AT_ONCE  # keys at most that are read at a time


@contextmanager
def handled(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """Counts keys by what is done with them: all of them, and the most in one turn of the loop."""
    done, most = Counter[str](), Counter[str]()
    run = asyncio.Handle._run

    def turn(handle: Any) -> None:
        before = done.copy()
        run(handle)
        for what, many in (done - before).items():
            most[what] = max(most[what], many)

    def counted(of: Any, name: str) -> None:
        real = getattr(of, name)

        def through(*args: Any) -> Any:
            done[name] += 1
            return real(*args)

        patch.setattr(of, name, through)

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", turn)
        counted(form, "_row")
        counted(form, "_place")
        counted(decisions, "key_of")
        counted(peers, "depart")
        yield done, most


async def test_a_node_with_many_names_is_greeted_and_lost_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    async with one("a") as first:
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        with handled(monkeypatch) as (done, most):
            async with one("b", "a") as second:
                directory = inside(second).exchange.directory
                assert len(directory.holders()) == MANY  # who has joined knows all names
                assert min(done["_row"], done["_place"]) == MANY
                await asyncio.sleep(5)
                inside(second).peers["a"].link.abort("for a test")
                await asyncio.sleep(10)
                assert done["key_of"] == MANY  # and it has found the other again
                assert (
                    done["depart"] <= peers.KEPT
                )  # of those that nobody has asked for there are no addresses
                assert part(second, first) == part(first, first)
                assert len(second.names) == MANY
        assert done["_row"] == 2 * MANY
        assert most["key_of"] <= AT_ONCE
        assert max(most["_row"], most["_place"]) <= HEARD


async def test_what_one_lacks_is_told_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(5)
        with watched(first, "b", lose=MANY):
            for n in range(MANY):
                first.spawn(Holder, name=f"n{n}")
            assert second.names == {}
            with handled(monkeypatch) as (done, most):
                await asyncio.sleep(5)
        assert len(second.names) == MANY == done["_place"]
        assert max(most["_row"], most["_place"]) <= HEARD


async def test_the_names_of_a_node_that_is_lost_are_free_at_once_and_it_hears_nothing_before_it_knows_all() -> (
    None
):
    seen: list[int] = []
    async with one("a") as first, one("b", "a") as second:
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")

        async def count() -> int:
            return len(second.names)

        def joined(event: NodeJoined) -> None:
            if event.node == "b":
                peer = inside(first).peers["b"]
                inside(first).task(asked(inside(first).ask(peer, "names")))

        async def asked(answer: Awaitable[int]) -> None:
            seen.append(await answer)

        await asyncio.sleep(5)
        inside(second).answers["names"] = count
        ends = [
            attach(NodeLost, lambda event: event.node == "a" and seen.append(len(second.names))),
            attach(NodeJoined, joined),
        ]
        inside(second).lose(inside(second).peers["a"], "for a test")
        assert seen == [0]
        assert len(inside(second).exchange.directory._claims) == MANY
        await asyncio.sleep(10)
        for end in ends:
            end()
    assert seen == [0, MANY]


async def test_names_taken_in_one_turn_are_heard_of_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(5)
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        with handled(monkeypatch) as (done, most):
            await asyncio.sleep(1)
        assert (done["_place"], len(second.names)) == (MANY, MANY)
        assert most["_place"] <= HEARD


async def test_names_that_wait_to_leave_share_no_long_frames() -> None:
    """A frame is taken in as a whole."""
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(5)
        link = inside(first).peers["b"].link

        async def frames() -> list[tuple[list[bytes], int]]:
            """Those that wait, and how many bytes each has."""
            await asyncio.sleep(0.2)
            found = list(link._sealed)
            link.resume_writing()
            await asyncio.sleep(5)
            assert part(second, first) == part(first, first)
            return found

        link.pause_writing()
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        assert max(size for _, size in await frames()) <= peers.FEW + 200
        link.pause_writing()
        inside(first).exchange.lacks(inside(first).peers["b"], [])
        fifty = [messages for messages, size in await frames() if size > peers.FEW]
        assert len(fifty) >= MANY // AT_ONCE
        assert {len(messages) for messages in fifty} == {1}


async def test_what_is_known_wrongly_of_many_names_counts_until_all_is_told_anew_in_slices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(first)
        await teams.start(second)
        near = second.spawn(Joiner)
        refs = [first.spawn(Joiner, name=f"n{n}") for n in range(MANY)]
        for ref in refs:
            await ref.call(Joiner.join)
        await asyncio.sleep(5)
        exchange, peer = inside(second).exchange, inside(second).peers["a"]
        await near.call(Joiner.watch)
        with handled(monkeypatch) as (done, most):
            version = inside(first).exchange.directory.version
            await exchange._examine(peer, version, b"wrong", part(second, first))
            for _ in range(200):
                await asyncio.sleep(0)
                assert len(exchange.directory.holders()) == MANY
                assert serials(teams.members(second, "g")) == serials(refs)
            await asyncio.sleep(5)
        assert done["_place"] == done["key_of"] == 2 * MANY + 1
        assert most["key_of"] <= AT_ONCE
        assert max(most["_row"], most["_place"]) <= HEARD
        assert part(second, first) == part(first, first)
        assert await near.call(Holder.seen) == []


async def test_names_that_are_taken_while_a_node_is_greeted_are_told_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    before = Directory.learn

    def through(directory: Directory, source: Any, delta: Any) -> Any:
        told.append(delta.store.trie.size)
        return before(directory, source, delta)

    async with one("a") as first, one("b") as second:
        for n in range(MANY):
            first.spawn(Holder, name=f"n{n}")
        monkeypatch.setattr(Directory, "learn", through)
        await inside(second).join(inside(first)._listeners[0].address)
        while "b" not in inside(first).peers:
            await asyncio.sleep(0)
        refs = [first.spawn(Holder, name=f"m{n}") for n in range(MANY)]
        await refs[0].stop()
        await asyncio.sleep(5)
        assert (sum(told), len([keys for keys in told if keys])) == (2 * MANY + 1, 2 * MANY // AT_ONCE + 1)
        assert len(second.names) == 2 * MANY - 1
        assert second.whereis("m0") is None
        assert part(second, first) == part(first, first)
