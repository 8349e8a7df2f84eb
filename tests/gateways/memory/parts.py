"""What tests of the in-process broker share."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from cybernetic.gateways.broker.memory.broker import MemoryBroker
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.port import Outlet, Session
from cybernetic.gateways.broker.topology import Topology


async def open_broker(topology: Topology) -> tuple[MemoryBroker, Session]:
    """A new broker with a session on which `topology` is declared."""
    broker = MemoryBroker(clock=lambda: 1_700_000_000.0)
    session = await broker.connect()
    await session.declare(topology)
    return broker, session


class Told:
    """An outlet with what was told of it."""

    outlet: Outlet

    def __init__(self, hook: Callable[[], object]) -> None:
        self.outcomes: dict[int, Any] = {}
        self._hook = hook

    @classmethod
    async def by(cls, session: Session, hook: Callable[[], object] = lambda: None) -> "Told":
        told = cls(hook)
        told.outlet = await session.outlet(told._settled)
        return told

    def publish(self, body: bytes, key: str, **options: Any) -> int:
        return self.outlet.publish(Message(body, routing_key=key, **options))

    async def send(self, body: bytes, key: str, **options: Any) -> Any:
        number = self.publish(body, key, **options)
        await self.all()
        return self.outcomes[number]

    async def all(self) -> None:
        while self.outlet.pending:
            await asyncio.sleep(0)

    def _settled(self, numbers: Sequence[int], outcome: object) -> None:
        assert not self.outcomes.keys() & set(numbers)
        self.outcomes.update(dict.fromkeys(numbers, outcome))
        self._hook()
