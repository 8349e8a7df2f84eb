"""What exchanges, queues and bindings there are to be, as values: declared at each connection and checked there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from cybernetic.core import OptionError, one_of, seconds, whole

ExchangeType = Literal["direct", "fanout", "topic", "headers"]
QueueKind = Literal["quorum", "classic"]
Overflow = Literal["reject-publish", "reject-publish-dlx", "drop-head"]

SHORT = 255  # bytes of an AMQP short string
NAME = re.compile(r"[a-zA-Z0-9_.:@#,/+ -]+")
SYSTEM = "amq."  # names that begin so are the broker's own
BESIDE = (
    ".dropped"  # after the name of a queue that drops: where a broker that does not tell lets it be counted
)

LOST = "None where it would drop messages: give the queue a dead_letter, or say lossy=True"

Argument = bool | int | str
NONE: Mapping[str, Argument] = {}


def short(name: str, value: object, *, empty: bool = False) -> str:
    """`value` as an AMQP short string: up to 255 bytes of text. Raises `OptionError`."""
    if not isinstance(value, str) or (not value and not empty) or not _fits(value):
        raise OptionError(name, f"{'' if empty else 'non-empty '}text of at most {SHORT} bytes", value)
    return value


def _fits(text: str) -> bool:
    try:
        return len(text.encode()) <= SHORT
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _own(name: str, value: object) -> str:
    text = short(name, value)
    if text.startswith(SYSTEM):
        raise OptionError(name, f"a name that does not begin with {SYSTEM!r}, which is the broker's", value)
    if not NAME.fullmatch(text):  # what a client may name is less than what a broker takes
        raise OptionError(name, "letters and digits of ASCII, blanks, and - _ . : @ # , / +", value)
    return text


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange.

    Attributes:
        name: not empty (the default exchange is there already).
        type: "direct", "fanout", "topic" or "headers".
        durable: outlives the broker's restart.
        alternate: name of the exchange that gets what this one cannot route; None: that is returned or dropped.
    """

    name: str
    type: ExchangeType = "topic"
    durable: bool = True
    alternate: str | None = None

    def __post_init__(self) -> None:
        _own("exchange", self.name)
        one_of("type", self.type, get_args(ExchangeType))
        if self.alternate is not None:
            short("alternate", self.alternate)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. The defaults are a durable work queue that loses nothing: a full one rejects what is published.

    Attributes:
        name: not empty.
        kind: "quorum" (replicated, always durable) or "classic".
        durable: outlives the broker's restart; a quorum queue always does.
        lossy: messages may be dropped: allows the overflow policy "drop-head". What is dropped is told by telemetry, to
            be counted: `MessageDropped`.
        max_length, max_bytes: limits; None: none.
        overflow: what happens beyond a limit: "reject-publish" (the publisher gets a nack), "reject-publish-dlx" (and
            the message is dead-lettered; classic only), "drop-head" (the oldest goes; only where `lossy`).
        ttl: seconds after which a message expires, None: never. It is dead-lettered then: needs `dead_letter` unless
            `lossy`.
        expires: seconds without use after which the queue is deleted, None: never. Not for durable work.
        dead_letter: name of the exchange that gets rejected, expired and dropped messages; "" is the default exchange.
        dead_letter_key: routing key used there, None: the message's own.
        at_least_once: dead-letter without loss (quorum only, with "reject-publish").
        max_priority: 1 to 255 priorities (classic only), None: none.
        delivery_limit: redeliveries after which a message is dead-lettered (quorum only, as for `ttl`), None: no limit.
        single_active: one consumer at a time, others wait.
        exclusive: only for the connection that declares it, and gone with it.
        auto_delete: deleted when its last consumer leaves.
    """

    name: str
    kind: QueueKind = "quorum"
    durable: bool = True
    lossy: bool = False
    max_length: int | None = None
    max_bytes: int | None = None
    overflow: Overflow = "reject-publish"
    ttl: float | None = None
    expires: float | None = None
    dead_letter: str | None = None
    dead_letter_key: str | None = None
    at_least_once: bool = False
    max_priority: int | None = None
    delivery_limit: int | None = None
    single_active: bool = False
    exclusive: bool = False
    auto_delete: bool = False

    def __post_init__(self) -> None:
        _own("queue", self.name)
        one_of("kind", self.kind, get_args(QueueKind))
        one_of("overflow", self.overflow, get_args(Overflow))
        for name in ("max_length", "max_bytes", "delivery_limit"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name))
        for name in ("ttl", "expires"):
            seconds(name, getattr(self, name), none="never")
        if self.dead_letter is not None:
            short("dead_letter", self.dead_letter, empty=True)
        if self.dead_letter_key is not None:
            short("dead_letter_key", self.dead_letter_key, empty=True)
        for wrong, name, expected in self._contradictions():
            if wrong:
                raise OptionError(f"queue {self.name!r}, {name}", expected, getattr(self, name))

    @property
    def drops(self) -> bool:
        """Whether it drops messages by itself, which are counted: full, or they are late or come too often."""
        limited = self.max_length is not None or self.max_bytes is not None
        full = limited and self.overflow == "drop-head"
        late = self.ttl is not None or self.delivery_limit is not None
        return self.lossy and self.dead_letter is None and (full or late)

    def _contradictions(self) -> tuple[tuple[bool, str, str], ...]:
        quorum, prio, dead = self.kind == "quorum", self.max_priority, self.dead_letter is not None
        safe = quorum and dead and self.overflow == "reject-publish"
        drops = self.durable and not self.lossy and not dead
        return (
            (drops and self.ttl is not None, "ttl", LOST),
            (drops and self.delivery_limit is not None, "delivery_limit", LOST),
            (
                self.overflow == "drop-head" and not self.lossy,
                "overflow",
                "what loses nothing, or lossy=True",
            ),
            (quorum and not self.durable, "durable", "True for a quorum queue, or kind='classic'"),
            (
                quorum and (self.exclusive or self.auto_delete),
                "kind",
                "'classic' where exclusive or auto_delete",
            ),
            (
                quorum and self.overflow == "reject-publish-dlx",
                "overflow",
                "another for a quorum queue",
            ),
            (quorum and prio is not None, "max_priority", "None for a quorum queue, or kind='classic'"),
            (not quorum and self.delivery_limit is not None, "delivery_limit", "None for a classic queue"),
            (
                self.at_least_once and not safe,
                "at_least_once",
                "False, or a quorum queue with dead_letter and overflow='reject-publish'",
            ),
            (self.expires == 0, "expires", "more than 0 seconds"),
            (
                self.dead_letter_key is not None and self.dead_letter is None,
                "dead_letter_key",
                "None without dead_letter",
            ),
            (
                not self.durable and not self.exclusive and not self.lossy,
                "durable",
                "True, or exclusive or lossy",
            ),
            (
                self.drops and not _fits(f"{self.name}{BESIDE}"),
                "name",
                f"at most {SHORT - len(BESIDE)} bytes where it drops",
            ),
            (prio is not None and not 1 <= prio <= 255, "max_priority", "an integer from 1 to 255"),
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """What of `exchange` goes on to `queue`: by routing key (a pattern for a topic exchange), or by `headers`.

    Attributes:
        headers: for a headers exchange: what a message's headers must hold; `match`: "all" of it or "any".
    """

    exchange: str
    queue: str
    key: str = ""
    headers: Mapping[str, Argument] = field(default_factory=dict)
    match: Literal["all", "any"] = "all"

    def __post_init__(self) -> None:
        short("exchange", self.exchange)
        short("queue", self.queue)
        short("key", self.key, empty=True)
        one_of("match", self.match, ("all", "any"))


@dataclass(frozen=True, slots=True)
class Topology:
    """All that is declared at each connection, in this order: each name once; bindings may name what exists already."""

    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()

    def __post_init__(self) -> None:
        for what, items in (("exchange", self.exchanges), ("queue", self.queues)):
            names = [item.name for item in items]
            for name in names:
                if names.count(name) > 1:
                    raise OptionError("topology", f"each {what} once", name)
        taken = {queue.name for queue in self.queues}
        for queue in self.queues:
            if queue.drops and f"{queue.name}{BESIDE}" in taken:
                expected = (
                    f"no queue {queue.name + BESIDE!r}: there is counted what queue {queue.name!r} drops"
                )
                raise OptionError("topology", expected, f"{queue.name}{BESIDE}")

    def __add__(self, other: "Topology") -> "Topology":
        """Both; what is equal in both is there once. Raises `OptionError` where a name is declared in two ways."""
        return Topology(
            tuple(dict.fromkeys(self.exchanges + other.exchanges)),
            tuple(dict.fromkeys(self.queues + other.queues)),
            tuple({repr(one): one for one in self.bindings + other.bindings}.values()),
        )
