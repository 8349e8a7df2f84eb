"""Who waits for its turn keeps its place, however long that takes; and a thousand that are called off are one word."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from cybernetic.vsm import Suspended, ViableSystem
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.ports.pacing import Pacing
from tests.vsm.living.company import started
from tests.vsm.living.test_called_off import CALLS, ENDED, Office, _fresh, ask
from tests.vsm.living.test_slow_within import House

__all__ = ["_fresh"]


async def test_the_calls_of_a_unit_are_made_in_the_order_in_which_they_were_asked_for() -> None:
    async with started(Office) as (_, office):
        await asyncio.sleep(3.0)
        await ask(office, "office/a", *range(20), usd=0.01)  # the last waits for seven minutes
        assert [what for _, what in CALLS] == list(range(20))


@pytest.mark.parametrize(("kind", "level"), [(Office, "office"), (House, "house/room")])
async def test_a_unit_that_floods_a_port_takes_no_more_than_its_share(kind: Any, level: str) -> None:
    async with started(kind) as (_, top):
        await asyncio.sleep(60.0)
        flood = ask(top, f"{level}/a", *[f"a{n}" for n in range(40)], usd=0.01)

        async def polite() -> None:
            for n in range(8):
                await ask(top, f"{level}/b", f"b{2 * n}", f"b{2 * n + 1}", usd=0.01)

        await asyncio.wait_for(polite(), 2000.0)
        counts = Counter(what[0] for _, what in CALLS)
        assert abs(counts["a"] - counts["b"]) <= 2
        flood.cancel()


async def test_a_thousand_that_are_called_off_are_one_word_and_are_written_down_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words, kept = list[int](), Counter[str]()
    withdraw, save = Pacing.withdraw, Books.save

    def heard(self: Pacing, port: str, ids: tuple[str, ...]) -> None:
        words.append(len(ids))
        withdraw(self, port, ids)

    def wrote(self: Books, name: str, *rest: Any) -> Any:
        kept[name] += 1
        return save(self, name, *rest)

    monkeypatch.setattr(Pacing, "withdraw", heard)
    async with started(Office) as (_, office):
        await asyncio.sleep(3.0)
        ask(office, "office/a", *range(1000), usd=0.0001)
        await asyncio.sleep(2.0)
        monkeypatch.setattr(Books, "save", wrote)
        await office.call(ViableSystem.suspend, "office/a", "by request", 600.0)
        await asyncio.sleep(3.0)
        assert Counter(why for _, why in ENDED.values()) == {Suspended: 1000}
        assert words == [1000]
        assert kept["porter"] <= 3
