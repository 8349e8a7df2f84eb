"""Over RabbitMQ audits go as a user of their own, in a virtual host that the user of all else may not enter."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.apps import post_of
from cybernetic.apps.config.options import AmqpSection, Config
from cybernetic.apps.doctor.ways import audits
from cybernetic.gateways import AmqpBroker, BrokerError
from cybernetic.vsm import Abroad, Cost, junction_of
from tests.integration.gateways.rabbit import RabbitMQ
from tests.support import run_real
from tests.vsm.living.company import done
from tests.vsm.living.posts import UNIT
from tests.vsm.living.test_remote_broker import SEEN, Catalogue, Shop

COMMON, OWN = "shop", "audit"
WAYS = {way: f"{way} to shop" for way in ("pain", "audit", "coordination")}


def configured(rabbit: RabbitMQ, folder: Path) -> Config:
    """Two users of the broker, each with a virtual host and a password in a file."""
    for user, vhost in ((COMMON, "shop"), (OWN, "audits")):
        rabbit.add_vhost(vhost)
        rabbit.add_user(user, f"{user}'s", vhost)
        (folder / user).write_text(f"{user}'s")
        (folder / user).chmod(0o600)
    address = f"127.0.0.1:{rabbit.port}"
    return Config(
        amqp=AmqpSection(
            url=f"amqp://{COMMON}@{address}/shop",
            audit_url=f"amqp://{OWN}@{address}/audits",
            password_file=folder / COMMON,
            audit_password_file=folder / OWN,
        )
    )


async def _queues(url: str, *names: str) -> list[bool]:
    """Whether there are queues of these names."""
    session, found = await AmqpBroker(url).connect(), []
    for name in names:
        try:
            await session.state(name)
        except BrokerError:
            found.append(False)
        else:
            found.append(True)
    await session.close()
    return found


def test_audits_of_a_level_elsewhere_go_by_the_user_and_the_virtual_host_that_are_configured_for_them(
    rabbit: RabbitMQ, tmp_path: Path
) -> None:
    config = configured(rabbit, tmp_path)
    assert audits(config.amqp).level == "ok"

    async def test() -> None:
        terms: Any = {"config": config, "every": 0.3, "lost_after": 10.0}
        peer = junction_of(UNIT)
        async with System() as here, System() as there:
            await here.start(post_of("shop", {UNIT: peer}, tmp_path, **terms))
            await there.start(post_of(UNIT, {"shop": peer}, tmp_path, **terms))
            shop = await here.start(Shop, type="temporary")
            level = partial(Abroad, Catalogue, UNIT, "amqp to shop", 600.0, Cost(usd=1), paced={"paced": 0.4})
            await there.start(partial(level, **WAYS), type="temporary")
            SEEN.clear()
            performed = await first(shop)
            async with asyncio.timeout(60):
                while not SEEN:
                    await asyncio.sleep(0.1)
            assert performed.task in {one.task.id for one in SEEN}
            names = f"level.audit/{UNIT}", "level.audit/shop"
            assert await _queues(rabbit.at(OWN, f"{OWN}'s", "audits"), *names, "level.shop") == [
                True,
                True,
                False,
            ]
            assert await _queues(rabbit.at(COMMON, f"{COMMON}'s", "shop"), *names, "level.shop") == [
                False,
                False,
                True,
            ]
            with pytest.raises(BrokerError):
                await AmqpBroker(rabbit.at(COMMON, f"{COMMON}'s", "audits")).connect()

    run_real(test())


async def first(shop: Any) -> Any:
    """What is done, once the other half has come."""
    async with asyncio.timeout(100):
        while True:
            try:
                return await done(shop, UNIT)
            except Exception:
                await asyncio.sleep(0.2)
