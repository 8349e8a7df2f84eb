"""`Consumer`, the class to subclass: one of it lives for each delivery, as an agent of its own."""

from typing import Any

from cybernetic.core import Refusal
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.verdicts import Ack, Hold, Park, Retry, Verdict
from cybernetic.runtime import Agent
from cybernetic.state import NoRoom

VERDICTS = (Ack, Retry, Park, Hold)


class Consumer(Agent):
    """What is done with a delivery. Subclass it, write `handle`, and give the class to a `Gateway` with `consume`.

    A worker lives for one delivery: it is made with the arguments given to `consume`, handles, and ends. What it
    recorded in `tx` is committed together with the note that this message had its effect, and only then is the
    delivery acknowledged. An exception is a retry; a worker that takes too long is killed, and that is a retry too.
    """

    _final = frozenset({"work"})
    _hooks = frozenset({"handle", "answered"})

    async def handle(self, delivery: Received, tx: Effect) -> Verdict | None:
        """Override: do the work. None is `Ack()`.

        A `Refusal` raised here parks the message: it can never succeed; but a `NoRoom` gives it back for a while.
        """
        raise NotImplementedError(f"{type(self).__name__}.handle: expected to be overridden")

    async def answered(self, delivery: Received, answer: Any, tx: Effect) -> Verdict | None:
        """Override if `handle` may say `Hold`: go on with a person's `answer`; None when the time was over."""
        raise NotImplementedError(
            f"{type(self).__name__}.answered: expected to be overridden where `handle` holds"
        )

    async def work(self, delivery: Received, tx: Effect, answer: tuple[Any] | None) -> Verdict:
        """Handle one delivery; the answer is the verdict. Its gateway calls it."""
        try:
            said: Any = (
                self.handle(delivery, tx) if answer is None else self.answered(delivery, answer[0], tx)
            )
            if hasattr(said, "__await__"):
                said = await said
        except NoRoom:  # that of the store: it goes on when there is some
            raise
        except Refusal as refusal:
            return Park(f"{type(refusal).__name__}: {refusal}")
        if said is None:
            return Ack()
        if isinstance(said, Hold) and type(self).answered is Consumer.answered:
            raise TypeError(
                f"{type(self).__name__}: expected `answered` to be overridden where `handle` holds"
            )
        if not isinstance(said, VERDICTS):
            raise TypeError(
                f"{type(self).__name__}.handle: expected Ack, Retry, Park, Hold or None, got: {said!r:.100}"
            )
        return said
