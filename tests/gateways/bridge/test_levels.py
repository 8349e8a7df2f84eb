"""Two levels that meet over a broker look to each other like agents of their own process."""

from functools import partial
from pathlib import Path

import pytest

from cybernetic.core import NoConnection
from cybernetic.gateways import MemoryBroker, Session, parked
from tests.gateways.bridge.levels import Parent, heard, is_heard, level, until


@pytest.mark.parametrize("signed", [False, True])
async def test_what_is_sent_to_an_outpost_reaches_the_other_level_in_order(
    tmp_path: Path, signed: bool
) -> None:
    broker = MemoryBroker()
    async with (
        level(broker, tmp_path, "shop", "shop/catalogue", signed=signed) as (_, above, down),
        level(broker, tmp_path, "shop/catalogue", "shop", signed=signed) as (_, below, up),
    ):
        for number in range(50):
            down.send(("find", number))
        assert await heard(below, 50) == [("find", number) for number in range(50)]
        up.send({"found": 1})
        assert await heard(above, 1) == [{"found": 1}]


async def test_a_level_that_is_not_there_is_lost_and_what_was_sent_to_it_arrives_when_it_comes(
    tmp_path: Path,
) -> None:
    broker = MemoryBroker()
    async with level(broker, tmp_path, "shop", "shop/catalogue") as (_, above, down):
        await above.call(Parent.watch, "to shop/catalogue")
        down.send("for later")

        async def lost() -> bool:
            return bool(await above.call(Parent.lost))

        await until(lost)
        assert (await above.call(Parent.lost))[0] == NoConnection("shop/catalogue")
        async with level(broker, tmp_path, "shop/catalogue", "shop") as (_, below, _):
            assert await heard(below, 1) == ["for later"]


async def test_the_end_of_a_level_is_a_down_and_its_return_another_incarnation(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with level(broker, tmp_path, "shop", "shop/catalogue") as (_, above, down):

        async def lost() -> bool:
            return bool(await above.call(Parent.lost))

        for turn in (1, 2):
            async with level(broker, tmp_path, "shop/catalogue", "shop") as (_, _, up):
                await until(partial(is_heard, down))
                await above.call(Parent.watch, "to shop/catalogue")
                up.send(f"turn {turn}")
                assert f"turn {turn}" in await heard(above, turn)
            await until(lost)


async def test_a_message_of_a_level_that_is_not_known_is_parked(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with (
        level(broker, tmp_path, "shop", "shop/catalogue") as (_, above, _),
        level(broker, tmp_path, "stranger", "shop") as (_, _, up),
    ):
        up.send("let me in")
        session: Session = await broker.connect("operator")

        async def rests() -> bool:
            return bool(await parked(session, "level.shop"))

        await until(rests)
        (message,) = await parked(session, "level.shop")
        assert "unknown level" in message.why
        assert await above.call(Parent.heard) == []
        await session.close()


async def test_a_forged_level_is_parked_where_levels_sign(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with (
        level(broker, tmp_path, "shop", "shop/catalogue", signed=True) as (_, above, _),
        level(broker, tmp_path, "shop/catalogue", "shop", signed=False) as (_, _, up),
    ):
        up.send("I am not signed")
        session: Session = await broker.connect("operator")

        async def rests() -> bool:
            return bool(await parked(session, "level.shop"))

        await until(rests)
        assert [message.reason for message in await parked(session, "level.shop")] == ["unsigned"]
        assert await above.call(Parent.heard) == []
        await session.close()
