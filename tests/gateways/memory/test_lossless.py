"""Only a queue that is declared lossy drops anything, whatever a broker does by default."""

from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.gateways import Queue, Retries
from cybernetic.gateways.broker.amqp.declared import queue_arguments
from cybernetic.gateways.consumer.retrying import around

DROPS: list[dict[str, Any]] = [
    {"ttl": 5.0},
    {"ttl": 0.0},
    {"delivery_limit": 3},
    {"kind": "classic", "ttl": 5.0},
]


@pytest.mark.parametrize("options", DROPS)
def test_a_durable_queue_may_not_drop_what_expires_or_fails_too_often(options: dict[str, Any]) -> None:
    name = "ttl" if "ttl" in options else "delivery_limit"
    with pytest.raises(OptionError, match=f"queue 'work', {name}: .*dead_letter, or say lossy=True"):
        Queue("work", **options)


@pytest.mark.parametrize("options", DROPS)
@pytest.mark.parametrize("more", [{"dead_letter": ""}, {"lossy": True}])
def test_it_may_where_it_goes_on_or_the_queue_is_lossy(options: dict[str, Any], more: dict[str, Any]) -> None:
    Queue("work", **options, **more)


def test_what_is_gone_with_its_connection_may_drop() -> None:
    Queue("work", kind="classic", durable=False, exclusive=True, ttl=5.0)


def test_no_limit_of_deliveries_is_said_to_the_broker_that_would_have_one() -> None:
    work = Queue("work")
    for queue in (work, *around(work, Retries()).queues):
        assert queue_arguments(queue)["x-delivery-limit"] == 2**31 - 1
    assert queue_arguments(Queue("work", delivery_limit=3, lossy=True))["x-delivery-limit"] == 3
    assert "x-delivery-limit" not in queue_arguments(Queue("work", kind="classic"))
