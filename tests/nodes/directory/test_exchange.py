"""The directory between nodes: what is lost is told again, what is the same is left alone, and nothing grows."""

import asyncio
import logging
from collections import Counter
from typing import Any

import pytest

from cybernetic import Registry, attach
from cybernetic.nodes import NameLost
from cybernetic.nodes.directory import directory as decisions
from cybernetic.nodes.remote import ops
from cybernetic.nodes.remote.peer import Peer
from tests.nodes.cluster.mesh import Holder, apart, inside, one
from tests.nodes.directory.stage import Joiner, part, post, serials, teams, watched

book = Registry("book of the exchange")


async def test_what_was_lost_on_the_way_is_told_again_within_two_seconds() -> None:
    async with one("a") as first, one("b", "a") as second:
        await teams.start(second)
        await teams.start(first)
        gone = first.spawn(Holder, name="gone")
        await asyncio.sleep(5)
        with watched(first, "b", lose=3) as told:
            await gone.stop()
            first.spawn(Holder, name="come")
            near = first.spawn(Joiner)
            await near.call(Joiner.join)
            await asyncio.sleep(0.5)
            assert second.whereis("come") is None
            assert teams.members(second, "g") == []
            await asyncio.sleep(1.5)
            assert second.whereis("gone") is None
            assert second.whereis("come") is not None
            assert serials(teams.members(second, "g")) == serials([near])
            assert told["PART"] == 4  # what was lacking came in one
        await asyncio.sleep(3)
        assert part(second, first) == part(first, first)


async def test_who_agrees_is_asked_no_more() -> None:
    async with one("a") as first, one("b", "a") as second:
        first.spawn(Holder, name="x")
        with watched(first, "b") as there, watched(second, "a") as back:
            await asyncio.sleep(60)
            assert (there, back) == ({"COMPARE": 1}, {"AGREED": 1})
            first.spawn(Holder, name="y")
            await asyncio.sleep(60)
            assert (there, back) == ({"COMPARE": 2, "PART": 1}, {"AGREED": 2})


async def test_a_node_that_never_agrees_is_asked_ever_more_seldom() -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(1)
        with watched(second, "a") as told, watched(first, "b") as asked:
            post(second, "a").post = lambda *_: told.update(["lost"])
            first.spawn(Holder, name="x")
            await asyncio.sleep(300)
            assert asked["PART"] == 1
            assert 10 < asked["COMPARE"] < 16
            assert second.whereis("x") is not None


async def test_what_is_otherwise_than_on_its_own_node_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One of several pieces of a whole part is lost: that none is missing is seen by the digest alone."""
    pieces, before = Counter[int](), Peer.post

    def through(peer: Any, message: tuple[Any, ...], *rest: Any) -> None:
        pieces[message[0]] += 1
        if (message[0], pieces[ops.PART]) != (ops.PART, 2):
            before(peer, message, *rest)

    async with one("a") as first:
        await teams.start(first)
        refs = [first.spawn(Joiner, name=f"n{n}") for n in range(600)]
        for ref in refs:
            await ref.call(Joiner.join)
        monkeypatch.setattr(Peer, "post", through)
        async with one("b", "a") as second:
            await teams.start(second)
            assert 0 < len(teams.members(second, "g")) < 600
            with caplog.at_level(logging.WARNING):
                await asyncio.sleep(5)
            assert caplog.text.count("is asked again") == 1
            assert part(second, first) == part(first, first)
            assert all(second.whereis(f"n{n}") is not None for n in range(600))
            assert serials(teams.members(second, "g")) == serials(refs)


async def test_names_and_members_that_come_and_go_leave_nothing_behind() -> None:
    async with one("a") as first, one("b", "a") as second, one("c", "a") as third:
        await teams.start(first)
        await asyncio.sleep(5)
        for n in range(200):
            ref = second.spawn(Joiner, name=f"n{n}")
            await ref.call(Joiner.join, n)
            await ref.stop()
        await asyncio.sleep(5)
        for system in (first, second, third):
            directory = inside(system).exchange.directory
            known = directory.part(inside(second).exchange.directory.me)
            assert known.store.trie.size == 0
            assert [len(runs) for runs in known.context.runs.values()] == [2]
            assert not any((directory._marks, directory._claims, directory._holders, directory._seats))


async def test_what_has_gone_is_remembered_until_every_node_knows_of_it() -> None:
    async with one("a") as first, one("b", "a"), one("c", "a") as third:
        gone = first.spawn(Holder, name="gone")
        await asyncio.sleep(5)
        own = inside(first).exchange.directory
        with watched(first, "b") as told, watched(first, "c", lose=1000):
            await gone.stop()
            await asyncio.sleep(5)
            assert told["PART"] == 1
            assert own.own.store.trie.size == 1
            assert third.whereis("gone") is not None
        await asyncio.sleep(60)
        assert own.own.store.trie.size == 0
        assert third.whereis("gone") is None


async def test_a_node_alone_keeps_nothing_of_what_has_gone() -> None:
    async with one("a") as first:
        for n in range(50):
            await first.spawn(Holder, name=f"n{n}").stop()
        directory = inside(first).exchange.directory
        assert directory.own.store.trie.size == 0
        assert not directory._marks


async def test_a_later_claim_wins_over_an_earlier_that_its_node_knew_of_whatever_the_clocks_say() -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(1)
        clock = inside(second).exchange._clock
        ahead = clock._now
        clock._now = lambda: ahead() + 50  # b's clock is 50 s ahead
        await second.spawn(Holder, name="x").stop()
        await asyncio.sleep(1)
        with apart(first, second):
            await asyncio.sleep(15)
            clock._now = ahead  # and is set right
            earlier = second.spawn(Holder, name="x")
            await asyncio.sleep(1)
            later = first.spawn(Holder, name="x")
        await asyncio.sleep(30)
        assert first.whereis("x") == later
        assert not second.alive(earlier)


async def test_a_clock_far_ahead_is_said_once_and_not_followed(caplog: pytest.LogCaptureFixture) -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(1)
        inside(second).exchange._clock._now = lambda: 1e6
        with caplog.at_level(logging.WARNING):
            for n in range(3):
                second.spawn(Holder, name=f"n{n}")
            await asyncio.sleep(1)
        assert caplog.text.count("the clock of b is ahead") == 1
        assert first.whereis("n2") is not None
        assert inside(first).exchange.stamp().millis < 60_000


async def test_a_name_that_something_of_this_node_hides_is_seen_again_when_that_has_ended() -> None:
    async with one("a") as first, one("b", "a") as second:
        mine = await book.start(first)
        other = second.spawn(Holder, name=book.name)
        await asyncio.sleep(1)
        assert first.whereis(book.name) == mine
        await mine.stop()
        found: Any = first.whereis(book.name)
        assert (found.node, *serials([found])) == ("b", *serials([other]))


async def test_nothing_is_taken_from_a_node_that_is_lost_already() -> None:
    async with one("a") as first:
        async with one("b", "a") as second:
            await asyncio.sleep(1)
            peer, exchange = post(first, "b"), inside(second).exchange
            exchange.directory.claim("x", exchange.stamp(), 1, "m:C")
            data = inside(second).codec.encode(exchange.directory.own)
        await asyncio.sleep(1)
        inside(first).exchange.told(peer, data)
        directory = inside(first).exchange.directory
        assert directory.sources == [directory.me]
        assert first.whereis("x") is None


async def test_a_name_that_is_lost_at_once_goes_on_leading_to_who_holds_it() -> None:
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(1)
        inside(second).exchange._clock._now = lambda: 1e6  # its claims win for a long time
        winner = second.spawn(Holder, name="x")
        await asyncio.sleep(1)
        loser: Any = first.spawn(Holder)
        inside(first).exchange.names["x"] = loser
        found: Any = first.whereis("x")
        assert (found.node, *serials([found])) == ("b", *serials([winner]))
        await first.wait(loser)
        await asyncio.sleep(1)
        assert second.whereis("x") == winner
        assert inside(first).exchange.names._own == {}


async def test_digests_are_compared_of_what_had_been_told_however_long_they_take(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with one("a") as first, one("b", "a") as second:
        exchange, made = inside(first).exchange, inside(first).exchange._digest

        async def slowly(part: Any) -> bytes:
            await asyncio.sleep(0.3)
            return bytes(await made(part))

        monkeypatch.setattr(exchange, "_digest", slowly)
        with caplog.at_level(logging.WARNING), watched(first, "b") as told:
            for n in range(40):
                first.spawn(Holder, name=f"n{n}")
                await asyncio.sleep(0.25)
            assert told["COMPARE"] == 7
            assert exchange.directory.version - min(exchange._agreed.values()) < 8
            await asyncio.sleep(5)
        assert "is asked again" not in caplog.text
        assert part(second, first) == part(first, first)


async def test_what_is_too_large_for_one_message_is_told_in_several() -> None:
    async with one("a") as first:
        for letter in "xy":
            first.spawn(Holder, name=letter * (9 << 20))
        async with one("b", "a") as second:
            await asyncio.sleep(3)
            assert all(second.whereis(letter * (9 << 20)) is not None for letter in "xy")
            assert set(inside(first).exchange._agreed.values()) == {2}


async def test_what_a_node_never_says_it_knows_is_not_kept_for_it_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(decisions, "MOST_MARKS", 20)
    async with one("a") as first, one("b", "a") as second:
        stays = [first.spawn(Holder, name=f"n{n}") for n in range(50)]
        await asyncio.sleep(5)
        with watched(first, "b", lose=1000):
            for ref in stays[:40]:
                await ref.stop()
            await asyncio.sleep(5)
            assert inside(first).exchange.directory.own.store.trie.size <= 31
            assert second.whereis("n0") is not None
        with caplog.at_level(logging.WARNING):
            await asyncio.sleep(60)
        assert "is asked again" in caplog.text
        assert part(second, first) == part(first, first)
        assert [second.whereis(f"n{n}") is not None for n in range(50)] == [False] * 40 + [True] * 10


async def test_a_node_that_takes_leave_compares_no_more() -> None:
    async with one("a") as first, one("b", "a"):
        await asyncio.sleep(5)
        leave = asyncio.ensure_future(inside(first).leave())
        await asyncio.sleep(0)
        assert inside(first).linked() != []
        first.spawn(Holder, name="late")
        await leave
        comparing = inside(first).exchange._comparing
        assert comparing is None or comparing.done()


async def test_two_that_are_linked_and_both_lose_their_names_are_both_told_of() -> None:
    lost: list[Any] = []
    end = attach(NameLost, lost.append)
    async with one("a") as first, one("b", "a") as second:
        await asyncio.sleep(1)
        with apart(first, second):
            await asyncio.sleep(15)
            here = [first.spawn(Joiner, name=name) for name in "xyz"]
            for ref in here:
                await ref.call(Joiner.tie, here)
            await asyncio.sleep(1)
            there = [second.spawn(Holder, name=name) for name in "xyz"]
        await asyncio.sleep(15)
        assert [first.alive(ref) for ref in here] == [False] * 3
        assert sorted(event.taken for event in lost) == ["x", "y", "z"]
        for system in (first, second):
            assert serials(map(system.whereis, "xyz")) == serials(there)
        assert inside(first).exchange.names._own == {}
        assert part(second, first) == part(first, first)
    end()


async def test_whoever_claims_to_know_what_has_not_happened_is_asked_all_the_same() -> None:
    async with one("a") as first, one("b", "a") as second:
        first.spawn(Holder, name="x")
        await asyncio.sleep(5)
        post(second, "a").post((ops.AGREED, 10**9))
        await asyncio.sleep(1)
        with watched(first, "b") as told:
            first.spawn(Holder, name="y")
            await asyncio.sleep(5)
            assert told["COMPARE"] == 1
