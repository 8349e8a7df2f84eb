"""A publisher whose channel ends, or does not open, while the connection stands, goes on by itself."""

import asyncio
import itertools
import logging
from pathlib import Path
from typing import Any

import pytest

from cybernetic.gateways import Connection, ConnectionLost, MemoryBroker, Message, Publisher, Unconfirmed
from cybernetic.gateways.broker.memory.outlet import MemoryOutlet
from cybernetic.gateways.broker.memory.session import MemorySession
from tests.gateways.agents.plant import Plant, Reader, ask_all, empty, orders, plant, until


def outlet_of(broker: MemoryBroker) -> MemoryOutlet:
    """The one channel that is published on."""
    (outlet,) = [one for session in broker._sessions for one in session._outlets]
    return outlet


def hold(a: Plant) -> MemoryOutlet:
    """Let the broker confirm nothing of what is published on the channel that there is."""
    outlet = outlet_of(a.broker)
    outlet.open(False)
    return outlet


async def test_a_channel_given_up_for_want_of_confirms_is_opened_anew_and_all_go_in_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        reader = await Reader.of(a.outside, "out")
        held = hold(a)
        asked = asyncio.create_task(ask_all(a, orders(20, "out")))
        await until(lambda: held.pending == 20)
        held.end(ConnectionLost("nothing was confirmed for 2 s"))
        assert all(one.confirmed for one in await asyncio.wait_for(asked, 1.0))
        assert (await a.publish(b"next", id="next")).confirmed
        await empty(a)
        assert reader.ids == [*(str(n) for n in range(20)), "next"]
    said = [one.getMessage() for one in caplog.records if one.name == "cybernetic.gateways"]
    assert len([one for one in said if "nothing was confirmed for 2 s" in one]) == 1


async def test_without_the_outbox_what_was_given_up_is_told_and_the_next_goes(tmp_path: Path) -> None:
    async with plant(MemoryBroker(), tmp_path / "a") as a:
        held = hold(a)
        asked = a.publisher.within(None).request(Publisher.publish, Message(b"", routing_key="out"), False)
        await until(lambda: held.pending == 1)
        held.end(ConnectionLost("nothing was confirmed for 2 s"))
        with pytest.raises(Unconfirmed, match="for 2 s"):
            await asked
        await asyncio.sleep(1.0)
        assert (await a.publish(b"x")).confirmed


async def test_a_channel_that_does_not_open_is_tried_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "cybernetic.gateways")
    at: list[float] = []
    opens, closed = MemorySession.outlet, True

    async def outlet(self: MemorySession, settled: Any) -> MemoryOutlet:
        if not closed:
            return await opens(self, settled)
        at.append(asyncio.get_running_loop().time())
        raise ConnectionLost("no channel could be opened: it took too long")

    async with plant(MemoryBroker(), tmp_path / "a") as a:
        monkeypatch.setattr(MemorySession, "outlet", outlet)
        outlet_of(a.broker).end(ConnectionLost("nothing was confirmed for 2 s"))
        asked = a.publisher.within(None).request(Publisher.publish, Message(b"", routing_key="out"))
        await asyncio.sleep(300.0)
        gaps = [after - before for before, after in itertools.pairwise(at)]
        assert 10 < len(at) < 40
        assert gaps[:5] == sorted(gaps[:5])
        assert all(0.2 <= gap <= 15.0 * 1.5 for gap in gaps)
        assert len({round(gap, 3) for gap in gaps[7:]}) > 3
        closed = False
        assert (await asyncio.wait_for(asked, 30.0)).confirmed
        held = hold(a)  # what was confirmed is forgiven
        asked = a.publisher.within(None).request(Publisher.publish, Message(b"", routing_key="out"))
        await until(lambda: held.pending == 1)
        held.end(ConnectionLost("nothing was confirmed for 2 s"))
        assert (await asyncio.wait_for(asked, 1.0)).confirmed


async def test_where_nothing_is_ever_confirmed_channels_are_opened_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "cybernetic.gateways")
    opened: list[MemoryOutlet] = []
    opens, silent = MemorySession.outlet, True

    async def outlet(self: MemorySession, settled: Any) -> MemoryOutlet:
        found = await opens(self, settled)
        opened.append(found)
        if silent:
            found.open(False)
            lost = ConnectionLost("nothing was confirmed for 0.1 s")
            asyncio.get_running_loop().call_later(0.1, found.end, lost)
        return found

    async with plant(MemoryBroker(), tmp_path / "a") as a:
        monkeypatch.setattr(MemorySession, "outlet", outlet)
        outlet_of(a.broker).end(ConnectionLost("the first"))
        asked = a.publisher.within(None).request(Publisher.publish, Message(b"", routing_key="out"))
        await asyncio.sleep(300.0)
        assert 10 < len(opened) < 40
        silent = False
        assert (await asyncio.wait_for(asked, 30.0)).confirmed


async def test_what_is_declared_anew_opens_no_second_channel_beside_one_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[MemoryOutlet] = []
    opens = MemorySession.outlet

    async def outlet(self: MemorySession, settled: Any) -> MemoryOutlet:
        opened.append(await opens(self, settled))
        return opened[-1]

    async with plant(MemoryBroker(), tmp_path / "a") as a:
        before = outlet_of(a.broker)
        monkeypatch.setattr(MemorySession, "outlet", outlet)
        for n in range(5):
            a.out.cast(Connection.mend, 1)
            assert (await a.publish(b"x", id=str(n))).confirmed
            await asyncio.sleep(1.0)
        assert opened == []
        assert outlet_of(a.broker) is before
        before.end(ConnectionLost("nothing was confirmed for 2 s"))
        a.out.cast(Connection.mend, 1)
        await asyncio.sleep(1.0)
        assert len(opened) == 1
        assert (await a.publish(b"x")).confirmed
        assert outlet_of(a.broker) is opened[-1]
        a.broker.cut("so that another session is there")
        assert (await asyncio.wait_for(a.publish(b"x"), 60.0)).confirmed
        assert outlet_of(a.broker) is opened[-1]


async def test_a_connection_that_is_lost_while_a_channel_opens_is_no_fault_of_a_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opens, lost = MemorySession.outlet, 0

    async def outlet(self: MemorySession, settled: Any) -> MemoryOutlet:
        nonlocal lost
        if lost < 3:
            lost += 1
            a.broker.cut("as the test wants it")
            raise ConnectionLost("as the test wants it")
        return await opens(self, settled)

    async with plant(MemoryBroker(), tmp_path / "a") as a:
        monkeypatch.setattr(MemorySession, "outlet", outlet)
        outlet_of(a.broker).end(ConnectionLost("nothing was confirmed for 2 s"))
        a.publisher.cast(Publisher.reopen)
        assert (await asyncio.wait_for(a.publish(b"x"), 300.0)).confirmed
        assert lost == 3
    said = [one.getMessage() for one in caplog.records if "has no channel to publish on" in one.getMessage()]
    assert not [one for one in said if "as the test wants it" in one]
