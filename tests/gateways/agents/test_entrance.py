"""Who waits for a place comes in by turns: no side keeps the other out, and who needs a ward empty has it in time."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways.consumer.sides import Sides
from cybernetic.gateways.consumer.ward import MANY, Ward
from tests.support import run_virtual

VISIT = st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 5), st.booleans())


async def test_those_of_one_side_are_together_and_never_with_the_other() -> None:
    sides, inside = Sides(), list[bool]()
    most = {True: 0, False: 0}

    async def visit(alone: bool, stay: float) -> None:
        async with sides.side(alone=alone):
            inside.append(alone)
            assert len(set(inside)) == 1
            most[alone] = max(most[alone], len(inside))
            await asyncio.sleep(stay)
            inside.remove(alone)

    visits = [asyncio.create_task(visit(n // 10 != 1, 1.0 + n % 4)) for n in range(30)]
    await asyncio.sleep(0.5)
    visits[11].cancel()  # one of those that wait
    done, _ = await asyncio.wait(visits, timeout=100.0)
    assert sum(one.cancelled() for one in done) == 1
    assert [one.exception() for one in done if not one.cancelled()] == [None] * 29
    assert most == {True: 10, False: 9}


async def test_no_side_keeps_the_other_out_by_coming_again_and_again() -> None:
    loop, sides = asyncio.get_running_loop(), Sides()

    async def keep_coming() -> None:
        for _ in range(100):
            visits.append(asyncio.create_task(visit(False, 2.0)))
            await asyncio.sleep(1.0)

    async def visit(alone: bool, stay: float) -> None:
        async with sides.side(alone=alone):
            await asyncio.sleep(stay)

    visits: list[asyncio.Task[None]] = []
    coming = asyncio.create_task(keep_coming())
    await asyncio.sleep(5.5)
    began = loop.time()
    async with sides.side(alone=True):
        assert loop.time() - began <= 2.0
    await coming
    await asyncio.gather(*visits)


@given(st.lists(VISIT, max_size=20))
def test_all_come_in_in_the_order_in_which_they_came_also_when_some_give_up(
    who: list[tuple[bool, int, int, bool]],
) -> None:
    """Of each: its side, when it comes, how long it stays, and whether it gives up before long."""
    inside: list[bool] = []
    order: list[int] = []

    async def visit(sides: Sides, number: int, alone: bool, at: int, stay: int) -> None:
        await asyncio.sleep(at + number / 100)
        async with sides.side(alone=alone):
            inside.append(alone)
            assert len(set(inside)) == 1
            order.append(number)
            try:
                await asyncio.sleep(stay)
            finally:
                inside.remove(alone)

    async def main() -> None:
        sides = Sides()
        tasks = [asyncio.ensure_future(visit(sides, n, *one[:3])) for n, one in enumerate(who)]
        for task, one in zip(tasks, who, strict=True):
            if one[3]:
                asyncio.get_running_loop().call_later(one[1] + 1.5, task.cancel)
        said = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1000.0)
        assert all(one is None or isinstance(one, asyncio.CancelledError) for one in said)
        assert {n for n, one in enumerate(who) if not one[3]} <= set(order)
        async with sides.side(alone=True), sides.side(alone=True):
            assert inside == []

    run_virtual(main())
    assert all((who[a][1], a) < (who[b][1], b) for a, b in pairwise(order))


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20), st.integers(1, 20)), max_size=20),
)
def test_who_needs_it_empty_has_it_when_all_it_found_must_be_outside_and_others_wait_no_longer_than_they_may_stay(
    before: list[tuple[int, int]], after: list[tuple[int, int, int]]
) -> None:
    """Of each: when it comes, for how long it may stay, and how long it stays, if that is not more."""
    inside: list[float] = []
    waited: list[float] = []
    stays = 5.0

    async def visit(ward: Ward, at: float, may: int, stay: int) -> None:
        await asyncio.sleep(at)
        loop = asyncio.get_running_loop()
        came = loop.time()
        async with ward.place(MANY, may):
            inside.append(came)
            entered = loop.time() - came
            await asyncio.sleep(min(stay, may))
            inside.remove(came)
        waited.append(entered)
        assert entered <= may + stays

    async def main() -> None:
        ward = Ward()
        loop = asyncio.get_running_loop()
        first = [asyncio.ensure_future(visit(ward, 0.0, *one)) for one in before]
        others = [
            asyncio.ensure_future(visit(ward, (n + 1) / 100 + at, *one)) for n, (at, *one) in enumerate(after)
        ]
        await asyncio.sleep(0.001)
        async with ward.place(1):
            assert inside == []
            assert loop.time() <= max(may for may, _ in before) + 0.01
            others.append(asyncio.ensure_future(visit(ward, 1.0, 1, 1)))
            await asyncio.sleep(stays)
            assert inside == []
        await asyncio.wait_for(asyncio.gather(*first, *others), 1000.0)
        assert (ward._inside, ward._ends, ward._count) == ({}, {}, 0)

    run_virtual(main())
    assert len(waited) == len(before) + len(after) + 1


async def test_who_passes_others_needs_a_place_all_the_same() -> None:
    ward, inside = Ward(), list[str]()

    async def visit(name: str, together: int, seconds: float) -> None:
        async with ward.place(together, seconds):
            inside.append(name)
            await asyncio.sleep(seconds)

    visits = []
    for name, together, seconds in (
        ("one", 2, 100.0),
        ("two", 2, 50.0),
        ("alone", 1, 10.0),
        ("quick", 9, 5.0),
    ):
        visits.append(asyncio.create_task(visit(name, together, seconds)))
        await asyncio.sleep(1.0)
    assert inside == ["one", "two"]
    await asyncio.sleep(56.0)
    visits.append(asyncio.create_task(visit("quicker", 9, 5.0)))
    await asyncio.gather(*visits)
    assert inside == ["one", "two", "quicker", "alone", "quick"]


async def test_who_waited_for_one_that_needed_it_empty_passes_the_next_of_these() -> None:
    """Two need it empty; between them one comes in for long, and who is quick does not wait for that one's end."""
    loop, ward = asyncio.get_running_loop(), Ward()
    came: dict[str, float] = {}

    async def visit(name: str, together: int, seconds: float) -> None:
        async with ward.place(together, seconds):
            came[name] = loop.time()
            await asyncio.sleep(seconds)

    visits = []
    for name, together, seconds in (("alone", 1, 10), ("long", 9, 100), ("next", 1, 10), ("quick", 9, 5)):
        visits.append(asyncio.create_task(visit(name, together, seconds)))
        await asyncio.sleep(0.0)
    await asyncio.gather(*visits)
    assert came == {"alone": 0.0, "long": 10.0, "quick": 10.0, "next": 110.0}


async def test_one_whose_time_is_not_known_passes_nobody_and_is_passed_by_nobody() -> None:
    ward, inside = Ward(), list[str]()

    async def visit(name: str, together: int, *seconds: float) -> None:
        async with ward.place(together, *seconds):
            inside.append(name)
            await asyncio.sleep(100.0)

    visits = []
    for name, *place in (("first", 3), ("alone", 1), ("quick", 3, 1.0), ("last", 3)):
        visits.append(asyncio.create_task(visit(name, *place)))
        await asyncio.sleep(1.0)
    assert inside == ["first"]
    await asyncio.gather(*visits)
    assert inside == ["first", "alone", "quick", "last"]
