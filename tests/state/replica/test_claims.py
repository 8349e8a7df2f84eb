"""What is known in more runs than are told at once is told in parts: nobody is sent again what he has said he knows."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.state import MV, AWMap, Context
from cybernetic.state.replica.claims import MOST, Claims
from tests.state.replica.fleet import Fleet, fleet
from tests.state.replica.test_oversized import hear
from tests.state.replica.test_plan import contexts
from tests.state.replica.test_redating import put, there

LEAD = 3600.0  # seconds
FEW = 10  # runs that are told at once
KEYS = 100


def runs(context: Context) -> int:
    return sum(len(bounds) // 2 for bounds in context.runs.values())


@given(st.lists(contexts, min_size=1, max_size=5), st.integers(1, 3))
def test_in_the_end_all_is_told_and_so_much_at_once(news: list[Context], most: int) -> None:
    claims, heard, saved = Claims(), Context(), Context()
    for one in news:
        saved = saved.join(one)
        told = claims.next(saved, 0.0, most)
        assert told <= saved
        assert runs(told) <= most + len(saved.runs) or told is saved
        heard = heard.join(told)
    for _ in saved:
        heard = heard.join(claims.next(saved, 0.0, most))
    assert heard == saved


def test_few_runs_are_told_each_time() -> None:
    claims, saved = Claims(), Context({"a": tuple(range(1, 9_997, 2)), "b": (2, 5)})
    assert [claims.next(saved, float(n)) for n in range(3)] == [saved] * 3


def test_what_is_new_is_told_next_and_all_again_after_pauses_that_grow() -> None:
    claims, first, more = (
        Claims(),
        Context({"a": (1, 2, 5, 6, 8, 9)}),
        Context({"a": (1, 2, 5, 6, 8, 9, 11, 13)}),
    )
    assert claims.next(first, 0.0, 2) == Context({"a": (1, 2, 5, 6)})
    assert claims.next(first, 0.1, 2) == Context({"a": (1, 2, 8, 9)})
    begun = [now for now in range(1, 400) if claims.next(first, float(now), 2).knows("a", 5)]
    pauses = [later - one for one, later in pairwise(begun)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 2
    assert pauses[-1] == MOST
    assert claims.next(more, begun[-1] + 9.0, 2) == Context({"a": (1, 2, 11, 13)})
    assert claims.next(more, begun[-1] + 9.1, 2) == Context({"a": (1, 2)})


def test_what_changes_all_the_time_is_told_again_all_the_same() -> None:
    claims, told = Claims(), list[bool]()
    for now in range(300):
        saved = Context({"a": (1, 2, 5, 6, 8, 9, 11, 12 + now)})
        told.append(claims.next(saved, float(now), 2).knows("a", 5))
    assert sum(told) >= 6 + 2
    assert any(told[-70:])


def written(value: Any, by: Any, step: int) -> Any:
    return value.writes(by.replica, MV, dict.fromkeys(range(0, KEYS, step), "anything"))


async def beside_one_ahead(f: Fleet) -> None:
    """`a` has written every other key twice, and something that `c`, who is new, refuses."""
    await f.change("a", written, 1)
    await f.change("a", written, 2)
    await asyncio.sleep(3.0)
    f.steps["a"] = LEAD
    await f.change("a", put, "bad")
    await asyncio.sleep(3.0)
    await f.start("c")


async def test_one_who_knows_more_runs_than_are_told_at_once_is_not_sent_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Claims.next, "__defaults__", (FEW,))
    async with fleet(AWMap, "a", tidy=1.0) as f:
        await beside_one_ahead(f)
        await asyncio.sleep(10.0)
        assert await there(f, "c") == {*range(KEYS)}
        assert runs((await f.value("c")).context) > 4 * FEW
        before, told = (await f.status("a")).counts.streams, (await f.status("c")).counts.known
        await asyncio.sleep(300.0)
        assert (await f.status("a")).counts.streams - before <= 5 + 5, "what is refused, less and less often"
        assert (await f.status("c")).counts.known == told, "and nothing that is known"


async def test_one_who_was_cut_off_is_told_all_that_it_missed_when_it_is_there_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Claims.next, "__defaults__", (FEW,))
    async with fleet(AWMap, "ab", tidy=1.0) as f:
        await asyncio.sleep(2.0)
        f.net.part("a", "b")
        await beside_one_ahead(f)
        f.net.part("ac", "b")
        await asyncio.sleep(100.0)  # `b` hears nothing of what `c` knows
        f.net.part("ab", "c")
        await f.kill("a")
        await asyncio.sleep(1.0)
        f.net.heal()
        await asyncio.sleep(2 * KEYS / FEW)
        before = (await f.status("b")).counts.streams
        await asyncio.sleep(30.0)
        assert (await f.status("b")).counts.streams - before <= 2


async def test_who_knows_just_what_another_claims_of_all_it_knows_does_not_find_that_they_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Claims.next, "__defaults__", (FEW,))
    every = AWMap[Any]().writes("x", MV, dict.fromkeys(range(4 * FEW), "anything"))
    async with fleet(AWMap, "ab") as f:
        await asyncio.sleep(2.0)
        f.net.part("a", "b")
        for n, delta in enumerate(every.split(1)):
            if n % 2 == 0:  # `b` knows every other change, and `a` the first of these
                for name in "ab"[n >= 2 * FEW :]:
                    await hear(f, name, delta)
        await asyncio.sleep(3.0)
        f.net.heal()
        await asyncio.sleep(3.0)
        assert await f.same()
        assert [(await f.status(name)).counts.diverged for name in "ab"] == [0, 0]


async def test_so_it_is_where_there_are_more_peers_than_are_greeted_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Claims.next, "__defaults__", (FEW,))
    monkeypatch.setitem(globals(), "KEYS", 3 * KEYS)
    others = "cdefgh"
    async with fleet(AWMap, "a", tidy=1.0, most_peers=2) as f:
        await beside_one_ahead(f)
        await f.start(others[1:])
        await asyncio.sleep(120.0)
        before = [(await f.status(name)).counts.streams for name in others]
        await asyncio.sleep(60.0)
        assert [(await f.status(name)).counts.streams for name in others] == before
