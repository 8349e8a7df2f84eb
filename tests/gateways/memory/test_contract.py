"""The in-process broker keeps the contract of a broker."""

from cybernetic.gateways.broker.memory.broker import MemoryBroker
from cybernetic.testing.brokers import BrokerContract


class TestMemoryBroker(BrokerContract):
    def broker(self) -> MemoryBroker:
        return MemoryBroker()
