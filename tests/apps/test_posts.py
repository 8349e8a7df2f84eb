"""From a configuration to the ways between levels: audits go by the address that is configured for them."""

from pathlib import Path
from typing import Any

import pytest

from cybernetic import System
from cybernetic.apps import post_of
from cybernetic.apps.broker import audit_broker_of
from cybernetic.apps.config.layers import AUDIT_PASSWORD, PASSWORD
from cybernetic.apps.config.options import AmqpSection, Config
from cybernetic.core import OptionError
from cybernetic.gateways import MemoryBroker, Post
from cybernetic.vsm import junction_of

URL, AUDITS = "amqp://shop@broker/shop", "amqp://audit@broker/audits"
PEERS = {"shop/catalogue": junction_of("shop/catalogue")}


def _made(**amqp: Any) -> Post:
    return post_of("shop", PEERS, "data", Config(amqp=AmqpSection(**amqp)))()


def _ways(post: Post) -> dict[str, Any]:
    gateways: list[Any] = [one.cls for one in post.children() if " of " in str(one.id)]
    return {one.keywords["name"].partition(" of ")[0]: one.args[0] for one in gateways}


def test_audits_go_by_the_address_that_is_configured_for_them_and_nothing_else_does(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("x")
    ways = _ways(_made(url=URL, audit_url=AUDITS, password_file=file))
    assert {name: broker.url for name, broker in ways.items()} == {
        "amqp": URL,
        "pain": URL,
        "audit": AUDITS,
        "coordination": URL,
    }
    assert ways["amqp"] is ways["coordination"] is not ways["pain"]


def test_without_such_an_address_audits_go_as_all_else() -> None:
    ways = _ways(_made(url="amqp://broker/shop"))
    assert ways["audit"] is ways["amqp"]


@pytest.mark.parametrize("own", [True, False])
def test_the_user_for_audits_has_a_password_of_his_own_or_else_the_common_one(
    own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "common")
    if own:
        monkeypatch.setenv(AUDIT_PASSWORD, "secret")
    broker: Any = audit_broker_of(Config(amqp=AmqpSection(url=URL, audit_url=AUDITS)))
    assert broker._settings.address.password() == ("secret" if own else "common")


def test_where_no_broker_is_configured_that_is_said_unless_there_is_one_in_the_process() -> None:
    with pytest.raises(OptionError, match=r"amqp\.url"):
        _made()
    inside = MemoryBroker()
    post = post_of("shop", PEERS, "data", Config(), inside)()
    assert set(_ways(post).values()) == {inside}


async def test_over_the_broker_in_the_process_audits_have_an_exchange_and_queues_of_their_own(
    tmp_path: Path,
) -> None:
    inside = MemoryBroker()
    async with System() as system:
        await system.start(post_of("shop", PEERS, tmp_path, Config(), inside, every=0.5, lost_after=2.5))
        assert "level.audit/shop" in inside._vhost.queues
        assert "cybernetic.audits" in inside._vhost.exchanges
