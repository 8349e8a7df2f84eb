"""What the disk says of suspects: how many crashes they may have caused, after any end of their process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cybernetic.gateways.consumer.life import Life
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.state import Batch, Store

Reopen = Callable[[], Suspects]


@asynccontextmanager
async def suspected(path: Path, crashes: int) -> AsyncIterator[tuple[Store, Reopen]]:
    """A store in which "one" may have caused so many; and what gives the `Suspects` of another life."""
    store = await Store.open(path / "a")
    try:
        first = Suspects(store)
        await first.open()
        await first.begin("one", crashes - 1)
        yield store, lambda: Suspects(store)
    finally:
        await store.close()


async def test_one_that_is_begun_and_ends_its_process_is_counted(tmp_path: Path) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        suspects = another()
        assert await suspects.expected("one") == 3
        await suspects.begin("one", 3)
        assert await suspects.expected("one") == 3  # in this life there was no other end
        assert await another().expected("one") == 4


async def test_an_orderly_end_changes_nothing_wherever_a_suspect_is(tmp_path: Path) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        for steps in ("", "apart", "begin", "apart begin", "begin apart"):  # it waits, or where else it is
            suspects = another()
            assert await suspects.expected("one") == 3, steps
            for step in steps.split():
                await (suspects.apart if step == "apart" else suspects.begin)("one", 3)
            await suspects.excuse(["one"])
            assert await another().expected("one") == 3, steps


async def test_a_crash_while_one_is_kept_apart_speaks_for_it(tmp_path: Path) -> None:
    async with suspected(tmp_path, 4) as (_, another):
        suspects = another()
        await suspects.apart("one", await suspects.expected("one"))
        assert await suspects.expected("one") == 4  # the same life
        assert await another().expected("one") == 3


async def test_what_was_forgotten_begins_anew_also_if_it_was_kept_apart(tmp_path: Path) -> None:
    async with suspected(tmp_path, 4) as (store, another):
        suspects = another()
        await suspects.apart("one", 4)
        batch = Batch(store)
        suspects.forget("one", batch)
        await store.commit(batch)
        await suspects.excuse(["one"])  # another of this name
        assert await another().innocent("one")


async def test_only_what_went_back_and_has_killed_nothing_is_innocent(tmp_path: Path) -> None:
    async with suspected(tmp_path, 2) as (_, another):
        suspects = another()
        suspects.returned("one")
        assert not await suspects.innocent("one")
        assert await suspects.expected("one") == 1  # it went back, and that was no crash
        suspects.returned("other")
        assert await suspects.innocent("other")
        assert not await suspects.innocent("other")  # once for each time


async def test_what_comes_again_while_it_is_handled_uses_up_its_excuse(tmp_path: Path) -> None:
    async with suspected(tmp_path, 2) as (_, another):
        suspects = another()
        suspects.returned("other")
        suspects.expect_nothing("other")
        assert not await suspects.innocent("other")
        assert await suspects.expected("other") == 1


def test_what_an_agent_was_handling_when_it_was_killed_comes_again_innocent() -> None:
    life = Life()
    for name in ("one", "one", "two"):
        life.begin(name)
    life.over("two")
    life.inherit()
    assert [life.come_again(name) for name in ("one", "one", "one", "two")] == [True, True, False, False]
    life.inherit()
    assert not life.come_again("one")
