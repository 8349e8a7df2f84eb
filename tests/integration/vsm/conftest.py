"""The broker of this folder's tests."""

from collections.abc import Iterator

import pytest

from tests.integration.gateways.rabbit import MISSING, RabbitMQ, installed


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitMQ]:
    """A running broker, shared."""
    if not installed():
        pytest.fail(MISSING, pytrace=False)
    broker = RabbitMQ()
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
