"""An exchange and its bindings: which queues a message goes to."""

from collections.abc import Mapping

from cybernetic.gateways.broker.memory.patterns import Patterns
from cybernetic.gateways.broker.messages import Message
from cybernetic.gateways.broker.topology import Binding, Exchange

STANDARD = (  # what is there without being declared
    Exchange("direct", "direct"),
    Exchange("fanout", "fanout"),
    Exchange("topic", "topic"),
    Exchange("headers", "headers"),
    Exchange("match", "headers"),
)


class MemoryExchange:
    """An exchange as declared, with its bindings. Pure.

    Attributes:
        spec: what was declared.
        bindings: by what makes them equal; binding twice is binding once.
    """

    __slots__ = ("_keys", "_patterns", "bindings", "spec")

    def __init__(self, spec: Exchange) -> None:
        self.spec = spec
        self.bindings: dict[object, Binding] = {}
        self._patterns = Patterns()
        self._keys: dict[str, dict[str, None]] = {}

    def bind(self, binding: Binding) -> None:
        """Add a binding."""
        self.bindings[_identity(binding)] = binding
        if self.spec.type == "topic":
            self._patterns.add(binding.key, binding.queue)
        self._keys.setdefault(binding.key, {})[binding.queue] = None

    def forget(self, gone: frozenset[str]) -> None:
        """Drop the bindings of queues that are gone."""
        kept = [binding for binding in self.bindings.values() if binding.queue not in gone]
        if len(kept) < len(self.bindings):
            self.bindings, self._patterns, self._keys = {}, Patterns(), {}
            for binding in kept:
                self.bind(binding)

    def route(self, message: Message) -> dict[str, None]:
        """The names of the queues it goes to, each once; not to be changed."""
        kind = self.spec.type
        if kind == "topic":
            return dict.fromkeys(self._patterns.match(message.routing_key))
        if kind == "direct":
            return self._keys.get(message.routing_key, {})
        bindings = self.bindings.values()
        if kind == "headers":
            return {one.queue: None for one in bindings if fits(one, message.headers)}
        return {one.queue: None for one in bindings}


def fits(binding: Binding, headers: Mapping[str, object]) -> bool:
    """Whether `headers` hold what the binding asks for: all or any of it.

    As RabbitMQ does: what begins with "x-" is not asked for; None asks that the header be there; of nothing, all is
    there and nothing is any.
    """
    wanted = [(name, value) for name, value in binding.headers.items() if not name.startswith("x-")]
    if binding.match == "all":
        return all(name in headers and _equal(value, headers[name]) for name, value in wanted)
    return any(name in headers and _equal(value, headers[name]) for name, value in wanted)


def _equal(wanted: object, found: object) -> bool:
    """Numbers are equal by value; a bool is not a number."""
    if wanted is None:
        return True
    return wanted == found and isinstance(wanted, bool) == isinstance(found, bool)


def _identity(binding: Binding) -> object:
    return (binding.queue, binding.key, binding.match, tuple(sorted(binding.headers.items(), key=str)))
