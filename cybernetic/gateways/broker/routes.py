"""Which messages go somewhere by what is declared: what comes back all the same tells that something was deleted."""

from cybernetic.gateways.broker.memory.exchanges import STANDARD, MemoryExchange
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import SYSTEM, Exchange, Topology
from cybernetic.gateways.letter import Letter


class Routes:
    """The ways of a topology to queues that are always to be there. Pure.

    A queue that its broker deletes by itself (`auto_delete`, `expires`) may be missing, and is none of them.
    """

    def __init__(self, topology: Topology) -> None:
        self._own = frozenset(one.name for one in topology.exchanges)
        self._queues = {one.name for one in topology.queues if not one.auto_delete and one.expires is None}
        known = {f"{SYSTEM}{one.type}": one for one in STANDARD} | {
            one.name: one for one in topology.exchanges
        }
        self._exchanges: dict[str, MemoryExchange] = {}
        for binding in topology.bindings:
            if binding.queue in self._queues:
                spec = known.get(binding.exchange) or Exchange("unknown", "fanout")  # it may take anything
                self._exchanges.setdefault(binding.exchange, MemoryExchange(spec)).bind(binding)

    def has(self, exchange: str) -> bool:
        """Whether an exchange is declared."""
        return exchange in self._own

    def takes(self, message: Message | Letter) -> bool:
        """Whether a queue takes `message`. Of a letter, whose headers come with its signature, they are not asked."""
        if not message.exchange:
            return message.routing_key in self._queues
        exchange = self._exchanges.get(message.exchange)
        if isinstance(message, Letter):
            message = Message(b"", message.exchange, message.routing_key)
        return exchange is not None and bool(exchange.route(message))
