"""What may be chosen about a link."""

from dataclasses import dataclass

from cybernetic.core import OptionError, number, whole
from cybernetic.wire import MAX_PAYLOAD


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The numbers a link goes by. Both ends may differ in them.

    Attributes:
        window: bytes the peer may send before we have dealt with them; at least 1,024. Default 1 MiB.
        batch: bytes of messages at which a frame is closed. Default 64 KiB.
        high_bytes: queued bytes at which a link says it is `full`. Default 1 MiB.
        high_messages: queued messages at which it says so. Default 4,096. `drained` comes at half of either.
        largest: bytes of the largest message, at most what a frame of `cybernetic.wire` carries.
        interval: seconds between beats when nothing else is sent. Default 0.25.
        lag: seconds of silence after which the peer is said to lag. Default 1.
        dead_after: seconds of silence after which it is lost. Default 10.
        handshake: seconds for connecting and proving both ends. Default 5.
        linger: seconds that `close` gives to what is queued. Default 1.
        pending: connections a listener keeps that have not proved themselves. Default 64.

    Raises:
        OptionError: for a number that cannot be.
    """

    window: int = 1 << 20
    batch: int = 64 << 10
    high_bytes: int = 1 << 20
    high_messages: int = 4096
    largest: int = MAX_PAYLOAD - 64
    interval: float = 0.25
    lag: float = 1.0
    dead_after: float = 10.0
    handshake: float = 5.0
    linger: float = 1.0
    pending: int = 64

    def __post_init__(self) -> None:
        whole("window", self.window, least=1024)
        if self.window >= 1 << 32:
            raise OptionError("window", "less than 2**32", self.window)
        for name in ("batch", "high_bytes", "high_messages", "largest", "pending"):
            whole(name, getattr(self, name), least=1)
        if self.largest > MAX_PAYLOAD - 64:
            raise OptionError("largest", f"at most {MAX_PAYLOAD - 64}", self.largest)
        for name in ("interval", "lag", "handshake"):
            number(name, getattr(self, name), above=0)
        number("dead_after", self.dead_after, above=self.lag)
        number("linger", self.linger, least=0)
