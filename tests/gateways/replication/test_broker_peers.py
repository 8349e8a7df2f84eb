"""Replicas over a broker: the same port, the same results; strangers are not heard, and an outage is lived through."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic import System
from cybernetic.core import OptionError
from cybernetic.gateways import BrokerPeers, Key, Keyring, MemoryBroker, Message
from cybernetic.gateways.broker.memory.session import MemorySession
from cybernetic.gateways.replication.parcels import ALL, Parcel, Parcels
from cybernetic.state import AWSet, Replica

SECRET = b"0123456789abcdef0123456789abcdef"


def ring(secret: bytes = SECRET, paths: tuple[str, ...] = ("*",), id: str = "k") -> Keyring:
    return Keyring([Key(id, secret, paths)])


def add(value: Any, by: Any, *elements: Any) -> Any:
    return value.add(by.replica, *elements)


async def start(system: System, broker: MemoryBroker, keys: Keyring) -> Any:
    return await system.start(Replica, AWSet, "facts", None, None, partial(BrokerPeers, broker, keys))


async def test_replicas_meet_over_a_broker() -> None:
    broker = MemoryBroker()
    async with System() as one, System() as two, System() as three:
        refs = [await start(system, broker, ring()) for system in (one, two, three)]
        await asyncio.sleep(1)
        await refs[0].call(Replica.change, add, 1)
        await asyncio.sleep(0.2)
        assert [set(await ref.call(Replica.value)) for ref in refs] == [{1}] * 3
        await refs[1].call(Replica.change, add, *range(1000))
        await asyncio.sleep(2)
        assert [len(await ref.call(Replica.value)) for ref in refs] == [1000] * 3
        status = await refs[2].call(Replica.status)
        assert [peer.lacks for peer in status.peers] == [0, 0]


async def test_an_outage_of_the_broker_is_lived_through() -> None:
    broker = MemoryBroker()
    async with System() as one, System() as two:
        refs = [await start(system, broker, ring()) for system in (one, two)]
        await asyncio.sleep(2)
        broker.stop()
        for n, ref in enumerate(refs):
            await ref.call(Replica.change, add, n)
        await asyncio.sleep(20)
        broker.start()
        await asyncio.sleep(6)
        assert [set(await ref.call(Replica.value)) for ref in refs] == [{0, 1}] * 2


async def test_frames_that_are_quicker_than_the_answer_to_consuming_take_no_credit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intake = MemorySession.intake

    async def late(session: Any, queue: str, *args: Any, **options: Any) -> Any:
        opened = await intake(session, queue, *args, **options)
        outlet = await session.outlet(lambda numbers, outcome: None)
        for _ in range(100):  # more than may be unacknowledged
            outlet.publish(Message(b"", routing_key=queue))
        await asyncio.sleep(1)
        return opened

    monkeypatch.setattr(MemorySession, "intake", late)
    broker = MemoryBroker()
    async with System() as one, System() as two:
        refs = [await start(system, broker, ring()) for system in (one, two)]
        await asyncio.sleep(3)
        await refs[0].call(Replica.change, add, 1)
        await asyncio.sleep(1)
        assert set(await refs[1].call(Replica.value)) == {1}


async def test_who_has_another_key_is_not_heard() -> None:
    broker = MemoryBroker()
    async with System() as one, System() as two:
        refs = [
            await start(system, broker, ring(secret))
            for system, secret in ((one, SECRET), (two, SECRET[::-1]))
        ]
        await asyncio.sleep(1)
        await refs[0].call(Replica.change, add, 1)
        await asyncio.sleep(3)
        assert set(await refs[1].call(Replica.value)) == set()
        assert (await refs[1].call(Replica.status)).peers == ()


async def test_a_replica_that_ended_is_not_thought_of_any_more() -> None:
    broker = MemoryBroker()
    async with System() as one, System() as two:
        refs = [await start(system, broker, ring()) for system in (one, two)]
        await asyncio.sleep(2)
        await refs[1].stop()
        await asyncio.sleep(7)
        assert (await refs[0].call(Replica.status)).peers == ()


def test_a_parcel_arrives_as_it_was_packed_and_only_where_it_was_meant_to() -> None:
    parcels = Parcels("x", "replicas", ring())
    message = parcels.pack("a", "b", b"frame")
    assert parcels.open(message, "b", 0.0) == Parcel("a", b"frame")
    assert "a parcel for 'b'" in parcels.open(message, "c", 0.0)
    assert parcels.open(parcels.pack("a", ALL, b""), "c", 0.0) == Parcel("a", b"")
    assert "through 'x'" in Parcels("y", "replicas", ring()).open(message, "b", 0.0)


@pytest.mark.parametrize(
    "keys",
    [ring(SECRET[::-1]), ring(id="other"), Keyring([Key("k", SECRET, ["*"], until=5.0)])],
)
def test_a_parcel_that_no_good_key_has_signed_is_refused(keys: Keyring) -> None:
    message = Parcels("x", "replicas", ring()).pack("a", "b", b"frame")
    assert "key" in Parcels("x", "replicas", keys).open(message, "b", 1000.0)


def test_a_key_that_is_for_something_else_is_refused() -> None:
    message = Parcels("x", "shop", ring(paths=("shop",))).pack("a", "b", b"frame")
    both = Keyring([Key("k", SECRET, ["shop"]), Key("m", SECRET, ["replicas"])], {"work": "m"})
    assert "may not sign" in Parcels("x", "replicas", both).open(message, "b", 0.0)
    with pytest.raises(OptionError, match="keyring"):
        Parcels("x", "replicas", ring(paths=("shop",)))


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x90", b"\x96\x01\x02\x03\x04\x05\x06", b"text"])
def test_what_is_no_parcel_is_refused(body: bytes) -> None:
    assert isinstance(Parcels("x", "replicas", ring()).open(Message(body), "b", 0.0), str)


def test_any_changed_byte_is_refused() -> None:
    parcels = Parcels("x", "replicas", ring())
    message = parcels.pack("a", "b", b"frame")
    for at in range(len(message.body)):
        body = bytearray(message.body)
        body[at] ^= 1
        damaged = Message(bytes(body), "x", "b", message.headers)
        assert isinstance(parcels.open(damaged, "b", 0.0), str)
