"""Calls, casts and sends: the same on one node and on two."""

import asyncio
from typing import Any

import pytest

from cybernetic import (
    BadCall,
    CallFailed,
    CallTimeout,
    CannotTravel,
    Crash,
    MailboxFull,
    NoProc,
    Refusal,
)
from tests.nodes.bodies.acts import both_ways, cast, seen, until
from tests.nodes.bodies.cast import Actor, Base, Box, Closed, Fated, Narrow, Private, SoldOut, Upset
from tests.nodes.stage import ONE, TWO, apart, everywhere, stage

VALUES = [
    None,
    True,
    -1,
    2**64,
    -(2**70),
    1.5,
    float("inf"),
    "é\x00",
    b"\x00\xff",
    (),
    (1, (2,)),
    [1, [2]],
    {"a": {1: b"x"}},
    {1, 2},
    frozenset({"x"}),
    Box([Upset("u"), Box(None)]),
    Upset("y"),
    Crash("ValueError", "text", "trace"),
]


@everywhere
async def test_every_kind_of_method_can_be_called(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        assert await far.call(Actor.echo, 1, two=2, three=[3]) == ((1,), {"two": 2, "three": [3]})
        assert await far.call(Base.greet) == "hello you"
        assert await far.call(Base.greet, name="all") == "hello all"
        assert await far.call(Base.kind) == "actor"
        assert await far.call(Actor.slow, 0.1, "done") == "done"
        waiting = far.request(Actor.put_off)
        await far.call(Actor.make_up, {"late": True})
        assert await waiting == {"late": True}


@everywhere
async def test_a_call_is_answered_later_by_a_failure_too(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        waiting = far.request(Actor.put_off)
        far.cast(Actor.break_off, "in the end")
        with pytest.raises(CallFailed) as failed:
            await waiting
        assert failed.value.reason == Crash("ValueError", "in the end")
        assert await far.call(Actor.kind) == "actor"


@everywhere
@both_ways
async def test_values_of_every_kind_come_back_as_they_were(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await cast(s, way, Actor)
        for value in VALUES:
            (back,), rest = await one.call(Actor.ask, other, value)
            assert (back, type(back), rest) == (value, type(value), {})


@everywhere
async def test_requests_run_beside_each_other_and_are_answered_once(where: str) -> None:
    async with stage(where) as s:
        actors = [await s.spawn(Actor) for _ in range(5)]
        requests = [actor.request(Actor.slow, 0.2, n) for n, actor in enumerate(actors)]
        before = asyncio.get_running_loop().time()
        assert await asyncio.gather(*requests) == [0, 1, 2, 3, 4]
        assert asyncio.get_running_loop().time() - before < 0.9 + s.slack


@everywhere
@both_ways
async def test_an_answer_that_comes_too_late_reaches_nobody(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await cast(s, way, Actor)
        assert await one.call(Actor.abandon_call, other) == "CallTimeout"
        assert await one.call(Actor.ask, other, 1) == ((1,), {})
        assert await one.call(Actor.seen) == []
        with pytest.raises(CallTimeout):
            await other.within(0.1).call(Actor.slow, 0.3)
        assert await other.within(None).call(Actor.slow, 0.1, "patient") == "patient"


@everywhere
async def test_what_cannot_be_called_is_the_callers_fault(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        greet: Any = Base.greet
        with pytest.raises(BadCall):
            await far.call(Actor._hidden)
        with pytest.raises(BadCall):
            await far.call(lambda me: None)
        with pytest.raises(BadCall):
            await far.call(Narrow.mailbox_limit)  # type: ignore[call-overload]
        with pytest.raises(BadCall, match="greet"):
            await far.call(greet, 1, 2, 3)
        with pytest.raises(BadCall, match="nonsense"):
            await far.call(greet, nonsense=1)
        far.cast(greet, 1, 2, 3)  # logged and counted; it lives
        assert await far.call(Base.greet) == "hello you"


@everywhere
async def test_refusals_are_answers(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        with pytest.raises(SoldOut, match=r"^none left$"):
            await far.call(Actor.refuse, "none left")
        kind: Any = Closed if where == ONE else Refusal
        with pytest.raises(kind, match="shut") as refused:
            await far.call(Actor.refuse_quietly, "shut")
        if where != ONE:
            assert type(refused.value) is Refusal
            assert "Closed" in str(refused.value)
        far.cast(Actor.refuse, "nobody hears")
        assert await far.call(Base.greet) == "hello you"


@everywhere
async def test_a_crash_fails_the_call_and_those_that_wait_behind_it(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        calls = [far.request(Actor.slow, 0.1), far.request(Actor.boom, "no"), far.request(Actor.seen)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert results[0] is None
        for failed in results[1:]:
            assert isinstance(failed, CallFailed)
            assert failed.reason == Crash("ValueError", "no")
        with pytest.raises(CallFailed) as later:
            await far.call(Actor.seen)
        assert later.value.reason == NoProc()


@everywhere
async def test_a_reason_that_cannot_travel_arrives_in_words(where: str) -> None:
    async with stage(where) as s:
        near, far = await s.here(Actor, True), await s.spawn(Fated)
        await near.call(Actor.watch, far)
        far.cast(Fated.end)
        (down,) = await seen(near, 1)
        assert down.reason in (Private("sealed"), Crash("Private", str(Private("sealed"))))


@everywhere
@both_ways
async def test_the_sender_is_known_and_can_be_answered(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await cast(s, way, Actor)
        assert await one.call(Actor.ask_who, other) == one
        assert await other.call(Actor.who_asks) is None


@everywhere
@both_ways
async def test_an_agent_that_calls_itself_is_told_so(where: str, way: str) -> None:
    async with stage(where) as s:
        one, _ = await cast(s, way, Actor, name="itself")
        await s.calm()
        for address in (one, one.within(1.0), s.system.named("itself", Actor)):
            assert await one.call(Actor.ask_oneself, address) == "CallingSelf"


@apart
async def test_with_checked_transfer_values_are_copies_here_and_far(where: str) -> None:
    async with stage(where, check_transfer=True) as s:
        near, far, other = await s.here(Actor), await s.spawn(Actor), await s.here(Actor)
        for ref in (far, other):
            assert (await near.call(Actor.ask, ref, [1]))[0] == ([1],)
            with pytest.raises(CannotTravel):
                ref.cast(Actor.note, object())
        assert await far.call(Actor.ask_who, near) == far


@everywhere
@both_ways
async def test_one_sender_is_heard_in_order(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await cast(s, way, Actor)
        await one.call(Actor.mix, other, 100)
        expected: list[Any] = []
        for n in range(100):
            expected += [n, -n, *([f"call {n}"] if n % 7 == 0 else [])]
        assert await other.call(Actor.seen) == expected


@everywhere
@both_ways
async def test_what_was_said_before_an_end_comes_before_its_down(where: str, way: str) -> None:
    async with stage(where) as s:
        watcher, speaker = await cast(s, way, Actor, True)
        await watcher.call(Actor.watch, speaker)
        await watcher.call(Actor.tie, speaker)
        speaker.cast(Actor.last_words, watcher, 50)
        got = await seen(watcher, 102)
        assert got[:100] == [each for n in range(50) for each in (n, str(n))]
        assert {type(m).__name__ for m in got[100:]} == {"Down", "Exit"}
        assert {m.reason for m in got[100:]} == {Crash("ValueError", "on purpose")}


@everywhere
async def test_a_full_mailbox_fails_the_call_and_drops_the_cast(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Narrow)
        busy = far.within(None).request(Actor.hold_until_dropped, 4)
        await s.calm()
        for n in range(5):
            far.cast(Actor.note, n)
        with pytest.raises(MailboxFull):
            await far.call(Actor.seen)
        await busy
        await s.calm()
        assert await far.call(Actor.seen) == [0, 1]


@everywhere
async def test_addresses_of_every_kind_travel(where: str) -> None:
    async with stage(where) as s:
        near, far, third = await s.here(Actor), await s.spawn(Actor), await s.here(Actor, name="third")
        for address in (third, s.system.named("third", Actor), third.within(2.0), far, far.within(None)):
            await near.call(Actor.boxes, far, address)
        await s.calm()
        (ref, named, within, itself, _) = [box.inside[0] for box in await far.call(Actor.seen)]
        assert ref == third
        assert named == s.system.named("third", Actor)
        assert itself == far
        assert await within.call(Actor.kind) == "actor"
        await near.call(Actor.boxes, far, s.system.named("third", Actor))
        await s.calm()
        assert await far.call(Actor.use, "via a name") == (("via a name",), {})


@everywhere
@both_ways
async def test_timers_reach_across_until_they_are_cancelled(where: str, way: str) -> None:
    async with stage(where) as s:
        one, other = await cast(s, way, Actor)
        await one.call(Actor.remind, other, 0.2)
        await one.call(Actor.alarm, other, 0.3)

        async def twice() -> bool:
            return (await other.call(Actor.seen)).count("tick") >= 2

        await until(twice)
        await asyncio.sleep(0.15)
        assert await one.call(Actor.calm)
        await s.calm()
        got = await other.call(Actor.seen)
        assert got[0] == "due"
        assert set(got[1:]) == {"tick"}
        assert len(got) == 3 or s.real
        await asyncio.sleep(0.5)
        assert await other.call(Actor.seen) == got


@apart
async def test_an_answer_that_cannot_travel_fails_the_call_alone(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        with pytest.raises(CallFailed) as failed:
            await far.call(Actor.stray)
        assert isinstance(failed.value.reason, Crash)
        assert failed.value.reason.type == "CannotTravel"
        assert "answer" in failed.value.reason.text
        assert await far.call(Base.greet) == "hello you"


@apart
async def test_the_part_that_cannot_travel_is_named(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        with pytest.raises(CannotTravel, match=r"arguments\[1\]\.inside\[0\]"):
            far.cast(Actor.echo, 1, Box([object()]))
        with pytest.raises(CannotTravel, match=r"keywords\['a'\]"):
            await far.call(Actor.echo, a=object())
        with pytest.raises(CannotTravel, match=r"reason"):
            far.exit(Upset(object()))  # type: ignore[arg-type]
        assert await far.call(Actor.seen) == []


@everywhere
async def test_a_call_that_takes_too_long_names_what_its_target_waits_for(where: str) -> None:
    async with stage(where) as s:
        far = await s.spawn(Actor)
        request = far.within(None).request(Actor.hold_until_behind, 1000)
        await s.calm()

        async def named() -> bool:  # by a machine that is in time to ask
            with pytest.raises(CallTimeout) as late:
                await far.within(0.2).call(Actor.seen)
            return "; it was in Actor.hold_until_behind, waiting for" in str(late.value)

        assert await named() or s.real
        await until(named)
        for n in range(1000):
            far.cast(Actor.note, n)
        assert await request is None


async def test_a_node_that_does_not_say_what_its_agent_waits_for_delays_nothing() -> None:
    async with stage(TWO) as s:
        far = await s.spawn(Actor)
        s.part()
        clock = asyncio.get_running_loop().time
        begin = clock()
        with pytest.raises(CallTimeout, match=r"within 0\.2 s$"):
            await far.within(0.2).call(Actor.seen)
        assert clock() - begin < 0.3
        s.part(False)
        assert await far.call(Actor.seen) == []
