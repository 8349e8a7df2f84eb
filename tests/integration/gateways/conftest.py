"""The broker that the tests of this folder share: its start begins when they are collected."""

from collections.abc import Iterator

import pytest

from tests.integration.gateways.rabbit import RabbitMQ


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitMQ]:
    """A running broker. A test that stops it starts it again."""
    broker = RabbitMQ()
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
