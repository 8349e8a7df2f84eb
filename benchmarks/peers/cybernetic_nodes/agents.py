"""The agents. Every node imports this module by name, so they do not stand in the main file."""

from typing import Any

from benchmarks.harness import BODY, BURST, now
from cybernetic import Agent, Down, Ref, Supervisor, child

NODE, RECEIVER = "worker-1", "receiver"
COUNTED = 60.0  # seconds a receiver may need for what is under way


class Receiver(Agent):
    """Counts what it is told, asks for more after each burst, answers questions."""

    def __init__(self) -> None:
        self.seen = 0

    def tell(self, _: bytes) -> None:
        self.seen += 1

    def tell_more(self, _: bytes, sender: "Ref[Sender]") -> None:
        self.seen += 1
        sender.cast(Sender.more)

    def count(self) -> int:
        """How many messages have come since it was last asked."""
        seen, self.seen = self.seen, 0
        return seen

    def ping(self, _: bytes) -> str:
        return "pong"


class App(Supervisor):
    """A receiver on the other node, made anew as often as that node is lost."""

    max_restarts = 1_000_000

    def children(self) -> Any:
        return [child(Receiver, id=RECEIVER, name=RECEIVER, node=NODE)]


class Sender(Agent):
    """Casts `n` messages to a receiver, then asks it how many came; `go` answers with the seconds that took."""

    def __init__(self, target: Ref[Receiver]) -> None:
        self.target = target

    def go(self, n: int, bounded: bool) -> Any:
        self.left, self.n, self.done = n, n, self.defer()
        self.began = now()
        self.ref.cast(Sender.more if bounded else Sender.on_and_on)
        return self.done

    async def more(self) -> None:
        """Cast a burst, whose last message asks for more."""
        target, me = self.target, self.ref
        n = self.take()
        if not n:
            return await self.finish()
        for _ in range(n - 1):
            target.cast(Receiver.tell, BODY)
        target.cast(Receiver.tell_more, BODY, me)
        return None

    async def on_and_on(self) -> None:
        """Cast turn after turn; a turn waits where the link has enough."""
        target = self.target
        for _ in range(self.take()):
            target.cast(Receiver.tell, BODY)
        if self.left:
            self.ref.cast(Sender.on_and_on)
        else:
            await self.finish()

    def take(self) -> int:
        n = min(self.left, BURST)
        self.left -= n
        return n

    async def finish(self) -> None:
        seen = await self.target.within(COUNTED).call(Receiver.count)
        if seen != self.n:
            raise AssertionError(f"expected {self.n} messages to arrive, got {seen}")
        self.done.reply(now() - self.began)


class Caller(Agent):
    """Asks a receiver `n` times, one question after the other."""

    async def go(self, target: Ref[Receiver], n: int) -> list[float]:
        each = []
        for _ in range(n):
            asked = now()
            await target.call(Receiver.ping, BODY)
            each.append(now() - asked)
        return each


class Watcher(Agent):
    """Notes when it is told that what it watches has ended."""

    def __init__(self, target: Ref[Receiver], told: Any) -> None:
        self.told = told
        self.monitor(target)

    def receive(self, message: Any) -> None:
        if isinstance(message, Down):
            self.told.set_result(now())
