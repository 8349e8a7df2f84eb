"""The contract of the port `Broker`, on a real RabbitMQ."""

import pytest

from cybernetic.gateways import Broker
from cybernetic.gateways.broker.amqp import driver_connect
from cybernetic.gateways.broker.amqp.broker import AmqpBroker
from cybernetic.testing.broker.consuming import Consuming
from cybernetic.testing.broker.dropping import Dropping
from cybernetic.testing.broker.publishing import Publishing
from cybernetic.testing.brokers import BrokerContract
from tests.integration.gateways.rabbit import RabbitMQ


class TestAmqpBroker(BrokerContract):
    """By the wire."""

    seconds = 60.0

    @pytest.fixture(autouse=True)
    def _shared(self, rabbit: RabbitMQ) -> None:
        self._url = rabbit.url

    def broker(self) -> Broker:
        return AmqpBroker(self._url)


class TestPlainAmqpBroker(Publishing, Consuming, Dropping):
    """By aiormq's own calls, as it would be if aiormq no longer took a reader and writer of ours."""

    seconds = 60.0

    @pytest.fixture(autouse=True)
    def _shared(self, rabbit: RabbitMQ, monkeypatch: pytest.MonkeyPatch) -> None:
        self._url = rabbit.url
        monkeypatch.setattr(driver_connect, "takes_a_transport", lambda: False)

    def broker(self) -> Broker:
        return AmqpBroker(self._url)
