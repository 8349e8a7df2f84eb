"""A clock far ahead: whose writes are refused is told, sends them less and less, and heals when it is right."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import Refusal, attach
from cybernetic.crdt import Context, redated
from cybernetic.state import LWW, MV, AWMap, AWSet, ClockAhead, Hlc, Stamp
from cybernetic.state.replica.copy import Copy
from cybernetic.state.replica.talk import PATIENCE, Talk
from tests.state.replica.fleet import Fleet, fleet

HOUR = 3600.0


def put(value: Any, by: Any, *keys: Any) -> Any:
    """Write each key into a map, stamped."""
    delta = type(value)()
    for key in keys:
        now = value.join(delta)
        delta = delta.join(
            now.put(key, now.at(key, LWW).set(by.replica, by.stamp(), f"{key} of {by.replica}"))
        )
    return delta


def unstamped(value: Any, by: Any, key: Any) -> Any:
    return value.put(key, value.at(key, MV).set(by.replica, "anything"))


async def there(f: Fleet, name: str) -> set[Any]:
    return {key for key, _ in (await f.value(name)).items()}


async def test_who_is_refused_for_its_clock_is_told_and_by_how_much(tmp_path: Path) -> None:
    told: list[Any] = []
    detach = attach(ClockAhead, told.append)
    async with fleet(AWMap, "ab", tmp_path) as f:
        await asyncio.sleep(2.0)
        f.steps["a"] = HOUR
        await f.change("a", put, "k")
        await asyncio.sleep(2.0)
        status, other = await f.status("a"), await f.status("b")
        assert (status.counts.ahead, other.counts.ahead) == (len(told), 0)
        event = told[0]
        assert (event.value, event.replica, event.peer) == ("it", status.replica, other.replica)
        assert event.lead == pytest.approx(HOUR, abs=1.0)
        assert event.known == pytest.approx(0.0, abs=1.0)
        assert await there(f, "b") == set()
    detach()


async def test_what_is_refused_is_sent_less_and_less_often_and_keeps_nothing_else_waiting() -> None:
    async with fleet(AWMap, "ab") as f:
        await asyncio.sleep(2.0)
        f.steps["a"] = HOUR
        await f.change("a", put, "k")
        await asyncio.sleep(5 * PATIENCE)
        counts = (await f.status("a")).counts
        assert counts.streams <= 6 + 5
        before = (await f.status("b")).counts.future
        f.net.part("a", "b")
        await f.change("a", unstamped, "m")
        await asyncio.sleep(1.0)
        f.net.heal()
        await asyncio.sleep(1.5)
        assert await there(f, "b") == {"m"}
        assert (await f.status("b")).counts.future - before <= 1


async def test_what_there_was_no_room_for_is_sent_again_at_once_though_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(AWMap, "ab", tmp_path) as f:
        f.steps["a"] = HOUR
        await f.change("a", put, "k")
        await asyncio.sleep(200.0)
        f.net.part("a", "b")
        await f.change("a", unstamped, "m")
        await f.change("a", put, "n")
        full = True
        write = Copy.write

        def writes(copy: Any, delta: Any, *args: Any) -> None:
            if full:
                raise Refusal
            write(copy, delta, *args)

        monkeypatch.setattr(Copy, "write", writes)
        f.net.heal()
        await asyncio.sleep(5.0)
        full = False
        await asyncio.sleep(2.0)
        assert await there(f, "b") == {"m"}


def test_new_writes_that_are_refused_do_not_keep_back_those_refused_before() -> None:
    first, second = Context({"a": (1, 2)}), Context({"a": (2, 3)})
    talk = Talk(0)
    talk.refuses(first, 0.0)
    assert talk.spared(0.5) == first
    talk.refuses(second, 1.5)
    assert not talk.spared(1.5), "the first is due, and was not tried again yet"
    talk.wait(1.5)
    talk.refuses(first, 1.6)
    assert talk.spared(3.4) == first.join(second)
    assert not talk.spared(3.6), "twice as long"


@pytest.mark.parametrize("restarted", [False, True])
async def test_when_the_clock_is_right_again_the_refused_writes_arrive_and_new_ones_too(
    tmp_path: Path, restarted: bool
) -> None:
    async with fleet(AWMap, "abc", tmp_path, leaves=2) as f:
        await f.change("a", put, "before")
        await asyncio.sleep(2.0)
        f.steps["a"] = HOUR
        await f.change("a", put, *range(10), "before")
        await asyncio.sleep(2.0)
        if restarted:
            await f.kill("a")
        f.steps["a"] = 0.0
        if restarted:
            await f.start("a")
        await f.change("a", put, "after")  # its stamp is still ahead
        for n in range(20):
            await f.change("a", put, f"meanwhile {n}")
            await asyncio.sleep(0.1)
        await asyncio.sleep(3.0)
        await f.change("b", put, 3)  # later than what was to come from the future
        await asyncio.sleep(2.0)
        wanted = {*range(10), "before", "after", *[f"meanwhile {n}" for n in range(20)]}
        assert [await there(f, name) for name in "abc"] == [wanted] * 3
        assert await f.same()
        value, ids = await f.value("c"), [(await f.status(name)).replica for name in "ab"]
        assert value.at(3, LWW).value == f"3 of {ids[1]}"
        latest = max(value.at(key, LWW).stamp.millis for key in wanted)
        assert latest / 1000 <= f.wall("b") + 60.0
        counts = (await f.status("a")).counts
        assert counts.redated >= 11
        await f.change("a", put, "at once")
        await asyncio.sleep(1.0)
        assert "at once" in await there(f, "b")
        assert (await f.status("a")).counts.ahead == counts.ahead
        await f.kill("a")  # and the old stamps are not found again
        await f.start("a")
        await f.change("a", put, "last")
        await asyncio.sleep(1.0)
        assert "last" in await there(f, "b")
        assert (await f.status("a")).counts.ahead == 0


async def test_a_clock_that_went_back_too_far_dates_nothing_anew_unless_a_peer_says_so() -> None:
    async with fleet(AWMap, "ab") as f:
        await f.change("a", put, "k")
        await asyncio.sleep(2.0)
        stamp = (await f.value("b")).at("k", LWW).stamp
        f.steps["a"] = -HOUR
        await f.change("a", put, "l")
        await asyncio.sleep(5.0)
        assert await there(f, "b") == {"k", "l"}
        assert (await f.value("a")).at("k", LWW).stamp == stamp
        assert (await f.status("a")).counts.redated == 0


async def test_what_one_whose_own_clock_was_wrong_has_said_long_ago_does_not_count() -> None:
    async with fleet(AWMap, "ab") as f:
        f.steps["b"] = -HOUR
        await f.change("a", put, "k")
        await asyncio.sleep(2.0)
        assert (await f.status("a")).counts.ahead > 0
        f.steps["b"] = 0.0
        await asyncio.sleep(300.0)
        stamp = (await f.value("b")).at("k", LWW).stamp
        f.steps["a"] = -HOUR
        await asyncio.sleep(5.0)
        assert (await f.value("a")).at("k", LWW).stamp == stamp
        assert (await f.status("a")).counts.redated == 0


async def test_who_was_cut_off_when_its_clock_was_set_right_is_told_again_and_mends_it() -> None:
    async with fleet(AWMap, "ab") as f:
        f.steps["a"] = HOUR
        await f.change("a", put, "k")
        await asyncio.sleep(2.0)
        f.net.part("a", "b")
        await asyncio.sleep(600.0)
        f.steps["a"] = 0.0
        await asyncio.sleep(5.0)
        f.net.heal()
        await asyncio.sleep(5.0)
        assert await there(f, "b") == {"k"}
        assert (await f.status("a")).counts.redated == 1


def test_what_is_beyond_the_limit_is_written_anew_wherever_it_is() -> None:
    clock = Hlc("ann", lambda: 1.0)
    late, early = Stamp(9000, 0, "ann"), Stamp(5, 0, "ann")
    value: Any = AWMap()

    for key, stamp in ("late", late), ("early", early), ("gone", late):
        value = value.join(value.put(key, value.at(key, LWW).set("ann", stamp, key)))
    inner = value.at("in", AWMap)
    value = value.join(value.put("in", inner.put("deep", inner.at("deep", LWW).set("ann", late, "deep"))))
    value = value.join(value.put("set", value.at("set", AWSet).add("ann", 1)))
    value = value.join(value.remove("ann", "gone"))
    delta = redated(value, value, "ann", 2000, clock.tick)
    assert len(delta.context) == 2
    after = value.join(delta)
    assert after.at("late", LWW).stamp.millis == after.at("in", AWMap).at("deep", LWW).stamp.millis == 1000
    assert (after.at("late", LWW).value, after.at("in", AWMap).at("deep", LWW).value) == ("late", "deep")
    assert after.at("early", LWW).stamp == early
    assert "gone" not in after
    assert not redated(after, after, "ann", 2000, clock.tick)
    assert not redated(value, AWMap(), "ann", 2000, clock.tick)
