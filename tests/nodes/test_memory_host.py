"""The host without processes keeps the contract, on virtual time."""

from typing import Any

from cybernetic.nodes.host.driver_memory import MemoryHost
from cybernetic.nodes.host.port import NodeOrder
from cybernetic.testing.hosts import HostContract


class TestMemoryHost(HostContract):
    def host(self) -> Any:
        return MemoryHost()

    def order(self, name: str, incarnation: int, program: str, settings: bytes = b"") -> NodeOrder:
        return NodeOrder(name, incarnation, program, settings)
