"""What one node says and another does not understand: it harms that message alone, or that link."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cybernetic import CallFailed, ChildNotStarted, Crash, Reason, Supervisor, attach
from cybernetic.nodes import NodeLost
from cybernetic.wire import TYPES
from tests.nodes.bodies.acts import seen, until
from tests.nodes.bodies.cast import Actor, Fussy, Rare, Upset
from tests.nodes.bodies.test_groups import Joiner, news, teams
from tests.nodes.stage import FAR, TWO, Stage, apart, stage

ON_ITS_WAY = 0.1  # seconds that messages take


@contextmanager
def unknown(cls: type) -> Iterator[None]:
    """Inside the block no node that reads a message knows the type."""
    entry = TYPES.of(cls)
    assert entry is not None
    name = entry.name.encode()
    del TYPES._by_name[name]
    try:
        yield
    finally:
        TYPES._by_name[name] = entry


@pytest.fixture
def lost() -> Iterator[list[Any]]:
    told: list[Any] = []
    end = attach(NodeLost, told.append)
    yield told
    end()


async def arrives(s: Stage) -> None:
    """Let what is on its way arrive."""
    with unknown(Rare), unknown(Upset):
        await asyncio.sleep(4 * ON_ITS_WAY)


async def test_a_call_with_a_type_unknown_there_fails_alone(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        far = await s.spawn(Actor)
        s.delay(ON_ITS_WAY)
        call, other = far.request(Actor.echo, Rare(1)), far.request(Actor.kind)
        await arrives(s)
        with pytest.raises(CallFailed) as failed:
            await call
        assert isinstance(failed.value.reason, Crash)
        assert failed.value.reason.type == "UnknownType"
        assert "Rare" in failed.value.reason.text
        assert await other == "actor"
        assert not lost


async def test_an_answer_of_a_type_unknown_here_fails_alone(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        far = await s.spawn(Actor)
        s.delay(ON_ITS_WAY)
        call = far.request(Actor.rare, 1)
        await arrives(s)
        with pytest.raises(CallFailed, match="Rare"):
            await call
        assert await far.call(Actor.kind) == "actor"
        assert not lost


async def test_casts_and_messages_of_unknown_types_are_dropped_alone(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        near, far = await s.here(Actor), await s.spawn(Actor)
        s.delay(ON_ITS_WAY)
        near.cast(Actor.say, far, 1, Rare(1), 2)
        near.cast(Actor.write, far, 3, Rare(1), 4)
        await arrives(s)
        assert await far.call(Actor.seen) == [1, 2, 3, 4]
        assert not lost


async def test_reasons_of_unknown_types_arrive_as_crashes(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        near, far, third = await s.here(Actor, True), await s.spawn(Actor), await s.spawn(Actor)
        await near.call(Actor.watch, far)
        await near.call(Actor.tie, third)
        await s.calm()
        s.delay(ON_ITS_WAY)
        far.cast(Actor.quit, Upset("x"))
        await asyncio.sleep(ON_ITS_WAY + 0.05)
        third.exit(Upset("y"))
        await arrives(s)
        got = await seen(near, 2)
        assert all(isinstance(m.reason, Reason) and not isinstance(m.reason, Upset) for m in got)
        assert {type(m.reason) for m in got} == {Crash}
        assert not lost


async def test_a_start_with_an_argument_unknown_there_fails_alone(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        near = await s.spawn(Actor)
        s.delay(ON_ITS_WAY)
        start = asyncio.ensure_future(s.spawn(Fussy, Rare(1)))
        await asyncio.sleep(0.05)
        await arrives(s)
        with pytest.raises(ChildNotStarted, match="Rare"):
            await start
        assert await near.call(Actor.kind) == "actor"
        assert not lost


async def test_a_start_that_fails_for_a_reason_unknown_here_fails_alone(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        near = await s.spawn(Actor)
        s.delay(ON_ITS_WAY)
        start = asyncio.ensure_future(s.spawn(Fussy, "stop in init"))
        await asyncio.sleep(0.05)
        await arrives(s)
        with pytest.raises(ChildNotStarted):
            await start
        assert not lost
        assert await near.call(Actor.kind) == "actor"


async def test_a_group_whose_key_is_unknown_elsewhere_harms_nobody(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        await teams.start(s.system)
        near, far = await s.here(Joiner), await s.spawn(Joiner)
        await s.calm()
        s.delay(ON_ITS_WAY)
        near.cast(Joiner.join, Rare(1))
        await asyncio.sleep(0.01)
        await arrives(s)
        assert not lost
        assert await far.call(Actor.kind) == "actor"


async def test_news_of_a_type_unknown_elsewhere_harm_nobody(lost: list[Any]) -> None:
    async with stage(TWO) as s:
        await news.start(s.system)
        near, far = await s.here(Joiner), await s.spawn(Joiner)
        await far.call(Joiner.subscribe, "t")
        await s.calm()
        s.delay(ON_ITS_WAY)
        near.cast(Joiner.publish, "t", Rare(1), 2)
        await asyncio.sleep(0.01)
        await arrives(s)
        assert [m.message for m in await far.call(Actor.seen)] == [2]
        assert not lost


@apart
@pytest.mark.parametrize("message", [(), 7, (99,), (0,), (0, "x"), (2, 1, 0, 0, 1), ("x", 1), (13, 1)])
async def test_a_malformed_message_ends_its_link_with_a_reason_and_the_node_comes_back(
    where: str, message: Any
) -> None:
    lost: list[Any] = []
    end = attach(NodeLost, lost.append)
    async with stage(where, nodes=2) as s:
        third = await s.spawn(Actor, node="worker-2")
        cluster = s.system._cluster
        assert cluster is not None
        peer = cluster.peers[FAR]
        peer._send(peer._encode(message, "message"), None)  # `post` takes no nonsense

        async def told() -> bool:
            return FAR in {event.node for event in lost}

        await until(told)
        assert any("message between nodes" in e.why or "message" in e.why for e in lost), lost
        assert await third.call(Actor.kind) == "actor"

        async def back() -> bool:
            return FAR in s.nodes

        await until(back)
        assert await (await s.spawn(Actor)).call(Actor.kind) == "actor"
        assert (await s.nursery.call(Supervisor.count_children)).active == 2
    end()
