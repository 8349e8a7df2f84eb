"""Addresses: what is wrong is said, and what is secret never."""

import copy
import traceback
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways.broker.amqp.address import Address, Tls
from cybernetic.gateways.broker.amqp.broker import AmqpBroker
from cybernetic.gateways.broker.errors import LoginRefused


def test_an_address_is_taken_apart() -> None:
    address = Address("amqp://u%2F:p%40%3A%2F@host/a%2Fb")
    assert (address.scheme, address.host, address.port) == ("amqp", "host", 5672)
    assert (address.user, address.password(), address.vhost) == ("u/", "p@:/", "a/b")
    assert Address("amqps://host").port == 5671
    assert Address("amqp://[::1]:1234/").host == "::1"
    plain = Address("amqp://host")
    assert (plain.user, plain.password(), plain.vhost) == ("guest", "guest", "/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "http://u:SECRET@host",
        "amqp://",
        "amqp://u:SECRET@",
        "amqp://u:SECRET@host:port",
        "amqp://u:SECRET@host:99999",
        "amqp://u:SEC/RET@host/v",
        "amqp://u:SEC#RET@host",
        "amqp://u:SEC?RET@host",
        "amqp://u:SEC@RET@[host",
        "amqp:u:SECRET@host",
        "u:SECRET@host",
        "amqp://u:SECRET@host/v?heartbeat=5",
        "amqp://u:SECRET@host/v?password=SECRET",
        "amqp://host/v?password=SECRET",
        "amqp://host/#SECRET",
    ],
)
def test_a_wrong_address_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(OptionError, match="url: expected") as caught:
        AmqpBroker(url)
    shown = "".join(traceback.format_exception(caught.value)).replace(f"{url!r}", "")
    for secret in ("SECRET", "RET", "SEC"):
        assert secret not in shown.partition("url: expected")[2]


@pytest.mark.parametrize("url", [None, 5, b"amqp://host", Path("x")])
def test_an_address_is_text(url: Any) -> None:
    with pytest.raises(OptionError, match="url"):
        AmqpBroker(url)


@pytest.mark.parametrize(
    "options",
    [
        {"heartbeat": 0},
        {"heartbeat": 2.5},
        {"heartbeat": "10"},
        {"connect_timeout": 0},
        {"connect_timeout": float("inf")},
        {"confirm_timeout": -1},
        {"max_body": -1},
        {"tls": True},
        {"tls": Tls()},  # with an address that is not amqps
        {"password_env": "A", "password_file": "b"},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        AmqpBroker("amqp://u@host", **{"password_env": "A"} | options)


def test_a_password_is_given_once() -> None:
    with pytest.raises(OptionError, match="more than one"):
        AmqpBroker("amqp://u:p@host", password_env="A")
    with pytest.raises(OptionError, match="none"):
        AmqpBroker("amqp://u@host")


def test_nothing_that_can_be_printed_holds_the_password() -> None:
    broker = AmqpBroker("amqp://user:SECRET@host:1234/v")
    assert broker.url == "amqp://user@host:1234/v"
    assert "SECRET" not in repr(broker) + str(broker) + repr(vars(broker)) + repr(copy.copy(broker))


@pytest.mark.parametrize("wrong", [{"ca": 5}, {"certificate": b"x"}, {"key": "key.pem"}])
def test_a_tls_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Tls(**wrong)


def test_a_password_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    address = Address("amqp://shop@broker", password_file=file)
    file.chmod(0o644)
    with pytest.raises(LoginRefused, match=f"chmod 600 {file}"):
        address.password()
    file.chmod(0o600)
    assert address.password() == "secret"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(LoginRefused, match="expected text"):
        address.password()
