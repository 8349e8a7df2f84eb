"""A bridge of words that may be lost: what is declared for it, and how they are sent."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError, StartFailed
from cybernetic.gateways import (
    Author,
    Bridge,
    Guard,
    Key,
    Keyring,
    MemoryBroker,
    Outpost,
    Post,
    Signer,
    audit_outlet_of,
    coordination_outlet_of,
)
from cybernetic.gateways.broker.memory.outlet import MemoryOutlet
from cybernetic.runtime import LocalSystem
from tests.gateways.bridge.levels import is_heard, until


def test_what_may_be_lost_waits_in_a_classic_queue_and_gives_way() -> None:
    bridge = Bridge("shop", {"shop/till": "till"}, ttl=5.0)
    (inbox,) = [queue for queue in bridge.topology.queues if queue.name == "level.shop"]
    assert (inbox.kind, inbox.lossy, inbox.overflow, inbox.ttl) == ("classic", True, "drop-head", 5.0)
    assert inbox.single_active
    lasting = Bridge("shop", {"shop/till": "till"}).inbox
    assert (lasting.kind, lasting.lossy, lasting.ttl) == ("quorum", False, None)


@pytest.mark.parametrize("ttl", [0, -1.0, float("nan")])
def test_a_time_that_is_none_is_refused(ttl: Any) -> None:
    with pytest.raises(OptionError, match="ttl"):
        Bridge("shop", {}, ttl=ttl)


def test_each_way_of_a_post_has_names_of_its_own_and_audits_an_exchange() -> None:
    post = Post(MemoryBroker(), MemoryBroker(), "data", "shop", {"shop/till": "taker"})
    specs = post.children()
    names = [one.name for one in specs if one.name]
    assert {audit_outlet_of("shop/till"), coordination_outlet_of("shop/till")} <= set(names)
    assert len(set(names)) == len(names) == 4
    exchanges = [bridge.exchange for bridge in post._bridges]
    assert exchanges == ["cybernetic.levels", "cybernetic.levels", "cybernetic.audits", "cybernetic.levels"]
    assert [bridge.ttl for bridge in post._bridges] == [None, None, None, 10.0]


def test_gateways_and_files_of_a_post_are_named_after_its_level() -> None:
    """So that two posts, and a gateway with the usual name, live in one system, and no two levels share a file."""
    files, names = [], []
    for path in ("shop/a-b", "shop-a/b", "shop"):
        for one in Post(MemoryBroker(), MemoryBroker(), "data", path, {}).children():
            made: Any = one.cls
            files.append(made.args[1])
            names.append(made.keywords["name"])
    assert len(set(files)) == len(set(names)) == 12
    assert "amqp" not in names
    assert {str(file.parent) for file in files} == {"data"}


@pytest.mark.parametrize("given", ["author", "guard", "signer"])
def test_a_post_signs_and_checks_or_neither(given: str) -> None:
    options: Any = {given: object()}
    with pytest.raises(OptionError, match="all of them or none"):
        Post(MemoryBroker(), MemoryBroker(), "data", "shop", {}, **options)


async def test_words_that_may_be_lost_are_dropped_and_counted_where_nobody_takes_them(tmp_path: Path) -> None:
    """They do not rest in a parking queue, which has no end; nor are they written to disk or asked back for."""
    broker = MemoryBroker()
    outside = await broker.connect()
    sent: list[Any] = []
    real = MemoryOutlet._send

    def see(self: Any, number: int, message: Any) -> None:
        if message.routing_key == "message.coordination.shop":
            sent.append(message)
        real(self, number, message)

    posts: dict[str, Post] = {}

    class Kept(Post):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            posts[args[3]] = self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryOutlet, "_send", see)
        async with LocalSystem() as one, LocalSystem() as other:
            await one.start(partial(Kept, broker, broker, tmp_path, "shop", {"shop/till": "taker"}))
            await other.start(partial(Kept, broker, broker, tmp_path, "shop/till", {"shop": "taker"}))
            outpost = other.named(coordination_outlet_of("shop"), Outpost)
            await until(lambda: is_heard(outpost))
            for n in range(20):
                outpost.send(n)
            await asyncio.sleep(20.0)
            assert posts["shop"]._bridges[3].lost == {"coordination/shop/till": 20}
            assert (await outside.state("level.coordination/shop.parked")).messages == 0
            outpost.send("to be in order")
            await asyncio.sleep(1.0)
    assert len(sent) == 21
    assert {(one.persistent, one.mandatory, one.expiration) for one in sent} == {(False, False, 10.0)}
    await outside.close()


def test_a_post_gives_each_way_its_broker_its_beats_and_its_keys() -> None:
    broker, painful, auditing = MemoryBroker(), MemoryBroker(), MemoryBroker()
    key = Key("one", "x" * 32, ["shop", "pain/shop", "audit/shop", "coordination/shop"])
    seal = Key("seal", "y" * 32, ["shop"], purpose="gateway")
    ring = Keyring([key, seal], {"work": "one"})
    author = Author("shop")
    signer, guard = Signer(ring, author), Guard(ring)
    post = Post(
        broker,
        painful,
        "data",
        "shop",
        {},
        0.5,
        2.5,
        author=author,
        guard=guard,
        signer=signer,
        auditing=auditing,
    )
    made: list[Any] = [one.cls for one in post.children()]
    assert [one.args[0] for one in made] == [broker, painful, auditing, broker]
    assert [one.keywords["signer"] for one in made] == [signer] * 4
    assert {(one.every, one.lost_after, one.author, one.guard) for one in post._bridges} == {
        (0.5, 2.5, author, guard)
    }
    made = [one.cls for one in Post(broker, painful, "data", "shop", {}).children()]
    assert [one.args[0] for one in made] == [broker, painful, broker, broker]


async def test_a_second_post_to_a_level_is_refused_with_the_names_of_both(tmp_path: Path) -> None:
    """And a post that is started anew, or takes the place of one that has ended, is not."""
    broker = MemoryBroker()
    async with LocalSystem() as system:

        async def made(path: str) -> Any:
            post = partial(Post, broker, broker, tmp_path, path, {"shop/till": "taker"})
            return await system.start(post, type="temporary")

        first = await made("shop")
        for path in ("depot", "shop"):
            with pytest.raises(StartFailed) as failed:
                await made(path)
            error: Any = failed.value.reason
            assert f"peers of the Post of '{path}'" in str(error)
            assert "the one of 'shop' does to 'shop/till'" in str(error)
        await first.stop()
        await made("depot")
        with pytest.raises(StartFailed, match="the one of 'depot' does"):
            await made("shop")
    async with LocalSystem() as another:
        await another.start(partial(Post, broker, broker, tmp_path, "shop", {"shop/till": "taker"}))
