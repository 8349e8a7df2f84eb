"""The in-process broker."""

import asyncio
from collections.abc import Callable

from cybernetic.core import OptionError, wall
from cybernetic.gateways.broker.errors import BrokerError, ConnectionLost, LoginRefused, NoVhost, Unreachable
from cybernetic.gateways.broker.memory.session import MemorySession
from cybernetic.gateways.broker.memory.vhost import Vhost

Refusal = type[LoginRefused] | type[NoVhost] | type[Unreachable]


class MemoryBroker:
    """A `Broker` in this process: all sessions of one object meet. It behaves as RabbitMQ 3.10 does.

    It belongs to the loop that first connects, whose time is its time. What it holds is bounded by what its queues are
    declared to hold and by the windows and prefetches of its users; nothing else is kept.

    Faults for tests: `stop`, `start`, `wipe`, `cut`, `block`, `unblock`, `refuse`.

    Args:
        name: shown in its address, `memory://NAME`.
        clock: seconds since 1970, for the time of death in dead letters. Default: the real clock.
    """

    def __init__(self, name: str = "memory", *, clock: Callable[[], float] = wall) -> None:
        if not isinstance(name, str) or not name:
            raise OptionError("name", "non-empty text", name)
        self.url = f"memory://{name}"
        self._vhost = Vhost(name, clock, self._alarm)
        self._name, self._clock = name, clock
        self._sessions: dict[MemorySession, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._blocked: str | None = None
        self._refusal: Callable[[], BrokerError] | None = None
        self._stopped = False

    async def connect(self, name: str = "cybernetic") -> MemorySession:
        """See `Broker`."""
        await asyncio.sleep(0)
        if self._stopped:
            raise Unreachable(self.url, "it was stopped")
        if self._refusal is not None:
            raise self._refusal()
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        session = MemorySession(self._loop, self._vhost, self._sessions.pop, self._blocked)
        self._sessions[session] = None
        return session

    def stop(self) -> None:
        """Stop: all connections are lost, what is not durable is gone; nobody can connect. Twice is once."""
        self._stopped = True
        self.cut("the broker was stopped")
        self._vhost.restart(self._now())

    def start(self) -> None:
        """Start again with what is durable."""
        self._stopped = False

    def wipe(self) -> None:
        """Come back with an empty disk: all connections are lost, and everything that was there."""
        self.cut("the broker was stopped")
        self._vhost = Vhost(self._name, self._clock, self._alarm)
        self._stopped = False

    def cut(self, why: str = "the connection was cut") -> None:
        """All connections are lost, because of `why`."""
        sessions = tuple(self._sessions)
        for session in sessions:
            session.withdraw()
        for session in sessions:
            session.end(ConnectionLost(why))

    def block(self, why: str = "low on memory") -> None:
        """Take no more messages, as under an alarm; consumers go on. Holds for later connections too."""
        self._set_blocked(why)

    def unblock(self) -> None:
        """Take messages again, those first that waited."""
        self._set_blocked(None)

    def refuse(self, error: Refusal | None, why: str = "as the test wants it") -> None:
        """Let every `connect` raise `error`, one of `LoginRefused`, `NoVhost`, `Unreachable`; None: no longer."""
        self._refusal = None if error is None else lambda: error(self.url, why)

    def _set_blocked(self, why: str | None) -> None:
        self._blocked = why
        for session in tuple(self._sessions):
            session.block(why)

    def _now(self) -> float:
        return self._loop.time() if self._loop else 0.0

    def _alarm(self, when: float) -> None:
        if self._loop is None or self._loop.is_closed():
            return
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._vhost.tick(self._now())
