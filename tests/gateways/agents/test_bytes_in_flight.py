"""A publisher holds a bounded number of bytes in memory and on their way, however large single messages are."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cybernetic.gateways import MemoryBroker, Message, Publisher, TooMany
from cybernetic.gateways.publisher.flight import Entry, Flight
from tests.gateways.agents.plant import plant, until


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.booleans()), max_size=60))
def test_bytes_on_their_way_are_bounded_and_one_alone_may_be_larger(
    steps: list[tuple[bool, int, bool]],
) -> None:
    flight, flying = Flight(1000, 1000, 20), list[Entry]()
    waiting = {True: 0, False: 0}
    for number, (stored, size, lands) in enumerate(steps, 1):
        if flight.has_room(stored=stored):
            assert waiting[stored] < 20
            flight.add(Entry(Message(b"x" * size), number if stored else None, None))
            waiting[stored] += size
        else:
            assert waiting[stored] >= 20
        while (entry := flight.next()) is not None:
            waiting[entry.number is not None] -= entry.size
            flying.append(entry)
        assert len(flying) <= 1 or sum(entry.size for entry in flying) <= 20
        if lands and flying:
            flight.landed([flying.pop(0)])
    flight.landed(flying)
    while (entry := flight.next()) is not None:
        flight.landed([entry])
    assert flight.has_room(stored=True)
    assert flight.has_room(stored=False)


@pytest.mark.parametrize("durable", [True, False])
async def test_large_messages_wait_on_the_disk_or_are_refused_and_all_that_were_taken_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    import cybernetic.gateways.publisher.publisher as module

    most, kept = 10_000, list[Flight]()

    def flight(window: int, limit: int, bytes: int) -> Flight:
        kept.append(Flight(window, limit, most))
        return kept[-1]

    monkeypatch.setattr(module, "Flight", flight)
    broker = MemoryBroker()
    async with plant(broker, tmp_path / "a") as a:
        broker.block()
        asked = [
            a.publisher.within(None).request(
                Publisher.publish, Message(b"x" * 1000, routing_key="out", id=str(n)), durable
            )
            for n in range(100)
        ]
        results: Any = asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(1.0)
        (one,) = kept
        assert one._stored_bytes + one._others_bytes + one._flying_bytes <= 2 * most + 1000
        broker.unblock()
        said = await results
        taken = sum(not isinstance(one, TooMany) for one in said)
        assert taken == (100 if durable else 10)
        await until(lambda: one.flying == 0)
        assert await a.ready("out") == taken
