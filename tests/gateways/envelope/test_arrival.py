"""A message that waited in one of our delay queues is held to the place where it entered that."""

from dataclasses import replace
from typing import Any

import pytest

from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.envelope import Rules, pack
from tests.gateways.envelope.made import KEY, envelope, fault

DELAYS = {"tickets.wait.1s": "", "tickets.wait.2s": "shop.wait"}
RULES = Rules(ttl=60.0, delays=DELAYS)


def dead(queue: str, exchange: str, *keys: str, **more: Any) -> dict[str, Any]:
    """The headers that a broker adds when a message has waited its time in a queue."""
    death = {"queue": queue, "exchange": exchange, "reason": "expired", "count": 1, "routing-keys": [*keys]}
    first = {"queue": queue, "exchange": exchange, "reason": "expired"}
    return {"x-death": [death], **{f"x-first-death-{name}": value for name, value in first.items()}, **more}


def back(signed_exchange: str, signed_key: str, headers: dict[str, Any]) -> Message:
    """A message signed for one place, delivered from the work queue after its wait."""
    sent = pack(envelope(), signed_exchange, signed_key, KEY)
    return replace(sent, exchange="", routing_key="tickets", headers={**sent.headers, **headers})


def test_it_is_accepted_as_signed_for_where_it_waited() -> None:
    assert (
        fault(back("", "tickets.wait.1s", dead("tickets.wait.1s", "", "tickets.wait.1s")), RULES)
        == "accepted"
    )
    assert fault(back("shop.wait", "b", dead("tickets.wait.2s", "shop.wait", "a", "b")), RULES) == "accepted"


def test_it_is_not_accepted_as_signed_for_where_it_came_out() -> None:
    assert fault(back("", "tickets", dead("tickets.wait.1s", "", "tickets.wait.1s")), RULES) == "moved"


@pytest.mark.parametrize(
    ("queue", "exchange", "keys"),
    [
        ("tickets.wait.1s", "", ["tickets.wait.2s"]),
        ("tickets.wait.1s", "", []),
        ("tickets.wait.2s", "", ["tickets.wait.1s"]),
        ("others.wait.1s", "", ["tickets.wait.1s"]),
        ("tickets.wait.1s", "shop.tickets", ["tickets.wait.1s"]),
    ],
)
def test_what_waited_elsewhere_has_moved(queue: str, exchange: str, keys: list[str]) -> None:
    assert fault(back("", "tickets.wait.1s", dead(queue, exchange, *keys)), RULES) == "moved"


def test_headers_that_anyone_can_write_do_not_move_what_was_signed_for_another_place() -> None:
    claims = dead("tickets.wait.1s", "shop.tickets", "new")
    assert fault(back("shop.tickets", "new", claims), RULES) == "moved"


@pytest.mark.parametrize(
    "deaths",
    [None, 5, "tickets", [], [5], [{}], [{"queue": "tickets.wait.1s"}], [{"queue": [], "routing-keys": ["a"]}],
     [{"queue": "tickets.wait.1s", "routing-keys": "tickets.wait.1s"}],
     [{"queue": "tickets.wait.1s", "routing-keys": [5, None, []]}], {"queue": "tickets.wait.1s"}],
)  # fmt: skip
def test_deaths_of_another_shape_are_no_place(deaths: Any) -> None:
    headers = {**dead("tickets.wait.1s", "", "tickets.wait.1s"), "x-death": deaths}
    assert fault(back("", "tickets.wait.1s", headers), RULES) == "moved"


def test_only_the_death_in_the_delay_queue_counts() -> None:
    headers = dead("tickets.wait.1s", "", "tickets.wait.2s")
    other = {"queue": "parked", "reason": "rejected", "routing-keys": ["tickets.wait.1s"]}
    headers["x-death"].insert(0, other)
    assert fault(back("", "tickets.wait.1s", headers), RULES) == "moved"
    assert fault(back("", "tickets.wait.2s", headers), RULES) == "accepted"


def test_deaths_in_queues_that_are_no_delays_of_ours_count_for_nothing() -> None:
    sent = pack(envelope(), "shop.tickets", "new", KEY)
    died = replace(sent, headers={**sent.headers, **dead("parked", "elsewhere", "x")})
    assert fault(died, RULES) == "accepted"
