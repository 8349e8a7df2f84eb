"""What the disk says of suspects: how many crashes they may have caused, after any end of their process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import consume
from cybernetic.gateways.consumer.life import Life
from cybernetic.gateways.consumer.suspects import Suspects
from cybernetic.gateways.consumer.trials import Trials
from cybernetic.gateways.consumer.turn import State, Turn
from cybernetic.state import Batch, Store
from tests.gateways.agents.plant import WORK, Book, Clerk

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


async def apart(suspects: Suspects) -> None:
    await suspects.apart("one", 3)


async def begin(suspects: Suspects) -> None:
    await suspects.begin("one", 3)


async def rests(suspects: Suspects) -> None:
    await suspects.rests("one")


async def test_one_that_is_begun_and_ends_its_process_is_counted(tmp_path: Path) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        suspects = another()
        assert await suspects.look("one") == 3
        await suspects.begin("one", 3)
        assert await suspects.look("one") == 3  # in this life there was no other end
        assert await another().look("one") == 4


async def test_an_orderly_end_changes_nothing_wherever_a_suspect_is(tmp_path: Path) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        steps = ("", "apart", "begin", "apart begin", "begin apart", "begin rests", "begin rests begin rests")
        for some in steps:  # it waits, or where else it is
            suspects = another()
            assert await suspects.look("one") == 3, some
            for step in some.split():
                await {"apart": apart, "begin": begin, "rests": rests}[step](suspects)
            await suspects.excuse(["one", "one"])  # two of a name
            assert await another().look("one") == 3, some


async def test_a_crash_while_one_rests_is_no_fault_of_it(tmp_path: Path) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        for steps in ((), (begin, rests), (apart, rests)):
            suspects = another()
            assert await suspects.look("one") == 3
            for step in steps:
                await step(suspects)
            assert await suspects.look("one") == 3  # the same life
        assert await another().look("one") == 3


async def test_what_goes_back_while_it_waits_for_its_turn_is_counted_all_the_same(tmp_path: Path) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        for name, crashes in (("one", 3), ("new", 1)):
            suspects = another()
            assert await suspects.look(name) == crashes
            suspects.returned(name)
            assert await suspects.look(name) == crashes
            await suspects.excuse([name])
            assert await another().look(name) == crashes


async def test_a_crash_while_one_is_kept_apart_speaks_for_it(tmp_path: Path) -> None:
    async with suspected(tmp_path, 4) as (_, another):
        suspects = another()
        await suspects.apart("one", await suspects.look("one"))
        assert await suspects.look("one") == 4  # the same life
        assert await another().look("one") == 3


async def test_a_crash_after_the_delivery_of_one_that_was_kept_apart_was_lost_does_not_speak_for_it(
    tmp_path: Path,
) -> None:
    """Others are handled again by then."""
    async with suspected(tmp_path, 4) as (_, another):
        trial = await Trials(consume(Clerk, Book(), queue=WORK), another()).of("one")
        assert trial is not None
        assert trial.gate is not None
        turn = Turn()
        turn.went()
        async with trial.gate(turn):
            pass
        assert await another().look("one") == 4


@pytest.mark.parametrize("crashes", [3, 4])
async def test_a_suspect_whose_delivery_goes_while_it_is_counted_is_not_blamed_for_the_crash_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashes: int
) -> None:
    """It is not begun, and may wait for minutes until it comes again; nor does anything think that it is running."""
    async with suspected(tmp_path, crashes) as (_, another):
        turn, begin = Turn(), Suspects.begin

        async def begins(self: Suspects, key: str, crashes: int) -> None:
            turn.went()
            await begin(self, key, crashes)

        monkeypatch.setattr(Suspects, "begin", begins)
        trial = await Trials(consume(Clerk, Book(), queue=WORK), another()).of("one")
        assert trial is not None
        assert trial.gate is not None
        async with trial.gate(turn):
            assert not turn.begin()
        assert turn.state is State.WAITS
        assert await another().look("one") == crashes


async def test_a_suspect_whose_delivery_goes_and_comes_while_it_is_counted_is_begun_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with suspected(tmp_path, 3) as (_, another):
        turn, begin, rests = Turn(), Suspects.begin, Suspects.rests

        async def begins(self: Suspects, key: str, crashes: int) -> None:
            if not rested:
                turn.went()
            await begin(self, key, crashes)

        async def comes(self: Suspects, key: str) -> None:
            rested.append(key)
            turn.came()
            await rests(self, key)

        rested: list[str] = []
        monkeypatch.setattr(Suspects, "begin", begins)
        monkeypatch.setattr(Suspects, "rests", comes)
        trial = await Trials(consume(Clerk, Book(), queue=WORK), another()).of("one")
        assert trial is not None
        assert trial.gate is not None
        async with trial.gate(turn):
            assert turn.begin()
            assert rested == ["one"]
        assert await another().look("one") == 4


@pytest.mark.parametrize("step", [begin, rests, apart])
async def test_an_orderly_end_while_a_suspect_is_written_counts_nothing_and_forgives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[[Suspects], Awaitable[None]]
) -> None:
    """Its agent is told to end, and what it was writing reaches the disk all the same."""
    async with suspected(tmp_path, 3) as (_, another):
        suspects, write = another(), Store.write
        await suspects.look("one")
        if step is rests:
            await suspects.begin("one", 3)

        async def writes(self: Store, work: Any) -> Any:
            await write(self, work)
            written.set()
            await asyncio.sleep(1000.0)

        written = asyncio.Event()
        with monkeypatch.context() as slow:
            slow.setattr(Store, "write", writes)
            writing = asyncio.ensure_future(step(suspects))
            await written.wait()
            writing.cancel()
            await asyncio.wait([writing])
        await suspects.excuse(["one"])
        assert await another().look("one") == 3


async def test_what_was_forgotten_begins_anew_also_if_it_was_kept_apart(tmp_path: Path) -> None:
    async with suspected(tmp_path, 4) as (store, another):
        suspects = another()
        await suspects.apart("one", 4)
        batch = Batch(store)
        suspects.forget("one", batch)
        await store.commit(batch)
        await suspects.excuse(["one"])  # another of this name
        assert await another().look("one") == 0


async def test_only_what_went_back_and_has_killed_nothing_is_innocent(tmp_path: Path) -> None:
    async with suspected(tmp_path, 2) as (_, another):
        suspects = another()
        suspects.returned("one")
        assert await suspects.look("one") == 1  # it went back, and that was no crash
        suspects.returned("other")
        assert await suspects.look("other") == 0
        assert await suspects.look("other") == 1  # once for each time


async def test_what_comes_again_while_it_is_handled_uses_up_its_excuse(tmp_path: Path) -> None:
    async with suspected(tmp_path, 2) as (_, another):
        suspects = another()
        suspects.returned("other")
        suspects.expect_nothing("other")
        assert await suspects.look("other") == 1


def test_what_an_agent_was_handling_when_it_was_killed_comes_again_innocent() -> None:
    life = Life()
    for name in ("one", "one", "two"):
        life.begin(name)
    life.over("two")
    life.inherit()
    assert [life.come_again(name) for name in ("one", "one", "one", "two")] == [True, True, False, False]
    life.inherit()
    assert not life.come_again("one")
