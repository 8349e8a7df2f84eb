"""What is to be consumed and how, as a value: made by `consume`, given to a `Gateway`."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cybernetic.core import OptionError, flag, number, whole
from cybernetic.gateways.broker.topology import Queue
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.guard import Guard
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.retrying import Retries
from cybernetic.gateways.consumer.terms import Terms, terms_of

MOST = 65_535  # deliveries that a channel may be given at a time
LONGEST = 1500.0  # seconds of a handler: brokers take back what is held for 1,800 s


@dataclass(frozen=True, slots=True)
class Causal:
    """Hand deliveries over after those that caused them.

    What waits is not acknowledged, and takes a place of the prefetch: one place must be left for what it waits for.

    Args:
        held: how many may wait for their causes, less than the prefetch; one more, and the oldest goes on, flagged with
            what is missing. Default None: all of the prefetch but one.
        wait: for how many seconds each may wait.
    """

    held: int | None = None
    wait: float = 30.0

    def __post_init__(self) -> None:
        if self.held is not None:
            whole("held", self.held)
        number("wait", self.wait, least=0)

    def most(self, prefetch: int) -> int:
        """How many may wait of `prefetch`. Raises `OptionError`: all of it would."""
        if self.held is None:
            return prefetch - 1
        if self.held >= prefetch:
            raise OptionError("causal, held", f"less than the prefetch, {prefetch}", self.held)
        return self.held


@dataclass(frozen=True, slots=True)
class Consume:
    """What `consume` made; see there."""

    cls: Callable[..., Consumer]
    args: tuple[Any, ...]
    queue: Queue
    prefetch: int = 50
    retries: Retries = field(default_factory=Retries)
    timeout: float = 60.0
    guard: Guard | None = None
    order: Callable[[Received], Hashable] | None = None
    causal: Causal | None = None
    crashes: int = 5
    once: bool = True
    terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        agent = self.cls.func if isinstance(self.cls, partial) else self.cls
        if not (isinstance(agent, type) and issubclass(agent, Consumer)):
            raise OptionError("consume", "a subclass of Consumer", self.cls)
        if not isinstance(self.queue, Queue):
            raise OptionError("queue", "a Queue", self.queue)
        if whole("prefetch", self.prefetch, least=1) > MOST:
            raise OptionError(
                "prefetch", f"at most {MOST}, which is what a broker can be told", self.prefetch
            )
        whole("crashes", self.crashes, least=2)
        if number("timeout", self.timeout, above=0) > LONGEST:
            raise OptionError(
                "timeout", f"at most {LONGEST:g} s: use Hold for what takes longer", self.timeout
            )
        if self.causal is not None and self.guard is None:
            raise OptionError(
                "causal", "None without a guard: only signed messages name their causes", self.causal
            )
        if self.causal is not None:
            self.causal.most(self.prefetch)
        if self.order is not None and not self.queue.single_active:
            raise OptionError(
                f"queue {self.queue.name!r}",
                "single_active=True where `order` is given",
                self.queue.single_active,
            )
        terms = terms_of(self.queue, self.retries, self.guard, flag("once", self.once))
        object.__setattr__(self, "terms", terms)


def consume(
    cls: Callable[..., Consumer],
    /,
    *args: Any,
    queue: Queue,
    prefetch: int = 50,
    retries: Retries | None = None,
    timeout: float = 60.0,
    guard: Guard | None = None,
    order: Callable[[Received], Hashable] | None = None,
    causal: Causal | None = None,
    crashes: int = 5,
    once: bool = True,
) -> Consume:
    """Have each message of `queue` handled by a `cls(*args)` of its own.

    Args:
        cls: a subclass of `Consumer` (keyword arguments through `functools.partial`).
        *args: what it is made with.
        queue: which queue; it is declared, with its delay and parking queues.
        prefetch: how many deliveries are handled at a time, from 1 to 65,535. Default 50.
        retries: how often, and after what delays, a message is tried again. Default `Retries()`.
        timeout: seconds a handler may take, at most 1,500; then it is killed, which is a retry. Default 60.
        guard: which signed messages are taken. Where its rules do not say how old work may be, that is the queue's
            TTL (and 90 s, by which clocks may differ), or three days. Default None: messages are not signed, all are
            taken.
        order: gives the key of a message: those of one key are handled one at a time, in order, and one that is tried
            again holds its key meanwhile (it waits here, not in a delay queue). Needs a queue with `single_active`.
        causal: hand messages over after those that caused them; fewer may wait for that than `prefetch`. Default
            None: as they come.
        crashes: how many processes a message may take along before it is parked, at least 2: after one, nobody can tell
            it from those that were handled beside it. Default 5.
        once: remember what had its effect, so that a message that comes again has none. Default True; False where an
            effect that comes twice does no harm: then nothing is remembered, however many messages come.

    Raises:
        OptionError: a value is outside of these limits.
    """
    return Consume(
        cls, args, queue, prefetch, retries or Retries(), timeout, guard, order, causal, crashes, once
    )
