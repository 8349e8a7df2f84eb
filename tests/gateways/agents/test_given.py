"""What is given to a gateway is checked at the line that gives it, and no password is told to anybody."""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import Gateway, MemoryBroker, Queue, Topology, consume
from cybernetic.runtime import LocalSystem
from cybernetic.supervision import Child, Supervisor, child
from tests.gateways.agents.plant import WORK, Book, Clerk

SECRET = "se%43ret", "seCret"
URL = f"amqp://shop:{SECRET[0]}@localhost/"
BOOKS = consume(Clerk, Book(), queue=WORK)

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a class": ({"broker": MemoryBroker}, "broker: expected a Broker, .* got: \"?'?type"),
    "nothing": ({"broker": None}, "broker: expected a Broker"),
    "a number for a file": ({"data": 7}, "data: expected the path of a file, or None, got: 7"),
    "one queue": ({"topology": WORK}, "topology: expected a Topology, or None, got: Queue"),
    "one of what is consumed": ({"consume": BOOKS}, "consume: expected a list of what `consume` makes"),
    "a consumer's class": ({"consume": [Clerk]}, "consume: expected a list of what `consume` makes"),
    "a queue twice": (
        {"consume": [BOOKS, BOOKS]},
        "consume: expected each queue once, got: \"2 times 'work'\"",
    ),
    "no file": ({"consume": [BOOKS], "data": None}, "data: expected a file for the store"),
    "a name": ({"name": 7}, "name: expected a text, got: 7"),
    "a window": ({"window": 0}, "window: expected an integer >= 1, got: 0"),
    "limits": ({"limits": 100}, "limits: expected StoreLimits, or None, got: 100"),
    "a signer": ({"signer": b"key"}, "signer: expected a Signer, or None"),
    "remember": ({"remember": 100}, r"remember: expected Remember\(...\), or None, got: 100"),
    "one statement": (
        {"schema": "CREATE TABLE t (n)"},
        "schema: expected a list of statements, .* 'CREATE TABLE",
    ),
    "no statements": ({"schema": [7]}, "schema: expected a list of statements"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_where_a_gateway_is_made(tmp_path: Path, wrong: str) -> None:
    given, why = WRONG[wrong]
    options: dict[str, Any] = {"broker": MemoryBroker(), "data": tmp_path / "a"} | given
    with pytest.raises(OptionError, match=f"^{why}"):
        Gateway(**options)


@pytest.mark.parametrize("prefetch", [0, 65_536, 100_000, 1.5])
def test_no_more_is_asked_of_a_broker_than_it_can_be_told(prefetch: Any) -> None:
    with pytest.raises(OptionError, match=r"^prefetch: expected .*, got: "):
        consume(Clerk, queue=WORK, prefetch=prefetch)
    assert consume(Clerk, queue=WORK, prefetch=65_535).prefetch == 65_535


class Shop(Supervisor):
    """Has a gateway for a child."""

    def __init__(self, broker: Any, data: Path) -> None:
        self._broker, self._data = broker, data

    def redact(self, state: dict[str, Any]) -> Any:
        return {}

    def children(self) -> list[Child[object]]:
        return [child(Gateway, self._broker, self._data, Topology(queues=(Queue("out"),)), name="gateway")]


@pytest.mark.parametrize("among", ["its own", "the children of another"])
async def test_an_address_in_place_of_a_broker_is_refused_and_its_password_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, among: str
) -> None:
    caplog.set_level(logging.DEBUG)
    kind: Any = Gateway if among == "its own" else Shop
    async with LocalSystem() as system:
        with pytest.raises(Exception, match="expected a Broker, as AmqpBroker"):
            await system.start(partial(kind, URL, tmp_path / "a"))
    said = caplog.text + "".join(f"{record.__dict__}" for record in caplog.records)
    assert "expected a Broker" in said
    assert not any(one in said for one in SECRET)
